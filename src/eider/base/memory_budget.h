#pragma once
/// \file
/// The memory budget of a session: an exact count of what caches, write buffers and builds hold.

#include <atomic>
#include <cstdint>
#include <optional>

namespace eider {

class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_(limit_bytes) {}
  uint64_t limit_bytes() const { return limit_; }
  uint64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  /// Takes `bytes`, or returns false and takes nothing.
  bool TryCharge(uint64_t bytes);
  /// \throws Error(kOutOfBudget) naming `what`, the amount asked for, used and limit.
  void Charge(uint64_t bytes, const char* what);
  void Release(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

/// A charge that is given back when it goes out of scope.
class BudgetCharge {
 public:
  BudgetCharge() = default;
  BudgetCharge(MemoryBudget& budget, uint64_t bytes, const char* what) : budget_(&budget), bytes_(bytes) {
    budget.Charge(bytes, what);
  }
  /// Charges `bytes` if the budget has so much left.
  static std::optional<BudgetCharge> Try(MemoryBudget& budget, uint64_t bytes);
  BudgetCharge(BudgetCharge&& o) noexcept : budget_(o.budget_), bytes_(o.bytes_) { o.budget_ = nullptr; }
  BudgetCharge& operator=(BudgetCharge&& o) noexcept;
  ~BudgetCharge() { if (budget_) budget_->Release(bytes_); }
  void Resize(uint64_t bytes, const char* what);
  uint64_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

/// The default limit: EIDER_MEMORY_LIMIT (bytes, or with suffix K/M/G), else half of the smaller of the cgroup limit (v1 or
/// v2) and the RAM. \throws Error(kInvalid) when the variable does not parse.
uint64_t DefaultMemoryLimit();

}  // namespace eider
