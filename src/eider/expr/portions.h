#pragma once
/// \file
/// Of how many rows expressions are evaluated at once: of as many as make some bytes of text, by what was made of the rows before.

#include <algorithm>
#include <atomic>

#include "eider/base/error.h"
#include "eider/expr/text_scope.h"

namespace eider::expr {

/// Thread-safe: threads that evaluate the same learn from each other.
class Portions {
 public:
  explicit Portions(uint64_t most_bytes) : most_bytes_(most_bytes) {}

  /// Calls evaluate(rows) with at most `most` rows, and again with fewer when these make too much; one row may make any text.
  /// \returns how many rows it was
  template <typename Evaluate>
  int64_t Next(int64_t most, const Evaluate& evaluate) const {
    while (true) {
      const int64_t known = rows_.load(std::memory_order_relaxed), rows = std::min(most, known);
      const TextScope scope(rows > 1 ? most_bytes_ : UINT64_MAX);
      try {
        evaluate(rows);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kOutOfBudget || rows <= 1) throw;
        rows_.store(std::max<int64_t>(1, rows / kStep), std::memory_order_relaxed);
        continue;
      }
      // Not many times more than were seen to fit: wide rows may follow narrow ones.
      const uint64_t fit = scope.made_bytes() == 0 ? INT64_MAX : most_bytes_ / (scope.made_bytes() / static_cast<uint64_t>(rows) + 1);
      rows_.store(std::clamp<int64_t>(static_cast<int64_t>(fit), 1, std::max(known, kStep * rows)), std::memory_order_relaxed);
      return rows;
    }
  }

 private:
  static constexpr int64_t kStep = 4;

  const uint64_t most_bytes_;
  mutable std::atomic<int64_t> rows_{INT64_MAX};
};

}  // namespace eider::expr
