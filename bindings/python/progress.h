#pragma once
/// \file
/// Tells a Python object of the data files of a write.

#include <eider/write_options.h>
#include <nanobind/nanobind.h>

#include <memory>
#include <string>

namespace eider::python {

/// Calls `begin()` and `complete(message)` of an object that the caller keeps; what they raise ends the write and reaches the caller.
class PythonProgress final : public WriteProgress {
 public:
  /// Null for None.
  static std::shared_ptr<WriteProgress> From(nanobind::handle target) {
    return target.is_none() ? nullptr : std::make_shared<PythonProgress>(target);
  }
  explicit PythonProgress(nanobind::handle target) : target_(target) {}

  void Begin() override {
    nanobind::gil_scoped_acquire gil;
    target_.attr("begin")();
  }
  void Complete(const std::string& fragment) override {
    nanobind::gil_scoped_acquire gil;
    target_.attr("complete")(nanobind::bytes(fragment.data(), fragment.size()));
  }

 private:
  const nanobind::handle target_;
};

}  // namespace eider::python
