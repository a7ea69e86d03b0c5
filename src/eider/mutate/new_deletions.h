#pragma once
/// \file
/// Deletion files of a commit in the making.

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "eider/query/table_reader.h"
#include "eider/table/commit.h"
#include "eider/table/manifest.h"

namespace eider::mutate {

/// Marks rows as deleted, on top of those that are: one new deletion file per fragment, none for a fragment without any
/// row left. Those that others delete in the same fragments until the commit are merged in. Files that are not Kept() are removed again.
class NewDeletions {
 public:
  NewDeletions(const query::TableReader& table, bool sync) : table_(table), sync_(sync) {}
  ~NewDeletions();
  NewDeletions(const NewDeletions&) = delete;
  NewDeletions& operator=(const NewDeletions&) = delete;

  /// Addresses of live rows, each once. Those of one fragment come together.
  void Add(std::span<const uint64_t> addresses);
  /// Every row of every fragment.
  void AddAll();
  /// Writes what is left. After it, the numbers below stand.
  void Finish();

  /// Of the delete or update that `transaction` is: fragments with new deletion files, and those of which nothing is left.
  void FillIn(table::TransactionProto* transaction) const;
  /// \pre this outlives the commit
  table::RowMerge Merger() {
    return [this](const table::Snapshot& base, table::TransactionProto* transaction) { Merge(base, transaction); };
  }

  uint64_t num_deleted() const { return num_deleted_; }
  const std::map<uint64_t, table::DataFragmentProto>& updated() const { return updated_; }
  const std::set<uint64_t>& removed() const { return removed_; }
  /// The commit has landed, or may have: the files stay.
  void Keep() { paths_.clear(); }

 private:
  /// What this deletes of a fragment.
  struct Deleted {
    rows::DeletionVectorPtr rows;  ///< nullptr: all that were there
    std::string before;            ///< the deletion file that they are merged with, serialized
  };

  void FinishFragment();
  void Merge(const table::Snapshot& base, table::TransactionProto* transaction);
  void MergeFragment(const table::Snapshot& base, const table::Fragment& fragment, Deleted* deleted);
  void Update(const table::Fragment& fragment, const rows::DeletionVector& deletions);
  ::lance::table::DeletionFile Write(uint64_t fragment_id, const rows::DeletionVector& deletions);
  void Forget(uint64_t fragment_id);

  const query::TableReader& table_;
  const bool sync_;
  size_t fragment_ = 0;  ///< of offsets_
  std::vector<uint32_t> offsets_;
  uint64_t num_deleted_ = 0;
  std::map<uint64_t, Deleted> deleted_;
  std::map<uint64_t, table::DataFragmentProto> updated_;
  std::set<uint64_t> removed_;
  std::map<uint64_t, std::string> paths_;  ///< of new deletion files, by fragment
};

}  // namespace eider::mutate
