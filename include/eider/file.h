#pragma once
/// \file
/// Single Lance files without a table around them.

#include <eider/array.h>
#include <eider/export.h>
#include <eider/file_metadata.h>
#include <eider/schema.h>
#include <eider/session.h>
#include <eider/stats.h>
#include <eider/write_options.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace eider {

class EIDER_EXPORT FileReader {
 public:
  /// `path`: a local file or memory:// URI. \throws Error
  /// With `verify`, what is read is checked where the file has checksums, unless the session says no.
  static std::shared_ptr<FileReader> Open(const std::string& path, std::shared_ptr<Session> session = nullptr, bool verify = true);
  virtual ~FileReader() = default;
  virtual uint64_t num_rows() const = 0;
  virtual std::string version() const = 0;  ///< "2.2"
  virtual const LanceSchema& lance_schema() const = 0;
  virtual SchemaPtr schema() const = 0;
  virtual RecordBatch ReadRange(uint64_t first, uint64_t count, const std::optional<std::vector<std::string>>& columns = {},
                                ScanStats* stats = nullptr) const = 0;
  virtual RecordBatch Take(std::span<const uint64_t> rows, const std::optional<std::vector<std::string>>& columns = {},
                           ScanStats* stats = nullptr) const = 0;
  virtual uint32_t num_global_buffers() const = 0;
  virtual Buffer ReadGlobalBuffer(uint32_t index) const = 0;
  /// Columns and pages with encodings and bytes; DescribeFile makes text or JSON of it.
  virtual FileMetadata metadata() const = 0;
};

struct FileWriteOptions {
  std::string version = "2.2";  ///< "2.0", "2.1" or "2.2"
  uint64_t buffered_bytes = 32 << 20;
  uint64_t max_page_bytes = 32 << 20;
  EncodingOptions encoding = {};
  bool checksums = true;  ///< and page statistics: one more global buffer, which other engines ignore
};

class EIDER_EXPORT FileWriter {
 public:
  /// Creates `path`; nothing is visible there before Close().
  static std::unique_ptr<FileWriter> Create(const std::string& path, const Schema& schema,
                                                 const FileWriteOptions& options = {},
                                                 std::shared_ptr<Session> session = nullptr);
  virtual ~FileWriter() = default;
  /// A batch that does not fit (kInvalid) changes nothing; after any other error the file is given up, and every later call says so.
  virtual void Write(const RecordBatch& batch) = 0;
  virtual uint32_t AddGlobalBuffer(ByteSpan bytes) = 0;
  virtual void AddSchemaMetadata(const std::string& key, const std::string& value) = 0;
  /// Returns the number of rows.
  virtual uint64_t Close() = 0;
};

}  // namespace eider
