#include <eider/interrupt.h>

#include <utility>

#include "eider/base/error.h"
#include "eider/base/stop_scope.h"

namespace eider {
namespace {

thread_local InterruptHook interrupt_hook = nullptr;
thread_local const StopScope* innermost = nullptr;

}  // namespace

StopScope::StopScope(const std::atomic<bool>& stop) : stop_(stop), outer_(std::exchange(innermost, this)) {}
StopScope::~StopScope() { innermost = outer_; }

void StopScope::Check() {
  for (const StopScope* scope = innermost; scope != nullptr; scope = scope->outer_) {
    if (scope->stop_.load(std::memory_order_relaxed)) throw Error(ErrorKind::kCancelled, "given up: nobody waits for this work any more");
  }
}

void CheckInterrupt() {
  if (interrupt_hook) interrupt_hook();
  StopScope::Check();
}

InterruptHook SetInterruptHook(InterruptHook hook) { return std::exchange(interrupt_hook, hook); }

}  // namespace eider
