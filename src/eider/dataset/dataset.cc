#include <eider/dataset.h>
#include <eider/transaction.h>

#include "eider/base/error.h"
#include "eider/dataset/file_blob.h"
#include "eider/dataset/function_reader.h"
#include "eider/dataset/table_dataset.h"
#include "eider/io/store.h"
#include "eider/mutate/alter.h"
#include "eider/mutate/columns.h"
#include "eider/mutate/compact.h"
#include "eider/mutate/deduplicate.h"
#include "eider/mutate/deep_clone.h"
#include "eider/mutate/delete.h"
#include "eider/mutate/explain_merge.h"
#include "eider/mutate/left_join.h"
#include "eider/mutate/maintain.h"
#include "eider/mutate/merge_insert.h"
#include "eider/mutate/metadata.h"
#include "eider/mutate/update.h"
#include "eider/mutate/worker.h"
#include "eider/mutate/write.h"
#include "eider/query/table_reader.h"
#include "eider/rows/portable_roaring.h"
#include "eider/reduce/aggregate.h"
#include "eider/reduce/profile.h"
#include "eider/table/cleanup.h"
#include "eider/table/commit.h"
#include "eider/table/files_of.h"
#include "eider/table/migrate.h"
#include "eider/table/refs.h"
#include "eider/table/snapshot.h"

namespace eider {
namespace {

std::shared_ptr<Session> SessionOrDefault(const std::shared_ptr<Session>& session) {
  return session ? session : Session::Default();
}

/// The same table on another branch.
std::string UriOnBranch(std::string uri, const std::optional<std::string>& from, const std::optional<std::string>& to) {
  while (uri.size() > 1 && uri.ends_with('/')) uri.pop_back();
  const std::string suffix = from ? "/tree/" + *from : std::string();
  if (uri.ends_with(suffix)) uri.resize(uri.size() - suffix.size());
  return to ? uri + "/tree/" + *to : uri;
}

std::string LocationOf(const std::string& uri, const io::ObjectStore& store) {
  if (uri.find("://") == std::string::npos) return store.root();
  std::string identity = store.identity();
  return identity.empty() ? uri : identity;
}

template <typename File>
auto InfosOf(std::map<std::string, File> files) {
  std::map<std::string, decltype(File::info)> infos;
  for (auto& [name, file] : files) infos.emplace(name, std::move(file.info));
  return infos;
}

class TableDataset final : public Dataset {
 public:
  TableDataset(std::string uri, table::Snapshot snapshot, std::shared_ptr<Session> session)
      : uri_(uri == snapshot.store->identity() ? snapshot.store->root() : std::move(uri)),
        session_(std::move(session)),
        reader_(std::make_shared<const query::TableReader>(Held(std::move(snapshot)), session_)),
        schema_(std::make_shared<const Schema>(ToShownSchema(manifest().schema()))),
        location_(LocationOf(uri_, *this->snapshot().store)) {}

  const std::string& uri() const override { return uri_; }
  const std::string& location() const override { return location_; }
  const io::ObjectStorePtr& store() const { return snapshot().store; }
  IoStats io_stats(bool reset) const override {
    io::IoCounters* counters = snapshot().store->counters();
    if (counters == nullptr) return {};
    return reset ? counters->Take() : counters->Get();
  }
  uint64_t version() const override { return snapshot().version(); }
  const std::vector<uint64_t>& torn_versions() const override { return snapshot().torn; }
  uint64_t latest_version() const override { return table::LatestVersion(*snapshot().store); }
  std::vector<VersionInfo> versions() const override;
  std::vector<uint64_t> version_numbers() const override;
  VersionInfo version_info() const override;
  DatasetPtr CheckoutVersion(uint64_t version) const override {
    return Rebind(table::LoadSnapshot(snapshot().store, version, session_.get()));
  }
  DatasetPtr CheckoutLatest() const override { return Rebind(table::LoadSnapshot(snapshot().store, {}, session_.get())); }
  DatasetPtr Serializable() const override {
    table::Snapshot read = snapshot();
    read.is_serializable = true;
    return std::make_shared<TableDataset>(uri_, std::move(read), session_);
  }
  bool is_serializable() const override { return snapshot().is_serializable; }
  DatasetPtr Checkout(const Reference& reference) const override { return Rebind(Resolve(reference)); }
  DatasetPtr Restore(Durability durability) override {
    return Committed(table::Restore(snapshot(), {.sync = mutate::SyncsFor(durability)}), durability);
  }

  std::map<std::string, TagInfo> tags() const override { return InfosOf(table::ListTags(*table_store())); }
  TagInfo tag(const std::string& name) const override { return table::ReadTag(*table_store(), name).info; }
  void CreateTag(const std::string& name, const Reference& reference, Durability durability) override {
    table::CreateTag(*table_store(), name, Resolve(reference), mutate::SyncsFor(durability));
  }
  void UpdateTag(const std::string& name, const Reference& reference, Durability durability) override {
    table::MoveTag(*table_store(), name, Resolve(reference), mutate::SyncsFor(durability));
  }
  void SetTagMetadata(const std::string& name, const std::map<std::string, std::string>& metadata, Durability durability) override {
    table::SetTagMetadata(*table_store(), name, metadata, mutate::SyncsFor(durability));
  }
  void DeleteTag(const std::string& name, Durability durability) override {
    table::DeleteTag(*table_store(), name, mutate::SyncsFor(durability));
  }

  std::optional<std::string> branch() const override { return table::BranchOf(snapshot()); }
  std::map<std::string, BranchInfo> branches() const override { return InfosOf(table::ListBranches(*table_store())); }
  DatasetPtr CreateBranch(const std::string& name, const Reference& reference, Durability durability) override {
    return Rebind(table::CreateBranch(table_store(), name, Resolve(reference), mutate::SyncsFor(durability)));
  }
  void SetBranchMetadata(const std::string& name, const std::map<std::string, std::string>& metadata, Durability durability) override {
    table::SetBranchMetadata(*table_store(), name, metadata, mutate::SyncsFor(durability));
  }
  void DeleteBranch(const std::string& name, Durability durability) override {
    table::DeleteBranch(table_store(), name, mutate::SyncsFor(durability));
  }

  DatasetPtr ShallowClone(const std::string& uri, const Reference& reference, Durability durability) const override {
    const io::ObjectStorePtr store = io::OpenStore(uri);
    table::CommitClone(store, Resolve(reference), {}, {.sync = mutate::SyncsFor(durability)});
    return std::make_shared<TableDataset>(uri, table::LoadSnapshot(store, {}, session_.get()), session_);
  }
  DatasetPtr DeepClone(const std::string& uri, const Reference& reference, Durability durability) const override {
    const io::ObjectStorePtr store = io::OpenStore(uri);
    mutate::DeepClone(Resolve(reference), store, mutate::SyncsFor(durability));
    return std::make_shared<TableDataset>(uri, table::LoadSnapshot(store, {}, session_.get()), session_);
  }

  std::vector<TrackedFile> TrackedFiles(uint64_t version) const override {
    return table::FilesOf(table::LoadSnapshot(snapshot().store, version, session_.get()));
  }
  DatasetPtr MigrateManifestPaths() override {
    table::MigrateManifestPaths(*snapshot().store);
    return CheckoutVersion(version());
  }
  CleanupStats CleanupOldVersions(const CleanupOptions& options) override { return table::Cleanup(snapshot(), options); }
  CleanupExplanation ExplainCleanup(const CleanupOptions& options) const override { return table::ExplainCleanup(snapshot(), options); }

  const LanceSchema& lance_schema() const override { return manifest().schema(); }
  const SchemaPtr& schema() const override { return schema_; }
  std::string data_storage_version() const override { return manifest().data_storage_version(); }
  std::map<std::string, std::string> config() const override { return manifest().config(); }
  std::map<std::string, std::string> table_metadata() const override { return manifest().table_metadata(); }
  bool has_stable_row_ids() const override { return manifest().uses_stable_row_ids(); }
  std::vector<BasePath> base_paths() const override;
  std::vector<FragmentInfo> fragments() const override;
  std::vector<FieldSize> FieldSizes() const override;
  const std::shared_ptr<Session>& session() const override { return session_; }

  uint64_t CountRows() const override { return reader_->num_rows(); }
  uint64_t CountRows(const ScanOptions& options) const override { return reader_->CountRows(options); }
  std::unique_ptr<RecordBatchReader> Scan(const ScanOptions& options) const override { return reader_->Scan(options); }
  RecordBatch RunAggregates(const ScanOptions& options, std::span<const Aggregate> aggregates) const override {
    return reduce::RunAggregates(reader_, options, aggregates);
  }
  std::vector<ColumnProfile> ProfileColumns(const std::optional<std::vector<std::string>>& columns, ScanStats* stats) const override {
    return reduce::ProfileColumns(reader_, columns, stats);
  }
  std::string ExplainScan(const ScanOptions& options) const override { return reader_->Explain(options); }
  RecordBatch ReadRange(uint64_t first, uint64_t count, const ScanOptions& options) const override {
    return reader_->ReadRange(*reader_->Plan(options), first, count, options.stats);
  }
  RecordBatch Take(std::span<const uint64_t> positions, const ScanOptions& options) const override {
    return reader_->Take(options, positions);
  }
  std::vector<uint64_t> FindRows(std::span<const uint64_t> rows, RowNaming naming) const override { return reader_->FindRows(rows, naming); }

  std::vector<BlobPtr> TakeBlobs(const std::string& column, std::span<const uint64_t> rows, RowNaming naming,
                                 ScanStats* stats, std::vector<uint64_t>* addresses) const override {
    std::vector<BlobPtr> blobs;
    for (query::BlobPlace& place : reader_->PlaceBlobs(column, rows, naming, stats, addresses)) blobs.push_back(MakeBlob(std::move(place)));
    return blobs;
  }
  std::vector<BlobBytes> ReadBlobs(const std::string& column, std::span<const uint64_t> rows, RowNaming naming,
                                   ScanStats* stats) const override {
    std::vector<uint64_t> addresses;
    const std::vector<query::BlobPlace> places = reader_->PlaceBlobs(column, rows, naming, stats, &addresses);
    std::vector<Buffer> bytes = query::ReadBlobs(places, stats);
    std::vector<BlobBytes> out(bytes.size());
    for (size_t i = 0; i < bytes.size(); ++i) {
      out[i].address = addresses[i];
      if (bytes[i].present()) out[i].bytes = std::move(bytes[i]);
    }
    return out;
  }

  DeleteResult Delete(const SqlExpression& filter, const ChangeOptions& options) override {
    return Deleted(mutate::DeleteRows(ToChange(), filter, options, session_), options.durability);
  }
  UpdateResult Update(const std::vector<ComputedColumn>& updates, const std::optional<SqlExpression>& filter,
                      const ChangeOptions& options) override {
    mutate::Changed updated = mutate::UpdateRows(ToChange(), updates, filter, options, session_);
    return {.dataset = Committed(std::move(updated.snapshot), options.durability), .num_updated_rows = updated.num_rows};
  }
  MergeInsertResult MergeInsert(RecordBatchReader& source, const MergeInsertOptions& options) override {
    mutate::Merged merged = mutate::MergeInsert(ToChange(), source, options, session_);
    return {.dataset = Committed(std::move(merged.snapshot), options.change.durability), .metrics = merged.metrics};
  }
  PreparedMergeInsert MergeInsertUncommitted(RecordBatchReader& source, const MergeInsertOptions& options, bool keep_files) const override {
    const mutate::MergeEnd end = keep_files ? mutate::MergeEnd::kLeave : mutate::MergeEnd::kDrop;
    const mutate::Merged merged = mutate::MergeInsert(snapshot(), source, options, session_, end);
    return {.transaction = merged.transaction.SerializeAsString(), .metrics = merged.metrics};
  }
  std::string ExplainMergeInsert(const Schema& schema, const MergeInsertOptions& options, bool verbose) const override {
    return mutate::ExplainMerge(snapshot(), schema, options, verbose);
  }
  DeduplicateResult Deduplicate(const DeduplicateOptions& options) override {
    mutate::Deduplicated done = mutate::Deduplicate(options.dry_run ? snapshot() : ToChange(), options, session_);
    return {.dataset = Rebind(std::move(done.snapshot)), .report = std::move(done.report)};
  }
  DeleteResult Truncate(const ChangeOptions& options) override {
    return Deleted(mutate::DeleteAllRows(ToChange(), options, session_), options.durability);
  }

  CompactionResult CompactFiles(const CompactionOptions& options) override {
    mutate::Compacted compacted = mutate::CompactFiles(ToChange(), options, session_);
    return {.dataset = Rebind(std::move(compacted.snapshot)), .metrics = compacted.metrics};
  }
  std::vector<CompactionTask> PlanCompaction(const CompactionOptions& options) const override {
    return mutate::PlanTasks(snapshot(), options, session_);
  }
  CompactionRewrite ExecuteCompaction(const CompactionTask& task, const CompactionOptions& options) const override {
    return mutate::ExecuteTask(snapshot(), task, options, session_);
  }
  CompactionResult CommitCompaction(std::span<const CompactionRewrite> rewrites, const CompactionOptions& options) override {
    mutate::Compacted compacted = mutate::CommitRewrites(ToChange(), rewrites, options);
    return {.dataset = Rebind(std::move(compacted.snapshot)), .metrics = compacted.metrics};
  }

  DatasetPtr AddColumns(RecordBatchReader& data, Durability durability) override {
    return Committed(mutate::AddColumns(ToChange(), data, Columns(durability)), durability);
  }
  DatasetPtr AddColumns(const BatchFunction& function, const Schema& output_schema,
                        const std::optional<std::vector<std::string>>& read_columns, uint64_t batch_rows,
                        Durability durability) override {
    FunctionReader computed(Scan({.columns = read_columns, .batch_rows = batch_rows}), function, output_schema);
    return AddColumns(computed, durability);
  }
  DatasetPtr AddColumns(const std::vector<ComputedColumn>& columns, Durability durability) override {
    return Committed(mutate::AddComputedColumns(ToChange(), columns, Columns(durability)), durability);
  }
  DatasetPtr JoinColumns(RecordBatchReader& right, const std::string& left_on, const std::string& right_on, Durability durability) override {
    return Committed(mutate::JoinColumns(ToChange(), right, {left_on, right_on}, Columns(durability)), durability);
  }
  DatasetPtr AddColumns(const Schema& null_columns, Durability durability) override {
    return Committed(mutate::AddNullColumns(ToChange(), null_columns, Columns(durability)), durability);
  }
  DatasetPtr AlterColumns(const std::vector<ColumnAlteration>& alterations, Durability durability) override {
    return Committed(mutate::AlterColumns(ToChange(), alterations, Columns(durability)), durability);
  }
  DatasetPtr UpdateConfig(const ConfigUpdate& update, Durability durability) override {
    return Committed(mutate::UpdateConfig(ToChange(), update, Columns(durability)), durability);
  }
  DatasetPtr AddBases(const std::vector<BasePath>& bases, const std::map<std::string, std::string>& properties, Durability durability) override {
    return Committed(mutate::AddBases(ToChange(), bases, properties, Columns(durability)), durability);
  }
  DatasetPtr DropColumns(const std::vector<std::string>& columns, Durability durability) override {
    return Committed(mutate::DropColumns(ToChange(), columns, Columns(durability)), durability);
  }

  std::string ManifestMessage() const override { return manifest().head().SerializeAsString(); }
  std::vector<std::string> FragmentMessages(std::optional<uint64_t> id) const override {
    std::vector<std::string> messages;
    for (size_t i = id ? FragmentAt(*id) : 0, end = id ? i + 1 : manifest().num_fragments(); i < end; ++i) {
      messages.push_back(manifest().fragment(i).proto().SerializeAsString());
    }
    return messages;
  }
  std::optional<std::string> ReadTransaction(uint64_t version) const override {
    const auto transaction = table::ReadTransaction(table::LoadSnapshot(snapshot().store, version, session_.get()));
    if (!transaction) return std::nullopt;
    return transaction->SerializeAsString();
  }
  std::optional<std::string> DeleteFromFragment(uint64_t id, const SqlExpression& filter) const override {
    return Message(mutate::DeleteFromFragment(*reader_, FragmentAt(id), filter));
  }
  std::optional<std::string> DeleteFromFragment(uint64_t id, std::span<const uint64_t> offsets) const override {
    return Message(mutate::DeleteFromFragment(*reader_, FragmentAt(id), offsets));
  }
  FragmentColumns AddFragmentColumns(uint64_t id, const std::vector<ComputedColumn>& columns) const override {
    return Message(mutate::AddToFragment(snapshot(), FragmentAt(id), columns, Columns(Durability::kDefault)));
  }
  FragmentColumns AddFragmentColumns(uint64_t id, RecordBatchReader& data, bool replace) const override {
    return Message(mutate::AddToFragment(snapshot(), FragmentAt(id), data, replace, Columns(Durability::kDefault)));
  }
  FragmentColumns JoinToFragment(uint64_t id, RecordBatchReader& right, const std::string& left_on, const std::string& right_on) const override {
    return Message(mutate::JoinToFragment(snapshot(), FragmentAt(id), right, {left_on, right_on}, Columns(Durability::kDefault)));
  }
  FragmentColumns UpdateFragmentColumns(uint64_t id, RecordBatchReader& right, const std::string& left_on, const std::string& right_on,
                                        std::string* offsets) const override {
    mutate::UpdatedFragment updated = mutate::UpdateFragmentColumns(snapshot(), FragmentAt(id), right, {left_on, right_on}, Columns(Durability::kDefault));
    if (offsets) *offsets = rows::ToPortableRoaring(updated.offsets);
    return Message(std::move(updated.changed));
  }

 private:
  static std::optional<std::string> Message(const std::optional<table::DataFragmentProto>& fragment) {
    if (!fragment) return std::nullopt;
    return fragment->SerializeAsString();
  }
  static FragmentColumns Message(mutate::ChangedFragment changed) {
    return {changed.fragment.SerializeAsString(), std::move(changed.schema), std::move(changed.field_ids)};
  }
  /// For as long as a caller likes.
  static table::Snapshot Held(table::Snapshot snapshot) {
    snapshot.listed.reset();
    return snapshot;
  }
  const table::Snapshot& snapshot() const { return reader_->snapshot(); }
  /// Before work is done that could not be committed.
  const table::Snapshot& ToChange() const {
    table::RequireOnLine(snapshot());
    return snapshot();
  }
  const table::Manifest& manifest() const { return *snapshot().manifest; }
  io::ObjectStorePtr table_store() const { return table::TableStore(snapshot()); }
  table::Snapshot Resolve(const Reference& reference) const { return table::Resolve(snapshot(), reference, session_.get()); }
  DatasetPtr Rebind(table::Snapshot other) const {
    const bool moves = other.store->root() != snapshot().store->root();
    std::string uri = moves ? UriOnBranch(uri_, table::BranchOf(snapshot()), table::BranchOf(other)) : uri_;
    other.is_serializable = is_serializable();
    return std::make_shared<TableDataset>(std::move(uri), std::move(other), session_);
  }
  DatasetPtr Committed(table::Snapshot other, Durability durability) const {
    if (other.version() != version()) mutate::Maintain(other, {.sync = mutate::SyncsFor(durability)}, session_);
    return Rebind(std::move(other));
  }
  DeleteResult Deleted(mutate::Changed deleted, Durability durability) const {
    return {.dataset = Committed(std::move(deleted.snapshot), durability), .num_deleted_rows = deleted.num_rows};
  }
  size_t FragmentAt(uint64_t id) const {
    const std::optional<size_t> at = manifest().FindFragment(id);
    if (!at) throw NotFound("version {} has no fragment {}", version(), id);
    return *at;
  }
  mutate::ColumnOptions Columns(Durability durability) const { return {.durability = durability, .session = session_}; }

  const std::string uri_;
  const std::shared_ptr<Session> session_;
  const std::shared_ptr<const query::TableReader> reader_;
  const SchemaPtr schema_;
  const std::string location_;
};

// What the reference reports as a version's metadata: totals over its fragments.
std::map<std::string, std::string> Totals(const table::Manifest& manifest) {
  uint64_t files = 0, bytes = 0, rows = 0, deletion_files = 0, deleted = 0;
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    const table::Fragment& fragment = manifest.fragment(i);
    files += static_cast<uint64_t>(fragment.num_files());
    for (int f = 0; f < fragment.num_files(); ++f) bytes += fragment.file(f).file_size_bytes();
    rows += fragment.physical_rows();
    deletion_files += fragment.has_deletions();
    deleted += fragment.num_deleted_rows();
  }
  return {{"total_data_file_rows", std::to_string(rows)},
          {"total_data_files", std::to_string(files)},
          {"total_deletion_file_rows", std::to_string(deleted)},
          {"total_deletion_files", std::to_string(deletion_files)},
          {"total_files_size", std::to_string(bytes)},
          {"total_fragments", std::to_string(manifest.num_fragments())},
          {"total_rows", std::to_string(rows - std::min(rows, deleted))}};
}

VersionInfo InfoOf(const table::Manifest& manifest) {
  return {.version = manifest.version(), .timestamp_ns = manifest.timestamp_ns(), .metadata = Totals(manifest)};
}

VersionInfo TableDataset::version_info() const { return InfoOf(manifest()); }

std::vector<uint64_t> TableDataset::version_numbers() const {
  std::vector<uint64_t> numbers;
  for (const table::VersionEntry& entry : table::ListVersions(*snapshot().store).versions) numbers.push_back(entry.version);
  return numbers;
}

std::vector<BasePath> TableDataset::base_paths() const {
  std::vector<BasePath> bases;
  for (const ::lance::table::BasePath& base : manifest().head().base_paths()) {
    bases.push_back({.id = base.id(),
                     .name = base.has_name() ? std::optional(base.name()) : std::nullopt,
                     .path = base.path(),
                     .is_dataset_root = base.is_dataset_root()});
  }
  return bases;
}

std::vector<VersionInfo> TableDataset::versions() const {
  std::vector<VersionInfo> infos;
  for (const table::VersionEntry& entry : table::ListVersions(*snapshot().store).versions) {
    try {
      infos.push_back(InfoOf(*table::ReadManifest(*snapshot().store, entry)));
    } catch (const Error& error) {
      const bool is_gone = error.kind() == ErrorKind::kNotFound;  // cleaned up since it was listed
      if (!is_gone && !(error.kind() == ErrorKind::kCorrupt && table::IsTorn(*snapshot().store, entry))) throw;
    }
  }
  return infos;
}

std::vector<FieldSize> TableDataset::FieldSizes() const {
  std::map<int32_t, FieldSize> by_id;
  for (size_t i = 0; i < manifest().num_fragments(); ++i) reader_->fragment(i).AddFieldSizes(reader_->context(nullptr), by_id);
  std::vector<FieldSize> sizes;
  for (const auto& [id, size] : by_id) sizes.push_back(size);
  return sizes;
}

std::vector<FragmentInfo> TableDataset::fragments() const {
  std::vector<FragmentInfo> infos;
  for (size_t i = 0; i < manifest().num_fragments(); ++i) {
    const query::FragmentReader& reader = reader_->fragment(i);
    const table::Fragment& fragment = manifest().fragment(i);
    FragmentInfo info{.id = fragment.id(), .physical_rows = reader.physical_rows(reader_->context(nullptr))};
    info.deleted_rows = info.physical_rows - reader.live_rows(reader_->context(nullptr));
    if (fragment.has_deletions()) info.deletion_file = table::DeletionFileName(fragment.id(), fragment.proto().deletion_file());
    for (int f = 0; f < fragment.num_files(); ++f) {
      const table::DataFileProto& file = fragment.file(f);
      info.files.push_back({.path = file.path(),
                            .field_ids = {file.fields().begin(), file.fields().end()},
                            .column_indices = {file.column_indices().begin(), file.column_indices().end()},
                            .major = file.file_major_version(),
                            .minor = file.file_minor_version(),
                            .size_bytes = file.file_size_bytes()});
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

void RequireNotOverwritten(const table::Snapshot& latest, const WriteOptions& options) {
  if (options.mode != WriteMode::kAppend || !options.not_overwritten_since) return;
  if (const std::optional<uint64_t> version = table::OverwrittenSince(latest, *options.not_overwritten_since)) {
    throw Conflict("this append (to version {}) contradicts version {}, an overwrite", *options.not_overwritten_since, *version);
  }
}

/// nullopt where there is no table.
std::optional<table::Snapshot> VersionToWriteOn(const io::ObjectStorePtr& store, const WriteOptions& options) {
  if (!options.unchanged_since) return table::FindLatest(store, options.session.get());
  table::Snapshot read = table::LoadSnapshot(store, options.unchanged_since, options.session.get());
  table::RequireOnLine(read);
  read.is_serializable = true;
  return read;
}

bool IsEmpty(const io::ObjectStore& store) { return store.List("").empty() && store.ListFolders("").empty(); }

/// As in the reference, a table that is made in memory does not know of one that had its URI: whoever holds that keeps it. Files without
/// a table, such as fragments to be committed, stay what they are.
io::ObjectStorePtr StoreToWriteTo(const io::ObjectStorePtr& named, const std::string& uri, const WriteOptions& options) {
  if (options.mode != WriteMode::kCreate || !options.initial_bases.empty() || uri == named->identity()) return named;
  const io::ObjectStorePtr replacement = io::MakeReplacement(named);
  if (!replacement) return named;
  return IsEmpty(*named) || table::TableExists(*named) ? replacement : named;
}

}  // namespace

io::ObjectStorePtr StoreFor(const std::string& uri, const Dataset* through) {
  const auto* known = dynamic_cast<const TableDataset*>(through);
  return known ? known->store() : io::OpenStore(uri);
}

DatasetPtr MakeDataset(std::string uri, table::Snapshot snapshot, std::shared_ptr<Session> session) {
  return std::make_shared<TableDataset>(std::move(uri), std::move(snapshot), std::move(session));
}

DatasetPtr Dataset::Open(const std::string& uri, const OpenOptions& options) {
  return InContext([&] { return fmt::format("dataset '{}'", uri); },
                   [&] {
                     std::shared_ptr<Session> session = SessionOrDefault(options.session);
                     table::Snapshot snapshot = table::LoadSnapshot(io::OpenStore(uri), options.version, session.get());
                     const auto opened = std::make_shared<TableDataset>(uri, std::move(snapshot), std::move(session));
                     const bool is_whole = std::holds_alternative<std::monostate>(options.reference);
                     return is_whole ? DatasetPtr(opened) : opened->Checkout(options.reference);
                   });
}

DatasetPtr Dataset::Write(RecordBatchReader& data, const std::string& uri, const WriteOptions& options, const Dataset* through) {
  return InContext([&] { return fmt::format("dataset '{}'", uri); },
                   [&] {
                     const io::ObjectStorePtr named = StoreFor(uri, through);
                     const io::ObjectStorePtr store = through ? named : StoreToWriteTo(named, uri, options);
                     const bool was_empty = store != named && IsEmpty(*named);
                     WriteOptions write = options;
                     write.session = SessionOrDefault(options.session);
                     // As in the reference, appending to or overwriting what does not exist creates it.
                     std::optional<table::Snapshot> read;
                     if (options.mode != WriteMode::kCreate) read = VersionToWriteOn(store, write);
                     if (read) RequireNotOverwritten(*read, write);
                     table::Snapshot written;
                     if (!read) written = mutate::Create(store, data, write);
                     else if (options.mode == WriteMode::kAppend) written = mutate::Append(*read, data, write);
                     else written = mutate::Overwrite(*read, data, write);
                     if (was_empty && !IsEmpty(*named)) throw AlreadyExists("'{}' came to hold something while this table was written", uri);
                     if (store != named) io::NameMemory(store);
                     mutate::Maintain(written, {.sync = mutate::SyncsFor(options.durability)}, write.session);
                     return std::make_shared<TableDataset>(uri, std::move(written), write.session);
                   });
}

}  // namespace eider
