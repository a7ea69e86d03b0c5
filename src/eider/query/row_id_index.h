#pragma once
/// \file
/// Finds rows by their stable ids: runs of ids that stand together among the live rows of a version. Immutable.

#include <cstdint>
#include <optional>
#include <vector>

#include "eider/rows/deletion_vector.h"
#include "eider/rows/row_id_sequence.h"

namespace eider::query {

class RowIdIndex {
 public:
  /// The next fragment: the ids of its physical rows, of which those in `deleted` (null: none) are not there. An updated row leaves
  /// its id behind in the deleted one.
  void Add(const rows::RowIdSequence& ids, const rows::DeletionVector* deleted);
  /// Call once, after the last Add(). \throws Error(kCorrupt) when two live rows have the same id.
  void Finish();

  /// Position among the live rows.
  std::optional<uint64_t> Find(uint64_t id) const;

 private:
  struct Run {
    uint64_t id, count, position;
  };
  void Append(uint64_t id, uint64_t count);
  std::vector<Run> runs_;
  uint64_t num_rows_ = 0;
};

}  // namespace eider::query
