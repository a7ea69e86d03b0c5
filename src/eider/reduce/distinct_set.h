#pragma once
/// \file
/// Which rows of batches differ from all before them, while what is to be remembered of them fits a share of the budget. Keys are
/// divided by their hashes into parts, each with a table of its own, so that threads work beside each other; the parts are also what
/// goes to temporary files once the share is full.

#include <eider/session.h>

#include <array>
#include <atomic>
#include <memory>
#include <shared_mutex>
#include <variant>
#include <vector>

#include "eider/base/memory_budget.h"
#include "eider/reduce/batch_keys.h"
#include "eider/reduce/seen_keys.h"

namespace eider::reduce {

inline constexpr size_t kKeyParts = 16;

/// Rows of a batch that may be new, by part, ascending within it.
struct Sifted {
  std::shared_ptr<const BatchKeys> keys;
  std::vector<uint32_t> rows;
  std::array<size_t, kKeyParts + 1> begins{};
  std::array<uint64_t, kKeyParts> key_bytes{};
  bool is_final = false;  ///< made when the set was full: no other row is new
  std::span<const uint32_t> Part(size_t part) const { return std::span(rows).subspan(begins[part], begins[part + 1] - begins[part]); }
};

class DistinctSet {
 public:
  /// `level`: of how many times rows have been divided into parts before, each by other bits of their hashes.
  DistinctSet(Session& session, KeyForm form, int level);

  /// Thread-safe, beside Add too.
  Sifted Sift(std::span<const ArrayPtr> columns, int64_t num_rows) const;
  /// Adds rows: the first of their kind become 1 in `is_new`, a byte for each row of the batch. Rows that would make the set full are not
  /// added, and none ever after: then `sifted` is left with those that are not known. `has_help`: other threads are
  /// free to take a share.
  /// \return whether they were added
  bool Add(Sifted& sifted, std::span<uint8_t> is_new, bool has_help);
  bool is_full() const { return is_full_.load(std::memory_order_relaxed); }

 private:
  template <typename Set>
  using Parts = std::array<Set, kKeyParts>;
  size_t PartOf(uint64_t hash) const { return hash >> shift_ & (kKeyParts - 1); }
  template <typename Set>
  std::vector<uint32_t> FindUnknown(const Parts<Set>& parts, const BatchKeys& keys) const;
  void Divide(Sifted& sifted, std::span<const uint32_t> rows) const;
  void DropKnown(Sifted& sifted) const;
  bool Reserve(const Sifted& sifted);

  Session& session_;
  const int shift_;
  std::variant<Parts<WordSet>, Parts<ByteSet>> parts_;
  bool has_null_ = false;
  BudgetCharge charge_;
  mutable std::shared_mutex mutex_;  ///< of parts_, has_null_
  std::atomic<bool> is_full_{false};
  std::atomic<bool> looks_first_{false};  ///< most rows are not new: Sift drops them
};

}  // namespace eider::reduce
