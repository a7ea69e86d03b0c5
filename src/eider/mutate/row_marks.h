#pragma once
/// \file
/// Marks on rows of a table: a bit for each row of a fragment in which some row is marked.

#include <functional>
#include <unordered_map>
#include <vector>

#include "eider/mutate/new_deletions.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {

class RowMarks {
 public:
  explicit RowMarks(const query::TableReader& table);

  /// Marks the row at a physical address. False when it is marked already.
  bool Mark(uint64_t address);
  bool IsMarked(uint64_t address) const;
  /// Marks the live rows that `others` does not.
  void MarkUnmarked(const RowMarks& others);
  uint64_t num_marked() const { return num_marked_; }
  /// Addresses of the first marked rows, at most so many.
  std::vector<uint64_t> First(uint64_t most) const;
  /// The marked rows are to be deleted.
  void AddTo(NewDeletions* deletions) const;

 private:
  /// Addresses of the marked rows of a fragment.
  void Collect(size_t fragment, std::vector<uint64_t>* addresses) const;
  size_t FragmentOf(uint64_t address) const;
  std::vector<uint64_t>& BitsOf(size_t fragment);

  const query::TableReader& table_;
  std::unordered_map<uint64_t, size_t> by_id_;
  std::vector<std::vector<uint64_t>> bits_;  ///< by fragment
  uint64_t num_marked_ = 0;
  mutable uint64_t last_id_ = UINT64_MAX;
  mutable size_t last_ = 0;
};

}  // namespace eider::mutate
