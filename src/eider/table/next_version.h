#pragma once
/// \file
/// Applies a transaction to a version: what the manifest of the next version holds.

#include <unordered_map>
#include <unordered_set>

#include "eider/rows/row_id_sequence.h"
#include "eider/rows/row_versions.h"
#include "eider/table/commit.h"

namespace eider::table {

/// What the first version of a table starts from.
ManifestProto NewTableHead(const CreateOptions& create);

/// Says in the manifest which version it is, and that we made it now.
void Sign(uint64_t version, ManifestProto* head);

/// The next version after `base` (nullptr: the first, made from `head`). Fields that this version does not know are
/// kept; ids, row ids and versions of rows are given to new fragments. The draft's spans point into `base` and into
/// itself. \throws Error(kInvalid) for a transaction that does not fit the version.
class NextVersion {
 public:
  NextVersion(const Manifest* base, ManifestProto head, bool stable_row_ids);
  NextVersion(const NextVersion&) = delete;
  NextVersion& operator=(const NextVersion&) = delete;

  /// `storage_version`: of an overwrite, unset keeps the table's.
  void Apply(const TransactionProto& transaction, const std::optional<std::string>& storage_version);
  /// A version outside of the line that the base is of.
  void SetVersion(uint64_t version) { draft_.head.set_version(version); }
  /// Of a version that stands among older ones; else it is now.
  void SetTimestamp(const ::lance::table::Timestamp& timestamp) { *draft_.head.mutable_timestamp() = timestamp; }
  /// Instead of Apply: the contents of an older version. Ids go on counting.
  void Restore(const Manifest& old);
  /// Instead of Apply: the base itself, under its number, as the first version of another table.
  void Clone(const TransactionProto::Clone& clone);
  /// The whole manifest file.
  std::string Serialize(const TransactionProto& transaction);

 private:
  void ApplyAppend(const TransactionProto::Append& append);
  void ApplyDelete(const TransactionProto::Delete& deletion);
  void ApplyRewrite(const TransactionProto::Rewrite& rewrite);
  void ApplyUpdate(const TransactionProto& transaction);
  void ApplyOverwrite(const TransactionProto::Overwrite& overwrite, const std::optional<std::string>& storage_version);
  void ApplyMerge(const TransactionProto::Merge& merge);
  void ApplyReserve(const TransactionProto::ReserveFragments& reserve);
  void ApplyProject(const TransactionProto::Project& project);
  void ApplyDataReplacement(const TransactionProto::DataReplacement& replacement);

  enum class Change { kDeletions, kFiles };
  /// The fragments, those that are `updated` with new lists of deleted rows or of files, without those `removed`.
  void ChangeFragments(const google::protobuf::RepeatedPtrField<DataFragmentProto>& updated,
                       const google::protobuf::RepeatedField<uint64_t>& removed, Change change);
  /// Files of which no field is in the schema any more go. Readers of the reference stumble over a fragment without files, which keeps one.
  void DropDeadFiles(DataFragmentProto* fragment) const;
  bool IsDead(const DataFileProto& file) const;
  /// Takes the files of `changed`.
  void ChangeFiles(const DataFragmentProto& changed, DataFragmentProto* fragment);
  /// Those of the base as they are.
  void KeepFragments();
  /// The same, one by one, so that some may change.
  void ListFragments();
  enum class Rows { kNew, kMoved };  ///< moved rows keep the ids and versions that their fragments carry
  void AddNewFragments(const google::protobuf::RepeatedPtrField<DataFragmentProto>& fragments, Rows rows = Rows::kNew);
  void AddFragment(const DataFragmentProto& fragment);
  /// Stable row ids and versions for what the fragment does not say of its rows: rows beyond its ids are new.
  /// \throws Error(kConflict) for a file in a base path that the version does not have, or has no more.
  void RequireBases(const DataFragmentProto& fragment) const;
  void IdentifyRows(DataFragmentProto* fragment);
  /// Versions that created the first `count` rows of `ids`, for transactions of other writers that do not say.
  rows::RowVersions CreatedAt(const rows::RowIdSequence& ids, uint64_t count);
  void OwnFragment(size_t position, const DataFragmentProto& fragment);
  /// Those whose fields the new schema has: others may have committed one of a column that was dropped or cast meanwhile, on which their
  /// readers stumble.
  void KeepIndices();
  /// Indices, or those of some of `fields` if there are any, say nothing of these fragments any more; one of columns that does not tell what
  /// it covers goes.
  void Uncover(const std::unordered_set<uint64_t>& fragments, const std::unordered_set<int32_t>& fields = {});
  /// The fragments of the base that a bitmap covers, but for these.
  std::string Without(std::string_view bitmap, const std::unordered_set<uint64_t>& fragments) const;
  std::optional<IndexSectionProto> ReadIndices() const;
  uint32_t NextFragmentId();
  void RecordMaxFragmentId();
  bool AnyDeletions() const;
  uint32_t AddClonedBase(const TransactionProto::Clone& clone);

  const Manifest* base_;
  const TransactionProto::Update* columns_update_ = nullptr;  ///< that changes values in files of fragments that stay
  ManifestDraft draft_;
  std::vector<std::pair<size_t, size_t>> owned_at_;  ///< position in draft_.fragments, in draft_.owned_fragments
  bool stable_row_ids_;
  std::unordered_map<uint64_t, uint64_t> created_at_;  ///< by row id; filled when asked for
  std::string index_section_;
  mutable std::unordered_set<int32_t> schema_ids_;  ///< of the draft; filled when asked for
};

}  // namespace eider::table
