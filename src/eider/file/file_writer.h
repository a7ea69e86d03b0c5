#pragma once
/// \file
/// Writes one Lance data file (version 2.0, 2.1 or 2.2) from a stream of batches, in one sequential pass and bounded memory.

#include <eider/array.h>
#include <eider/schema.h>
#include <eider/session.h>

#include <memory>

#include "eider/file/file_reader.h"
#include "eider/file/side_cars.h"
#include "eider/io/store.h"
#include "eider/page/column_leaf.h"

namespace eider::file {

struct FileWriteOptions {
  FileVersion version{2, 2};
  /// Encoded input held per file before pages are flushed, shared by the columns; shrunk to fit the session's budget.
  uint64_t buffered_bytes = 32 << 20;
  uint64_t max_page_bytes = 32 << 20;
  page::EncodingRequest encoding = {};  ///< kInvalid for a path that the file lacks
  bool checksums = true;  ///< checksums and page statistics in one more global buffer
  BlobWriteOptions blobs = {};
};

struct FileSummary {
  uint64_t num_rows = 0;
  uint64_t size_bytes = 0;
  std::vector<int32_t> field_ids;       ///< leaves only, as the reference writes since 2.1
  std::vector<int32_t> column_indices;
  FileVersion version;
};

class FileWriter {
 public:
  /// `schema` gives names, types, ids and `lance-encoding:*` metadata. \throws Error(kUnsupported) for an encoding request or
  /// type that cannot be written in this version, naming it and the field.
  FileWriter(std::unique_ptr<io::WritableFile> file, LanceSchema schema, const FileWriteOptions& options,
             std::shared_ptr<Session> session);
  ~FileWriter();

  /// Columns by position, types equal to the schema's. Slices and odd offsets are fine. \throws Error(kInvalid) for a batch that does
  /// not fit, which changes nothing; after any other error the file is given up, and every later call says so.
  void Write(const RecordBatch& batch);
  uint64_t num_rows() const;
  uint64_t bytes_written() const;
  /// Returns the buffer's index (from 1).
  uint32_t AddGlobalBuffer(ByteSpan bytes);
  void AddSchemaMetadata(std::string key, std::string value);
  /// Writes what is left, metadata and footer, and closes the file; `sync` makes it durable.
  FileSummary Finish(bool sync);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace eider::file
