#include "eider/mutate/write_fragments.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/base/error.h"
#include "eider/query/read_plan.h"
#include "eider/schema/blob_columns.h"

namespace eider::mutate {
namespace {

/// Cuts the stream into files.
class FragmentWriter {
 public:
  FragmentWriter(const LanceSchema& schema, NewDataFiles* files, uint64_t max_rows) : schema_(schema), files_(files), max_rows_(max_rows) {}

  void Write(const RecordBatch& batch) {
    if (batch.columns.empty() && batch.num_rows > 0) {
      throw Invalid("Cannot write with an empty schema: the data have rows ({} at first) and no columns", batch.num_rows);
    }
    for (int64_t first = 0; first < batch.num_rows;) {
      if (!writer_) Begin();
      const uint64_t room = max_rows_ - writer_->num_rows();
      const int64_t count = std::min<int64_t>(batch.num_rows - first, static_cast<int64_t>(std::min<uint64_t>(room, INT64_MAX)));
      writer_->Write(count == batch.num_rows ? batch : SliceBatch(batch, first, count));
      first += count;
      const bool full = writer_->num_rows() >= max_rows_ || writer_->bytes_written() >= files_->options().max_bytes_per_file;
      if (full) Finish();
    }
  }

  void Finish() {
    if (!writer_) return;
    table::DataFragmentProto fragment;
    fragment.set_physical_rows(writer_->num_rows());
    *fragment.add_files() = files_->Finish(*writer_, name_);
    writer_.reset();
    if (const auto& progress = files_->options().progress) progress->Complete(fragment.SerializeAsString());
    fragments_.push_back(std::move(fragment));
  }

  std::vector<table::DataFragmentProto>& fragments() { return fragments_; }

 private:
  void Begin() {
    if (const auto& progress = files_->options().progress) progress->Begin();
    writer_ = files_->Create(schema_, &name_);
  }

  const LanceSchema& schema_;
  NewDataFiles* files_;
  const uint64_t max_rows_;
  std::unique_ptr<file::FileWriter> writer_;
  std::string name_;
  std::vector<table::DataFragmentProto> fragments_;
};

}  // namespace

NewDataFiles::NewDataFiles(const io::ObjectStorePtr& store, WriteFragmentsOptions options) : options_(std::move(options)) {
  if (options_.places.empty()) options_.places = {OwnPlace(store)};
}

NewDataFiles::~NewDataFiles() {
  for (const Path& each : paths_) {
    try {
      each.store->Delete(each.path);
    } catch (const Error&) {
      // An orphan is harmless: no manifest lists it.
    }
  }
}

void NewDataFiles::Keep() {
  std::lock_guard lock(mutex_);
  paths_.clear();
}

void NewDataFiles::Remember(const io::ObjectStorePtr& store, std::string path) {
  std::lock_guard lock(mutex_);
  paths_.push_back({store, std::move(path)});
}

const DataPlace& NewDataFiles::PlaceFor(const std::string& name) {
  std::lock_guard lock(mutex_);
  const size_t place = num_placed_++ % options_.places.size();
  place_by_name_.emplace(name, place);
  return options_.places[place];
}

const DataPlace& NewDataFiles::PlaceOf(const std::string& name) {
  std::lock_guard lock(mutex_);
  return options_.places[place_by_name_.at(name)];
}

std::unique_ptr<file::FileWriter> NewDataFiles::Create(const LanceSchema& schema, std::string* name) {
  *name = table::NewDataFileName();
  const DataPlace& place = PlaceFor(*name);
  file::FileWriteOptions options{.version = options_.version,
                                 .max_page_bytes = options_.max_page_bytes,
                                 .encoding = options_.encoding,
                                 .checksums = options_.checksums};
  options.blobs = {.create_side_car = [this, place, data = place.PathOf(*name)](uint32_t blob_id) {
                     const std::string path = SideCarPath(data, blob_id);
                     Remember(place.store, path);
                     return place.store->Create(path);
                   },
                   .sync = options_.sync,
                   .pack_file_bytes = options_.blob_pack_file_bytes,
                   .external = options_.external_blobs};
  return std::make_unique<file::FileWriter>(place.store->Create(place.PathOf(*name)), schema, options, options_.session);
}

table::DataFileProto NewDataFiles::Finish(file::FileWriter& writer, const std::string& name) {
  const DataPlace& place = PlaceOf(name);
  Remember(place.store, place.PathOf(name));
  const file::FileSummary summary = writer.Finish(options_.sync);
  table::DataFileProto proto;
  proto.set_path(name);
  for (const int32_t id : summary.field_ids) proto.add_fields(id);
  for (const int32_t column : summary.column_indices) proto.add_column_indices(column);
  proto.set_file_major_version(summary.version.major);
  proto.set_file_minor_version(summary.version.minor);
  proto.set_file_size_bytes(summary.size_bytes);
  if (place.base_id) proto.set_base_id(*place.base_id);
  return proto;
}

void RequireOwnName(std::string_view column) {
  if (std::ranges::find(query::kSystemColumnNames, column) == query::kSystemColumnNames.end()) return;
  throw Invalid("column '{}': the name is kept for what a scan brings beside the columns", column);
}

LanceSchema TableColumns(const Schema& columns, file::FileVersion version, int32_t first_id) {
  for (const Field& field : columns.fields) RequireOwnName(field.name);
  Schema upgraded = columns;
  if (version.minor >= 2) {
    for (Field& field : upgraded.fields) field = UpgradeBlobs(field);
  }
  LanceSchema schema = ToLanceSchema(upgraded, first_id);
  for (const LanceField& field : schema.fields) RequireBlobVersion(field, version.minor);
  return schema;
}

std::vector<table::DataFragmentProto> WriteFragments(RecordBatchReader& data, const LanceSchema& schema, NewDataFiles* files,
                                                     std::optional<uint64_t> max_rows) {
  if (files->options().max_rows_per_file == 0) throw Invalid("max_rows_per_file is 0");
  if (files->options().max_bytes_per_file == 0) throw Invalid("max_bytes_per_file is 0");
  FragmentWriter writer(schema, files, max_rows.value_or(files->options().max_rows_per_file));
  while (const std::optional<RecordBatch> batch = data.Next()) {
    CheckInterrupt();
    writer.Write(*batch);
  }
  writer.Finish();
  return std::move(writer.fragments());
}

file::FileVersion WritableVersion(const std::string& storage_version) {
  if (storage_version == "2.2" || storage_version == "stable") return {2, 2};
  if (storage_version == "2.1") return {2, 1};
  if (storage_version == "2.0" || storage_version == "0.3") return {2, 0};
  for (const char* known : {"0.1", "legacy", "2.3", "next"}) {
    if (storage_version == known) throw Unsupported("writing data files of version {}: 2.0, 2.1 and 2.2 are written", storage_version);
  }
  throw Invalid("data_storage_version '{}': it must be 2.0, 2.1 or 2.2", storage_version);
}

}  // namespace eider::mutate
