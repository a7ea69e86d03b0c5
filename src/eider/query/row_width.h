#pragma once
/// \file
/// How many rows to read next: by what their types fix, what files store of a row, and what was seen of them so far. Thread-safe.

#include <atomic>
#include <memory>

#include "eider/query/table_reader.h"

namespace eider::query {

/// What one task may hold so that all that are under way at once hold `1 / parts` of the session's budget; at most `most`.
uint64_t TaskBytes(Session& session, uint64_t parts, uint64_t most);

class RowWidth {
 public:
  /// `makes_any_width`: values are computed of what is read, whose types fix no width.
  RowWidth(std::shared_ptr<const TableReader> table, ReadPlanPtr plan, bool makes_any_width = false);

  /// Of rows that were read; none tell that there is nothing to wait for.
  void Learn(const RecordBatch& batch) const;
  void Learn(uint64_t rows, uint64_t bytes, uint64_t dictionary_bytes = 0) const;
  /// Values may have any width, and none was seen: better one task reads some before others begin.
  bool is_unknown() const { return is_variable_ && !has_learnt_.load(std::memory_order_relaxed); }
  /// In Arrow, at least what the types fix.
  uint64_t row_bytes(size_t fragment) const;
  /// Most of what a read brought besides, however few its rows: dictionaries.
  uint64_t read_bytes() const { return read_bytes_.load(std::memory_order_relaxed); }
  /// As many rows of a fragment as take `bytes`, at least one; few while their width is unknown.
  uint64_t RowsIn(uint64_t bytes, size_t fragment) const;

 private:
  uint64_t StoredBytes(size_t fragment) const;

  const std::shared_ptr<const TableReader> table_;
  const ReadPlanPtr plan_;
  const uint64_t fixed_;
  const bool makes_any_width_, is_variable_;
  mutable std::atomic<bool> has_learnt_{false};
  mutable std::atomic<uint64_t> rows_{0}, bytes_{0}, latest_{0}, read_bytes_{0};
};

}  // namespace eider::query
