#include <eider/file.h>

#include "eider/base/error.h"
#include "eider/file/file_reader.h"
#include "eider/file/file_writer.h"
#include "eider/io/store.h"
#include "eider/query/blob_places.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/json_columns.h"

namespace eider {
namespace {

struct StorePath {
  io::ObjectStorePtr store;
  std::string name;
};

// A file is opened through the store of its folder.
StorePath Locate(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty()) throw Invalid("'{}' names no file", path);
  return {io::OpenStore(folder), std::move(name)};
}

file::FileVersion ParseVersion(const std::string& version) {
  if (version == "2.2" || version == "stable") return {2, 2};
  if (version == "2.1") return {2, 1};
  if (version == "2.0" || version == "0.3") return {2, 0};
  throw Unsupported("writing file version '{}' (2.0, 2.1 and 2.2 can be written)", version);
}

class FileReaderFacade final : public FileReader {
 public:
  FileReaderFacade(io::ReadableFilePtr file, std::shared_ptr<const file::FileReader> reader, std::shared_ptr<Session> session)
      : file_(std::move(file)), reader_(std::move(reader)), session_(std::move(session)) {}

  uint64_t num_rows() const override { return reader_->num_rows(); }
  std::string version() const override { return reader_->version().ToString(); }
  const LanceSchema& lance_schema() const override { return reader_->schema(); }
  SchemaPtr schema() const override { return std::make_shared<const Schema>(ToArrowSchema(reader_->schema())); }
  uint32_t num_global_buffers() const override { return reader_->num_global_buffers(); }
  Buffer ReadGlobalBuffer(uint32_t index) const override { return reader_->ReadGlobalBuffer(index); }
  FileMetadata metadata() const override { return reader_->Metadata(); }

  RecordBatch ReadRange(uint64_t first, uint64_t count, const std::optional<std::vector<std::string>>& columns,
                        ScanStats* stats) const override {
    if (first > num_rows() || count > num_rows() - first) {
      throw Invalid("file '{}': rows [{}, +{}) are out of range, the file has {}", reader_->path(), first, count, num_rows());
    }
    const std::vector<file::ColumnProjection> projection = Projection(columns);
    return Batch(projection, static_cast<int64_t>(count),
                 reader_->ReadRange(projection, first, count, {.session = session_.get(), .stats = stats}), stats);
  }

  RecordBatch Take(std::span<const uint64_t> rows, const std::optional<std::vector<std::string>>& columns,
                   ScanStats* stats) const override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] >= num_rows()) {
        throw Invalid("file '{}': row {} at position {} is out of range, the file has {}", reader_->path(), rows[i], i, num_rows());
      }
    }
    const std::vector<file::ColumnProjection> projection = Projection(columns);
    return Batch(projection, static_cast<int64_t>(rows.size()),
                 reader_->Take(projection, rows, {.session = session_.get(), .stats = stats}), stats);
  }

 private:
  // The file's columns, pruned to the paths: leaves keep the column that they have in the full schema.
  std::vector<file::ColumnProjection> Projection(const std::optional<std::vector<std::string>>& paths) const {
    const std::vector<file::ColumnProjection> all = reader_->AllColumns();
    if (!paths) return all;
    std::vector<file::ColumnProjection> kept;
    for (const LanceField& field : Project(reader_->schema(), *paths).fields) {
      for (const file::ColumnProjection& column : all) {
        if (column.field.id != field.id) continue;
        file::ColumnProjection pruned{.field = field};
        size_t next_leaf = 0, next_list = 0;
        Prune(column.field, &field, column, &next_leaf, &next_list, &pruned);
        kept.push_back(std::move(pruned));
      }
    }
    return kept;
  }

  static void Prune(const LanceField& full, const LanceField* kept, const file::ColumnProjection& columns, size_t* next_leaf,
                    size_t* next_list, file::ColumnProjection* out) {
    if (full.IsLeaf()) {
      const int32_t column = columns.leaf_columns[(*next_leaf)++];
      if (kept) out->leaf_columns.push_back(column);
      return;
    }
    if (!columns.list_columns.empty() && full.logical_type != "struct") {
      const int32_t column = columns.list_columns[(*next_list)++];
      if (kept) out->list_columns.push_back(column);
    }
    for (const LanceField& child : full.children) {
      const LanceField* kept_child = nullptr;
      if (kept) {
        for (const LanceField& candidate : kept->children) {
          if (candidate.id == child.id) kept_child = &candidate;
        }
      }
      Prune(child, kept_child, columns, next_leaf, next_list, out);
    }
  }

  /// Blobs of form v1 lie in the file itself and are read with it; of others there are descriptors.
  RecordBatch Batch(const std::vector<file::ColumnProjection>& projection, int64_t num_rows, std::vector<ArrayPtr> arrays,
                    ScanStats* stats) const {
    LanceSchema schema{.metadata = reader_->schema().metadata};
    for (size_t i = 0; i < projection.size(); ++i) {
      const LanceField& field = projection[i].field;
      const bool has_bytes = HasBlobs(field) && !HasBlobsOf(field, BlobForm::kV2);
      if (has_bytes) arrays[i] = query::MaterializeBlobs(arrays[i], field, file_, reader_->blob_sums(stats), stats);
      schema.fields.push_back(has_bytes ? MaterializeBlobs(field) : field);
    }
    return {.schema = std::make_shared<const Schema>(ToArrowSchema(schema)), .num_rows = num_rows, .columns = std::move(arrays)};
  }

  const io::ReadableFilePtr file_;
  const std::shared_ptr<const file::FileReader> reader_;
  const std::shared_ptr<Session> session_;
};

class FileWriterFacade final : public FileWriter {
 public:
  FileWriterFacade(std::unique_ptr<io::WritableFile> file, const Schema& schema, const FileWriteOptions& options,
                   std::shared_ptr<Session> session)
      : schema_(ToLanceSchema(schema)), writer_(std::move(file), schema_,
                {.version = ParseVersion(options.version),
                 .buffered_bytes = options.buffered_bytes,
                 .max_page_bytes = options.max_page_bytes,
                 .encoding = {options.encoding.profile == EncodingProfile::kCompact, options.encoding.columns},
                 .checksums = options.checksums},
                std::move(session)) {}

  void Write(const RecordBatch& batch) override {
    RecordBatch stored = batch;
    for (size_t i = 0; i < std::min(stored.columns.size(), schema_.fields.size()); ++i) {
      stored.columns[i] = StoreJson(stored.columns[i], schema_.fields[i]);
    }
    writer_.Write(stored);
  }
  uint32_t AddGlobalBuffer(ByteSpan bytes) override { return writer_.AddGlobalBuffer(bytes); }
  void AddSchemaMetadata(const std::string& key, const std::string& value) override { writer_.AddSchemaMetadata(key, value); }
  uint64_t Close() override { return writer_.Finish(true).num_rows; }

 private:
  const LanceSchema schema_;
  file::FileWriter writer_;
};

}  // namespace

std::shared_ptr<FileReader> FileReader::Open(const std::string& path, std::shared_ptr<Session> session, bool verify) {
  if (!session) session = Session::Default();
  const StorePath place = Locate(path);
  io::ReadableFilePtr file = place.store->Open(place.name);
  auto reader = file::FileReader::Open(file, {.session = session.get(), .verify = verify});
  return std::make_shared<FileReaderFacade>(std::move(file), std::move(reader), std::move(session));
}

std::unique_ptr<FileWriter> FileWriter::Create(const std::string& path, const Schema& schema,
                                                         const FileWriteOptions& options, std::shared_ptr<Session> session) {
  if (!session) session = Session::Default();
  const StorePath place = Locate(path);
  return std::make_unique<FileWriterFacade>(place.store->Create(place.name), schema, options, std::move(session));
}

}  // namespace eider
