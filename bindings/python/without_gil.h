#pragma once
/// \file
/// Every call into the engine that does work goes through WithoutGil: other Python threads run meanwhile, and Ctrl-C is
/// noticed.

#include <eider/interrupt.h>
#include <nanobind/nanobind.h>

#include <chrono>
#include <utility>

namespace eider::python {

/// Runs Python's signal handlers at most every 20 ms; a handler that raises (Ctrl-C) ends the call with its exception.
inline void CheckPythonSignals() {
  using Clock = std::chrono::steady_clock;
  thread_local Clock::time_point next{};
  const Clock::time_point now = Clock::now();
  if (now < next) return;
  next = now + std::chrono::milliseconds(20);
  nanobind::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
}

class InterruptScope {
 public:
  explicit InterruptScope(InterruptHook hook = &CheckPythonSignals) : former_(SetInterruptHook(hook)) {}
  ~InterruptScope() { SetInterruptHook(former_); }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  InterruptHook former_;
};

template <typename Body>
auto WithoutGil(Body&& body) -> decltype(body()) {
  nanobind::gil_scoped_release release;
  InterruptScope interruptible;
  return std::forward<Body>(body)();
}

}  // namespace eider::python
