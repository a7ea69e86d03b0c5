#pragma once
/// \file
/// The facade: open, read and write Lance datasets. Every method is thread-safe; a Dataset is an immutable view of one
/// version, and operations that commit return the Dataset of the new version.

#include <eider/aggregate.h>
#include <eider/array.h>
#include <eider/blob.h>
#include <eider/cleanup.h>
#include <eider/compaction.h>
#include <eider/deduplicate.h>
#include <eider/error.h>
#include <eider/export.h>
#include <eider/file_metadata.h>
#include <eider/merge_insert.h>
#include <eider/scan_options.h>
#include <eider/profile.h>
#include <eider/row_reader.h>
#include <eider/refs.h>
#include <eider/schema.h>
#include <eider/schema_change.h>
#include <eider/session.h>
#include <eider/stats.h>
#include <eider/write_options.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace eider {

struct OpenOptions {
  std::optional<uint64_t> version;  ///< unset: the latest
  Reference reference;              ///< instead of a version: a tag, or a version of a branch
  std::shared_ptr<Session> session; ///< unset: Session::Default()
};

struct VersionInfo {
  uint64_t version = 0;
  int64_t timestamp_ns = 0;  ///< since the Unix epoch, UTC
  std::map<std::string, std::string> metadata;
};

struct DataFileInfo {
  std::string path;  ///< below data/
  std::vector<int32_t> field_ids, column_indices;
  uint32_t major = 0, minor = 0;
  uint64_t size_bytes = 0;  ///< 0: not recorded
};
struct FragmentInfo {
  uint64_t id = 0;
  uint64_t physical_rows = 0;
  uint64_t deleted_rows = 0;
  std::vector<DataFileInfo> files;
  std::string deletion_file;  ///< path below the root, or ""
};

/// Computes new columns from a batch of the columns read, same number of rows.
using BatchFunction = std::function<RecordBatch(const RecordBatch&)>;

class Dataset;
using DatasetPtr = std::shared_ptr<Dataset>;

struct FragmentColumns;  // transaction.h

struct UpdateResult {
  DatasetPtr dataset;  ///< at the new version; no row to update makes no version
  uint64_t num_updated_rows = 0;
};
struct CompactionResult {
  DatasetPtr dataset;  ///< at the new version; nothing to compact makes no version
  CompactionMetrics metrics;
};
struct DeleteResult {
  DatasetPtr dataset;  ///< at the new version; no row to delete makes no version
  uint64_t num_deleted_rows = 0;
};

struct MergeInsertResult {
  DatasetPtr dataset;  ///< at the new version; no row that changes makes no version
  MergeInsertMetrics metrics;
};

/// A merge that is not committed.
struct PreparedMergeInsert {
  std::string transaction;  ///< lance.table.Transaction (transaction.h)
  MergeInsertMetrics metrics;
};

struct DeduplicateResult {
  DatasetPtr dataset;  ///< at the new version; keys that are all there once, and dry runs, make no version
  DeduplicationReport report;
};

class EIDER_EXPORT Dataset : public RowReader, public std::enable_shared_from_this<Dataset> {
 public:
  static DatasetPtr Open(const std::string& uri, const OpenOptions& options = {});
  /// Creates (in memory anew: who has the old one keeps it), appends (nullable columns may lack, the order is free) or overwrites.
  /// `through`: a dataset at the same URI; what is asked of files counts for it too (io_stats).
  static DatasetPtr Write(RecordBatchReader& data, const std::string& uri, const WriteOptions& options = {}, const Dataset* through = nullptr);

  virtual const std::string& uri() const = 0;  ///< as it was opened
  /// The URI under which any process finds it, whatever working folder it has: a relative path was resolved at opening.
  virtual const std::string& location() const = 0;
  /// Numbers, newest first, that were passed over to find this version, or to commit it: a crash tore their manifests, and whatever was
  /// committed under them is lost. For a surface to warn of.
  virtual const std::vector<uint64_t>& torn_versions() const = 0;
  /// What was asked of files in its folders through this dataset and those that came of it: other versions, what was written. `reset`:
  /// and counts from 0 again.
  virtual IoStats io_stats(bool reset = false) const = 0;
  virtual uint64_t latest_version() const = 0;  ///< of this branch; torn ones do not count
  virtual std::vector<VersionInfo> versions() const = 0;  ///< ascending, without torn ones
  virtual std::vector<uint64_t> version_numbers() const = 0;  ///< ascending; reads no manifest, so torn ones are there
  virtual VersionInfo version_info() const = 0;           ///< of this version
  virtual DatasetPtr CheckoutVersion(uint64_t version) const = 0;
  virtual DatasetPtr CheckoutLatest() const = 0;          ///< of this branch
  /// This version, and those that come of it, read by serializable transactions: a change from here is kRetryableConflict, and not run
  /// again, when others changed any row since the version. Compactions, restores and whole other versions are spared.
  virtual DatasetPtr Serializable() const = 0;
  virtual bool is_serializable() const = 0;
  /// \throws Error(kNotFound) for a version, tag or branch that is not there.
  virtual DatasetPtr Checkout(const Reference& reference) const = 0;
  /// A new version of this branch with the contents of this one.
  virtual DatasetPtr Restore(Durability durability = Durability::kDefault) = 0;

  virtual std::map<std::string, TagInfo> tags() const = 0;
  virtual TagInfo tag(const std::string& name) const = 0;  ///< \throws Error(kNotFound)
  /// \throws Error(kAlreadyExists), Error(kInvalid) for the name, Error(kNotFound) for what it is to name.
  virtual void CreateTag(const std::string& name, const Reference& reference = {}, Durability durability = Durability::kDefault) = 0;
  virtual void UpdateTag(const std::string& name, const Reference& reference = {}, Durability durability = Durability::kDefault) = 0;
  virtual void SetTagMetadata(const std::string& name, const std::map<std::string, std::string>& metadata,
                              Durability durability = Durability::kDefault) = 0;
  virtual void DeleteTag(const std::string& name, Durability durability = Durability::kDefault) = 0;

  virtual std::optional<std::string> branch() const = 0;  ///< unset: the default one
  virtual std::map<std::string, BranchInfo> branches() const = 0;
  /// A branch that begins at `reference`, checked out. It writes below its own folder, and reads what was there from the table's.
  virtual DatasetPtr CreateBranch(const std::string& name, const Reference& reference = {}, Durability durability = Durability::kDefault) = 0;
  virtual void SetBranchMetadata(const std::string& name, const std::map<std::string, std::string>& metadata,
                                 Durability durability = Durability::kDefault) = 0;
  /// With its files. \throws Error(kConflict) while a tag or another branch names it.
  virtual void DeleteBranch(const std::string& name, Durability durability = Durability::kDefault) = 0;

  /// Another table with the contents of `reference`, which reads the files of this one, or has copies of them all.
  virtual DatasetPtr ShallowClone(const std::string& uri, const Reference& reference, Durability durability = Durability::kDefault) const = 0;
  virtual DatasetPtr DeepClone(const std::string& uri, const Reference& reference, Durability durability = Durability::kDefault) const = 0;

  /// The files that a version of this branch names, without its index files where they are gone. \throws Error(kNotFound)
  virtual std::vector<TrackedFile> TrackedFiles(uint64_t version) const = 0;
  /// Gives manifests with V1 names V2 names, all at once. Only while nobody writes. The same version, to be used from then on.
  virtual DatasetPtr MigrateManifestPaths() = 0;
  /// Removes old versions of this branch and files that no version of any branch needs. A shallow clone elsewhere is not known here: tag
  /// the version that it reads.
  virtual CleanupStats CleanupOldVersions(const CleanupOptions& options = {}) = 0;
  virtual CleanupExplanation ExplainCleanup(const CleanupOptions& options = {}) const = 0;

  virtual const LanceSchema& lance_schema() const = 0;
  virtual const SchemaPtr& schema() const = 0;
  virtual std::string data_storage_version() const = 0;
  virtual std::map<std::string, std::string> config() const = 0;
  virtual std::map<std::string, std::string> table_metadata() const = 0;
  virtual bool has_stable_row_ids() const = 0;
  virtual std::vector<BasePath> base_paths() const = 0;
  virtual std::vector<FragmentInfo> fragments() const = 0;
  /// What each field that has columns of its own takes, by ascending id. Reads the metadata of every file.
  virtual std::vector<FieldSize> FieldSizes() const = 0;

  using RowReader::CountRows;
  virtual uint64_t CountRows(const ScanOptions& options) const = 0;  ///< rows that the scan would yield
  /// Batches in row order. Deleted rows are left out.
  virtual std::unique_ptr<RecordBatchReader> Scan(const ScanOptions& options = {}) const = 0;
  /// One row: each aggregate over the rows that the scan would yield. Extremes and counts of whole columns come from statistics where
  /// files have them.
  virtual RecordBatch RunAggregates(const ScanOptions& options, std::span<const Aggregate> aggregates) const = 0;
  /// What the columns hold (top-level names; unset: all), by leaf. Values of vectors and blobs are not read.
  virtual std::vector<ColumnProfile> ProfileColumns(const std::optional<std::vector<std::string>>& columns = {}, ScanStats* stats = nullptr) const = 0;
  virtual std::string ExplainScan(const ScanOptions& options) const = 0;  ///< what Scan would do, for people
  /// Positions among the live rows, for Take; kNoRow for rows that are deleted or not there.
  virtual std::vector<uint64_t> FindRows(std::span<const uint64_t> rows, RowNaming naming) const = 0;

  /// The values of a blob column (a path; not below a list) at `rows`, order and duplicates kept; null pointers for nulls. Reads their
  /// descriptors alone. \throws Error(kNotFound) for a row that is deleted or not there, Error(kInvalid) when the column holds no blobs.
  virtual std::vector<BlobPtr> TakeBlobs(const std::string& column, std::span<const uint64_t> rows,
                                         RowNaming naming = RowNaming::kPosition, ScanStats* stats = nullptr,
                                         std::vector<uint64_t>* addresses = nullptr) const = 0;
  /// Their bytes, read in as few requests as neighbours allow.
  virtual std::vector<BlobBytes> ReadBlobs(const std::string& column, std::span<const uint64_t> rows,
                                           RowNaming naming = RowNaming::kPosition, ScanStats* stats = nullptr) const = 0;

  /// Deletes the rows for which `filter` is true. Writes deletion files; no data file changes.
  virtual DeleteResult Delete(const SqlExpression& filter, const ChangeOptions& options = {}) = 0;
  /// Sets top-level columns, named by `updates`, to the values of expressions (cast to the columns' types) in the rows for which `filter`
  /// is true (unset: all). The rows are written anew at the end of the table, and marked as deleted where they were.
  virtual UpdateResult Update(const std::vector<ComputedColumn>& updates, const std::optional<SqlExpression>& filter,
                              const ChangeOptions& options = {}) = 0;
  /// Merges the rows of `source` into the table by key. Columns that the source lacks keep their values in rows that are updated. It is held
  /// in memory or, where it is larger than a share of the session's budget, in temporary files.
  virtual MergeInsertResult MergeInsert(RecordBatchReader& source, const MergeInsertOptions& options) = 0;
  /// The same without the commit, once: the files stay for a CommitTransaction, or (`keep_files` false) go again.
  virtual PreparedMergeInsert MergeInsertUncommitted(RecordBatchReader& source, const MergeInsertOptions& options, bool keep_files = true) const = 0;
  /// What a merge of a source with this schema would do, for people.
  virtual std::string ExplainMergeInsert(const Schema& schema, const MergeInsertOptions& options, bool verbose = false) const = 0;
  /// Deletes the rows whose key an earlier (or a later) row has. Null keys equal nothing. Takes bounded memory.
  virtual DeduplicateResult Deduplicate(const DeduplicateOptions& options) = 0;
  /// Deletes every row; columns, versions and metadata stay.
  virtual DeleteResult Truncate(const ChangeOptions& options = {}) = 0;

  /// Merges small fragments and drops deleted rows; merges the small files of other fragments. Rewritten rows come after all others, in
  /// their order.
  virtual CompactionResult CompactFiles(const CompactionOptions& options = {}) = 0;
  // The same in parts, for workers: tasks go to any process that has the dataset open, and what comes of them into one commit.
  virtual std::vector<CompactionTask> PlanCompaction(const CompactionOptions& options = {}) const = 0;
  virtual CompactionRewrite ExecuteCompaction(const CompactionTask& task, const CompactionOptions& options = {}) const = 0;
  virtual CompactionResult CommitCompaction(std::span<const CompactionRewrite> rewrites, const CompactionOptions& options = {}) = 0;

  /// Left join: adds the columns that `right` has besides its key, null in rows whose key (column `left_on`, "_rowid" or "_rowaddr") it lacks;
  /// of several equal keys the first counts. `right` goes through temporary files when it is larger than a share of the budget.
  /// \throws Error(kNotFound) for a key that is not there, Error(kInvalid) for keys that do not compare, or a name that is taken
  virtual DatasetPtr JoinColumns(RecordBatchReader& right, const std::string& left_on, const std::string& right_on,
                                 Durability durability = Durability::kDefault) = 0;
  /// Adds columns computed elsewhere: `data` holds exactly CountRows() rows in row order. Writes only the new columns.
  virtual DatasetPtr AddColumns(RecordBatchReader& data, Durability durability = Durability::kDefault) = 0;
  /// Adds columns computed from `read_columns` (unset: all), batch by batch.
  virtual DatasetPtr AddColumns(const BatchFunction& function, const Schema& output_schema,
                                const std::optional<std::vector<std::string>>& read_columns, uint64_t batch_rows = 8192,
                                Durability durability = Durability::kDefault) = 0;
  /// Adds columns of the values of expressions over the columns that are there. They are nullable.
  virtual DatasetPtr AddColumns(const std::vector<ComputedColumn>& columns, Durability durability = Durability::kDefault) = 0;
  /// Adds columns of nulls: metadata only. Every field must be nullable.
  virtual DatasetPtr AddColumns(const Schema& null_columns, Durability durability = Durability::kDefault) = 0;
  /// Renames columns, allows or forbids nulls (metadata only), and casts (the column is written anew). Paths are those before the call.
  virtual DatasetPtr AlterColumns(const std::vector<ColumnAlteration>& alterations, Durability durability = Durability::kDefault) = 0;
  /// Sets and removes keys of config and metadata.
  virtual DatasetPtr UpdateConfig(const ConfigUpdate& update, Durability durability = Durability::kDefault) = 0;
  /// Registers places besides the table's own folder, which writes may name as targets. Their ids are given by the table.
  virtual DatasetPtr AddBases(const std::vector<BasePath>& bases, const std::map<std::string, std::string>& transaction_properties = {},
                              Durability durability = Durability::kDefault) = 0;
  virtual DatasetPtr DropColumns(const std::vector<std::string>& columns, Durability durability = Durability::kDefault) = 0;

  // For workers, who change one fragment and leave the commit to another (transaction.h).

  /// The manifest without its fragments as a message of the format.
  virtual std::string ManifestMessage() const = 0;
  /// The fragments as messages of the format. Those of one id, where it is given.
  virtual std::vector<std::string> FragmentMessages(std::optional<uint64_t> id = {}) const = 0;
  /// The transaction that made a version, as a message of the format; nullopt where it is not kept.
  virtual std::optional<std::string> ReadTransaction(uint64_t version) const = 0;
  /// The fragment without the rows for which the filter is true, or without physical rows; nullopt when none is left.
  virtual std::optional<std::string> DeleteFromFragment(uint64_t id, const SqlExpression& filter) const = 0;
  virtual std::optional<std::string> DeleteFromFragment(uint64_t id, std::span<const uint64_t> offsets) const = 0;
  /// The fragment with columns of the values of expressions, or with data that hold its live rows in order. `replace`: the columns are
  /// there, and those of before become invalid.
  virtual FragmentColumns AddFragmentColumns(uint64_t id, const std::vector<ComputedColumn>& columns) const = 0;
  virtual FragmentColumns AddFragmentColumns(uint64_t id, RecordBatchReader& data, bool replace = false) const = 0;
  /// The fragment with the columns of `right`, as JoinColumns.
  virtual FragmentColumns JoinToFragment(uint64_t id, RecordBatchReader& right, const std::string& left_on, const std::string& right_on) const = 0;
  /// The fragment with new values, in a new file, of the columns that `right` has besides its key, in the rows whose key it has.
  /// `offsets`: gets the physical positions of these rows, as a portable Roaring bitmap; may be null.
  virtual FragmentColumns UpdateFragmentColumns(uint64_t id, RecordBatchReader& right, const std::string& left_on, const std::string& right_on,
                                                std::string* offsets = nullptr) const = 0;
};

}  // namespace eider
