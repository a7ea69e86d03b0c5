#include "eider/base/byte_gate.h"

#include <unistd.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace eider {

/// Of one process: in a forked child nobody is in, and the parent's mutex may be held for ever.
struct ByteGate::State {
  const pid_t owner = getpid();
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t bytes = 0;
  size_t passes = 0;
};

ByteGate::~ByteGate() {
  State* state = state_.load();
  if (state && state->owner == getpid()) delete state;
}

ByteGate::State& ByteGate::CurrentState() {
  State* state = state_.load(std::memory_order_acquire);
  if (state && state->owner == getpid()) return *state;
  auto fresh = std::make_unique<State>();
  // A state of the parent process is leaked on purpose.
  if (state_.compare_exchange_strong(state, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
  return *state;
}

ByteGate::Pass ByteGate::Enter(uint64_t bytes) {
  State& state = CurrentState();
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&] { return state.passes == 0 || (bytes <= most_ && state.bytes <= most_ - bytes); });
  state.bytes += bytes;
  ++state.passes;
  return Pass(*this, bytes);
}

void ByteGate::Leave(uint64_t bytes) {
  State& state = CurrentState();
  {
    std::lock_guard lock(state.mutex);
    if (state.passes == 0) return;  // let in before a fork
    state.bytes -= bytes;
    --state.passes;
  }
  state.changed.notify_all();
}

}  // namespace eider
