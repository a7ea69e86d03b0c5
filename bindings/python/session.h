#pragma once
/// \file
/// Sessions and read costs as Python holds them: the engine may keep them longer than Python does.

#include <eider/session.h>
#include <eider/stats.h>
#include <nanobind/nanobind.h>

#include <memory>

namespace eider::python {

struct SessionHandle {
  std::shared_ptr<Session> session;
};
struct StatsHandle {
  std::shared_ptr<ScanStats> stats = std::make_shared<ScanStats>();
};

/// None -> nullptr, which the engine reads as the default session.
std::shared_ptr<Session> SessionFrom(nanobind::handle object);
/// None -> nullptr.
std::shared_ptr<ScanStats> StatsFrom(nanobind::handle object);

}  // namespace eider::python
