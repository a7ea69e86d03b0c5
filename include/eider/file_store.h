#pragma once
/// \file
/// Files below a folder or in a memory, as they are, and the removal of whole tables.

#include <eider/buffer.h>
#include <eider/export.h>
#include <eider/stats.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace eider {

struct StoredFile {
  std::string path;  ///< below the root
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;  ///< since the Unix epoch
};

/// Thread-safe. Paths lie below the root: one with "..", an empty segment or a leading '/' is kInvalid. A file appears whole or not at all.
class EIDER_EXPORT FileStore {
 public:
  /// The folder at a path or file:// URI, or a memory:// one. It need not exist.
  static std::shared_ptr<FileStore> Open(const std::string& uri);
  virtual ~FileStore() = default;

  /// The root as an absolute path or URI, and that of a file.
  virtual const std::string& root() const = 0;
  virtual std::string UriOf(const std::string& path) const = 0;
  virtual bool Contains(const std::string& path) const = 0;
  /// Directly in a folder ("": the root). Unsorted; nothing where it does not exist.
  virtual std::vector<StoredFile> List(const std::string& folder) const = 0;
  virtual std::vector<std::string> ListFolders(const std::string& folder) const = 0;
  /// \throws Error(kNotFound), Error(kInvalid) for a range outside the file
  virtual Buffer Read(const std::string& path, uint64_t offset, uint64_t length) const = 0;
  /// \throws Error(kNotFound)
  virtual void Delete(const std::string& path) = 0;
  /// Copies a local file to `path`, or a file to a local one, and replaces what is there. \throws Error(kNotFound)
  virtual void Upload(const std::string& local_path, const std::string& path) = 0;
  virtual void Download(const std::string& path, const std::string& local_path) const = 0;
};

/// Removes a table with all that lies below `uri`. False when there is nothing. \throws Error(kInvalid) for what is no table.
EIDER_EXPORT bool DropTable(const std::string& uri);

/// What was asked of files in this process.
EIDER_EXPORT IoStats ProcessIoStats();

}  // namespace eider
