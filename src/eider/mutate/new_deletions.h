#pragma once
/// \file
/// Deletion files of a commit in the making.

#include <span>
#include <string>
#include <vector>

#include "eider/query/table_reader.h"
#include "eider/table/manifest.h"

namespace eider::mutate {

/// Marks rows as deleted, on top of those that are: one new deletion file per fragment, none for a fragment without any
/// row left. Files that are not Kept() are removed again.
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

  uint64_t num_deleted() const { return num_deleted_; }
  const std::vector<table::DataFragmentProto>& updated() const { return updated_; }
  const std::vector<uint64_t>& removed() const { return removed_; }
  /// The commit has landed, or may have: the files stay.
  void Keep() { paths_.clear(); }

 private:
  void FinishFragment();
  ::lance::table::DeletionFile Write(uint64_t fragment_id, const rows::DeletionVector& deletions);

  const query::TableReader& table_;
  const bool sync_;
  size_t fragment_ = 0;  ///< of offsets_
  std::vector<uint32_t> offsets_;
  uint64_t num_deleted_ = 0;
  std::vector<table::DataFragmentProto> updated_;
  std::vector<uint64_t> removed_;
  std::vector<std::string> paths_;
};

}  // namespace eider::mutate
