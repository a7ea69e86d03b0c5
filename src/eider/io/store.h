#pragma once
/// \file
/// Object stores: where files live. Paths given to a store are relative to its root, with '/' separators; a path with
/// "..", an empty segment or a leading '/' is kInvalid. Drivers: local folders (mapped), memory (tests and "memory://").

#include <eider/buffer.h>
#include <eider/stats.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/io/io_counters.h"

namespace eider::io {

/// An immutable file open for random reads. Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  virtual const std::string& path() const = 0;  ///< for messages
  virtual uint64_t size() const = 0;
  /// The whole file in memory (mapped MAP_PRIVATE|MAP_NORESERVE, or a memory object), or an absent Buffer. Its owner keeps
  /// the mapping alive.
  virtual Buffer Mapped() const = 0;
  /// Called before each read through Mapped(): touching a mapping beyond the end of a file that was cut short since kills the
  /// process. Cheap: looks at the file again at most every few milliseconds. \throws Error(kCorrupt)
  virtual void CheckNotCut() const {}
  /// Names this state of this file: whatever was learned from it holds for every file with the same name. Empty: unknown.
  virtual std::string StateName() const { return {}; }
  /// Reads exactly `range`. \throws Error(kIo), or kCorrupt when the range lies outside the file.
  virtual Buffer Read(ByteRange range) const = 0;
  /// Counts reads through Mapped(), which the file does not see; Read() counts itself.
  virtual void CountReads(uint64_t requests, uint64_t bytes) const { IoCounters::Process().AddReads(requests, bytes); }
};
using ReadableFilePtr = std::shared_ptr<const ReadableFile>;

/// A new file being written. Nothing is visible under its name before Close(); dropping it unclosed removes it.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual void Append(ByteSpan bytes) = 0;
  virtual uint64_t size() const = 0;
  /// Publishes the file; with `sync`, contents and folder entry are durable on return. Checks every write, flush, sync and
  /// close, and the final size. \throws Error(kIo)
  virtual void Close(bool sync) = 0;
};

struct FileInfo {
  std::string path;
  uint64_t size = 0;
  int64_t modified_ns = 0;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual const std::string& root() const = 0;  ///< for messages: a folder or URI
  /// What OpenStore finds this very store by, where its root may come to name another one; else "".
  virtual std::string identity() const { return {}; }
  /// \throws Error(kNotFound)
  virtual ReadableFilePtr Open(std::string_view path) const = 0;
  /// `known_size` != 0 spares a stat; a wrong size is kCorrupt.
  virtual ReadableFilePtr Open(std::string_view path, uint64_t known_size) const = 0;
  virtual std::unique_ptr<WritableFile> Create(std::string_view path) = 0;
  /// Writes a small file. False, and nothing changed, when `path` exists already (atomic among all writers and processes).
  /// With `sync`, the contents are durable on return; the name is after SyncFolder(), so that the caller knows which failed.
  virtual bool PutIfAbsent(std::string_view path, ByteSpan bytes, bool sync) = 0;
  /// Writes or replaces a small file atomically.
  virtual void Put(std::string_view path, ByteSpan bytes, bool sync) = 0;
  /// Writes or replaces a small file that nobody relies on: readers, and a crash, may see it half written.
  virtual void PutHint(std::string_view path, ByteSpan bytes) { Put(path, bytes, false); }
  /// Files directly in `folder` (no recursion, no folders); empty when it does not exist. Unsorted.
  virtual std::vector<FileInfo> List(std::string_view folder) const = 0;
  /// Names of the same files, without the folder. Costs less than List where sizes are asked for file by file.
  virtual void VisitNames(std::string_view folder, const std::function<void(std::string_view name)>& visit) const {
    for (const FileInfo& file : List(folder)) visit(std::string_view(file.path).substr(file.path.rfind('/') + 1));
  }
  /// Paths of the folders directly in `folder`; empty when it does not exist. Unsorted.
  virtual std::vector<std::string> ListFolders(std::string_view folder) const = 0;
  virtual bool Exists(std::string_view path) const = 0;
  /// A missing file is not an error.
  virtual void Delete(std::string_view path) = 0;
  /// Removes a folder that holds nothing; one that does, or is not there, stays as it is. No-op where folders are only names.
  virtual void DeleteEmptyFolder(std::string_view folder) = 0;
  /// Removes a folder ("": the root) with all that lies below it. A link goes, what it points to stays. False when it was not there.
  virtual bool DeleteTree(std::string_view folder) = 0;
  /// Removes the root if it is a folder that holds nothing at all. False when it was not there, or is only a name.
  /// \throws Error(kInvalid) when it is no folder or holds something, be it neither file nor folder
  virtual bool DeleteRoot() = 0;
  /// Gives files directly in `folder` other names, all at once: nobody, and no crash, sees some renamed and others not. Whoever adds a
  /// file meanwhile may find it under its name later. \throws Error(kUnsupported) where that cannot be had.
  virtual void RenameAll(std::string_view folder, const std::map<std::string, std::string>& names) = 0;
  /// fsyncs a folder (and its parents up to the root that were made by this store). No-op where it has no meaning.
  virtual void SyncFolder(std::string_view folder) = 0;
  /// The store that this one is a folder of, if it is.
  virtual std::shared_ptr<ObjectStore> Whole() const { return nullptr; }
  /// What was asked of its files by those who have this very object, or a folder of it. Null where nobody counts.
  virtual IoCounters* counters() const { return nullptr; }
};
using ObjectStorePtr = std::shared_ptr<ObjectStore>;

/// The store for a dataset URI: a path or file:// -> local, memory://name -> process memory.
/// \throws Error(kUnsupported) naming the scheme for any other.
ObjectStorePtr OpenStore(std::string_view uri);
/// The object at a URI of a known scheme, percent-decoded where the scheme is file. \throws Error(kInvalid) where it names none.
ReadableFilePtr OpenObject(const std::string& uri);
/// The part of `store` below `folder`, as a store of its own.
ObjectStorePtr OpenFolder(ObjectStorePtr store, std::string_view folder);
/// A fresh private memory, for tests; OpenStore("memory://name") gives the one that all openers of that name share.
ObjectStorePtr MakeMemoryStore(std::string name);
/// An empty memory for what `store` holds to be replaced: NameMemory puts it where that was, whose holders keep theirs. nullptr where
/// `store` is not found by a memory:// URI.
ObjectStorePtr MakeReplacement(const ObjectStorePtr& store);
/// From now on the URI leads to `replacement`, of MakeReplacement.
void NameMemory(const ObjectStorePtr& replacement);

/// Records calls for tests ("fsync data/x.lance", ...). Null removes the observer. Process-wide, test-only.
using IoObserver = void (*)(std::string_view operation, std::string_view path);
void SetIoObserver(IoObserver observer);

/// Reads many ranges of one file: sorts, coalesces (holes up to `max_hole`, requests up to `max_request`), counts into
/// `stats`, and answers a span per asked range. On a mapped file the spans point into the mapping.
struct CoalesceOptions {
  uint64_t max_hole_bytes = 4096;
  uint64_t max_request_bytes = 8 << 20;
};
/// Counts a wave of ranges as the requests that they coalesce to.
void CountRequests(std::span<const ByteRange> ranges, ScanStats* stats, const CoalesceOptions& options = {});

class RangeBatch {
 public:
  /// Fills `out[i]` for `ranges[i]`. The spans live as long as this object (or the mapping).
  /// \throws Error(kCorrupt) for a range outside the file, Error(kIo).
  void Read(const ReadableFile& file, std::span<const ByteRange> ranges, std::span<ByteSpan> out, ScanStats* stats,
            const CoalesceOptions& options = {});

 private:
  std::vector<Buffer> held_;
};

}  // namespace eider::io
