#include "session.h"

#include "bind.h"

#include <nanobind/stl/string.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {

std::shared_ptr<Session> SessionFrom(nb::handle object) {
  return object.is_none() ? nullptr : nb::cast<const SessionHandle&>(object).session;
}

std::shared_ptr<ScanStats> StatsFrom(nb::handle object) {
  if (object.is_none()) return nullptr;
  const StatsHandle* handle = nullptr;
  if (!nb::try_cast(object, handle)) throw nb::type_error("stats must be a ScanStats");
  return handle->stats;
}

namespace {

void InitSession(SessionHandle* self, uint64_t memory_limit, int cpu_threads, int io_threads, bool verify) {
  const SessionOptions options{.memory_limit = memory_limit, .cpu_threads = cpu_threads, .io_threads = io_threads, .verify_checksums = verify};
  new (self) SessionHandle{std::make_shared<Session>(options)};
}

struct Counter {
  const char* name;
  std::atomic<uint64_t> ScanStats::* value;
};
constexpr Counter kCounters[] = {
    {"requests", &ScanStats::requests},           {"bytes", &ScanStats::bytes},
    {"rounds", &ScanStats::rounds},               {"bytes_copied", &ScanStats::bytes_copied},
    {"rows_filtered", &ScanStats::rows_filtered}, {"rows_read", &ScanStats::rows_read},
    {"filter_read_ns", &ScanStats::filter_read_ns}, {"filter_ns", &ScanStats::filter_ns},
    {"sort_ns", &ScanStats::sort_ns},             {"read_ns", &ScanStats::read_ns},
};

void BindStats(nb::module_& m) {
  nb::class_<StatsHandle> stats(m, "ScanStats");
  stats.def(nb::init<>());
  for (const Counter& counter : kCounters) {
    stats.def_prop_ro(counter.name, [value = counter.value](const StatsHandle& self) { return ((*self.stats).*value).load(); });
  }
  stats.def("__repr__", [](const StatsHandle& self) {
    std::string text = "ScanStats(";
    for (const Counter& counter : kCounters) {
      text += (&counter == kCounters ? "" : ", ") + std::string(counter.name) + "=" + std::to_string(((*self.stats).*counter.value).load());
    }
    return text + ")";
  });
}

}  // namespace

void BindSession(nb::module_& m) {
  nb::class_<SessionHandle>(m, "Session")
      .def("__init__", &InitSession, "memory_limit"_a = 0, "cpu_threads"_a = -1, "io_threads"_a = -1, "verify"_a = true)
      .def_static("default", [] { return SessionHandle{Session::Default()}; })
      .def_prop_ro("memory_limit", [](const SessionHandle& self) { return self.session->memory_limit(); })
      .def_prop_ro("memory_used", [](const SessionHandle& self) { return self.session->memory_used(); })
      .def(
          "is_same_as",
          [](const SessionHandle& self, const SessionHandle& other) { return self.session == other.session; },
          "other"_a);
  BindStats(m);
}

}  // namespace eider::python
