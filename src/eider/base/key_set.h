#pragma once
/// \file
/// Distinct byte strings, numbered in the order in which they come: open addressing over one arena.

#include <optional>
#include <vector>

#include "eider/base/memory.h"
#include "eider/base/memory_budget.h"

namespace eider {

class KeySet {
 public:
  KeySet() = default;
  /// What it takes is charged to `budget`, as `what`.
  KeySet(MemoryBudget& budget, const char* what) : charge_(BudgetCharge(budget, 0, what)), what_(what) {}
  /// The number of `key`, whose hash is given; size() before the call when it is new. \throws Error(kOutOfBudget)
  uint32_t Number(ByteSpan key, uint64_t hash);
  /// The number of a key that is there.
  std::optional<uint32_t> Find(ByteSpan key, uint64_t hash) const;
  size_t size() const { return hashes_.size(); }
  ByteSpan At(uint32_t number) const {
    const uint64_t begin = number ? ends_[number - 1] : 0;
    return bytes_.span().subspan(begin, ends_[number] - begin);
  }
  uint64_t HashAt(uint32_t number) const { return hashes_[number]; }
  uint64_t key_bytes() const { return bytes_.size(); }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  /// The slot of the key, or the free one where it belongs. \pre the table has one
  uint64_t SlotOf(ByteSpan key, uint64_t hash) const;
  void GrowTable();
  void ReserveBytes(uint64_t more);
  void Charge(uint64_t table_slots, uint64_t byte_capacity);

  std::vector<uint32_t> table_;
  std::vector<uint64_t> hashes_, ends_;
  BufferBuilder bytes_;
  std::optional<BudgetCharge> charge_;
  const char* what_ = "";
};

}  // namespace eider
