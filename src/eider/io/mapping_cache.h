#pragma once
/// \file
/// Mapped files, shared by everyone who opens the same one. A first touch of a fresh mapping faults page by page, so the
/// mappings used last stay mapped after their users are gone. A mapping keeps its file's inode from being given to another file,
/// so that an identity cannot come to mean other bytes; a copy would not.

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "eider/base/bytes.h"
#include "eider/base/fork_safe_mutex.h"

namespace eider::io {

/// Names one state of one file: a file that was replaced or changed has another identity.
struct FileIdentity {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t modified_ns = 0;  // four words, no padding
  auto operator<=>(const FileIdentity&) const = default;
};

class MappingCache {
 public:
  explicit MappingCache(size_t max_mappings) : max_mappings_(max_mappings) {}
  static MappingCache& Process();

  /// The mapping, or an absent Buffer when nobody mapped this file lately.
  Buffer Find(const FileIdentity& identity);
  /// Maps the file (or finds it mapped by another thread); absent when the system refuses, or the file is shorter than that.
  Buffer Map(const FileIdentity& identity, int fd);
  /// Lets go of a file that is about to be deleted, so that its space can be freed.
  void Forget(const FileIdentity& identity);
  size_t size() const;

 private:
  struct Entry {
    Buffer mapping;
    std::list<FileIdentity>::iterator use;
  };
  const size_t max_mappings_;
  mutable ForkSafeMutex mutex_;
  std::list<FileIdentity> uses_;  ///< most recent first
  std::map<FileIdentity, Entry> entries_;
};

}  // namespace eider::io
