#pragma once
/// \file
/// Holds what threads have at once within a bound: each says how much it is about to hold, and waits for its turn.

#include <atomic>
#include <cstdint>
#include <utility>

namespace eider {

class ByteGate {
 public:
  /// Gives back, when it goes, what was let in.
  class Pass {
   public:
    Pass() = default;
    Pass(ByteGate& gate, uint64_t bytes) : gate_(&gate), bytes_(bytes) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), bytes_(other.bytes_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() { if (gate_) gate_->Leave(bytes_); }

   private:
    ByteGate* gate_ = nullptr;
    uint64_t bytes_ = 0;
  };

  explicit ByteGate(uint64_t most) : most_(most) {}
  ~ByteGate();
  ByteGate(const ByteGate&) = delete;
  ByteGate& operator=(const ByteGate&) = delete;
  /// Waits until `bytes` fit, or nobody else is in. Who holds a pass must not ask for another, nor wait for others who do.
  Pass Enter(uint64_t bytes);

 private:
  struct State;
  State& CurrentState();
  void Leave(uint64_t bytes);

  const uint64_t most_;
  std::atomic<State*> state_{nullptr};
};

}  // namespace eider
