#pragma once
/// \file
/// Reads one Lance data file of any version: footer, column metadata, pages. Thread-safe after Open.

#include <eider/array.h>
#include <eider/file_metadata.h>
#include <eider/schema.h>
#include <eider/session.h>
#include <eider/stats.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>

#include "eider/io/store.h"

namespace eider::page {
struct FieldPlan;
struct PageStatistics;
}

namespace eider::file {

class BlobSums;

struct FileVersion {
  uint16_t major = 2;
  uint16_t minor = 2;
  bool operator==(const FileVersion&) const = default;
  /// "2.2", "0.1", ... (the footer's (0,3) is 2.0).
  std::string ToString() const;
  /// 2.0, as footers and as manifests say it: columns of arrays, not of leaves.
  bool IsArrays() const { return (major == 0 && minor == 3) || (major == 2 && minor == 0); }
  /// 0.1
  bool IsLegacy() const { return major == 0 && (minor == 1 || minor == 2); }
};

/// Rows of a file, which a row address counts with 32 bits. Nulls and constants take no bytes, so this alone bounds them.
inline constexpr uint64_t kMaxRows = uint64_t{1} << 32;

/// What a read is charged to and counted in; cheap to copy.
struct ReadContext {
  Session* session = nullptr;
  ScanStats* stats = nullptr;
  bool verify = true;  ///< of Open: check what is read where the file has checksums, unless the session says no
};

/// How a field's leaves become its arrays: worked out at the first read and kept beside the field. Copies start empty.
class PlanCache {
 public:
  PlanCache() = default;
  PlanCache(const PlanCache&) noexcept {}
  PlanCache& operator=(const PlanCache&) noexcept;
  ~PlanCache();
  const page::FieldPlan& Get(const LanceField& field) const;

 private:
  mutable std::atomic<const page::FieldPlan*> plan_{nullptr};
};

/// One top-level column to read: its field, pruned to the wanted leaves, and for each leaf (depth-first) the file column
/// that holds it. A leaf with column -1 is not in this file and reads as null.
struct ColumnProjection {
  LanceField field;
  std::vector<int32_t> leaf_columns;
  /// Before 2.1 a list has a column of its own: one for each list above or among the leaves, depth-first.
  std::vector<int32_t> list_columns = {};
  PlanCache plan = {};  ///< `field` must not change after the first read
};

/// What a file of version 0.1 leaves to its table.
struct LegacyTable {
  std::vector<int32_t> field_ids;   ///< of the fields in the file; empty: the file says so itself
  io::ReadableFilePtr manifest;     ///< where dictionary values lie; absent: in the file
};

/// What the file says of the values in some rows of a column.
struct PageFacts {
  uint64_t first_row = 0, num_rows = 0;
  const page::PageStatistics* statistics = nullptr;  ///< lives as long as the reader
};

class FileReader {
 public:
  /// \throws Error(kCorrupt) naming the file and what disagrees; Error(kUnsupported) naming a version we do not read.
  /// Metadata that a reader of the same session has parsed before is shared. With `known_rows` (a manifest says so) nothing but
  /// the footer is read here; every column read later must then have as many.
  static std::shared_ptr<const FileReader> Open(io::ReadableFilePtr file, const ReadContext& context = {},
                                                std::optional<uint64_t> known_rows = {}, const LegacyTable& table = {});
  ~FileReader();

  const std::string& path() const;
  FileVersion version() const;
  uint64_t num_rows() const;
  const LanceSchema& schema() const;  ///< of global buffer 0, parsed when first asked for
  uint32_t num_columns() const;
  uint32_t num_global_buffers() const;
  Buffer ReadGlobalBuffer(uint32_t index) const;
  /// Every top-level column of the file's own schema.
  std::vector<ColumnProjection> AllColumns() const;

  /// Rows [first, first + count) of each column. A plain full-zip page (fixed width, no levels) is returned as a view of the
  /// mapped file. \throws Error(kInvalid) when the range leaves the file.
  std::vector<ArrayPtr> ReadRange(std::span<const ColumnProjection> columns, uint64_t first, uint64_t count,
                                  const ReadContext& context) const;
  /// The rows at `rows`, order and duplicates kept. Reads and decodes only what they need.
  std::vector<ArrayPtr> Take(std::span<const ColumnProjection> columns, std::span<const uint64_t> rows,
                             const ReadContext& context) const;
  /// About what pages of the columns hold that each read reads anew, such as dictionaries that are too large to keep.
  uint64_t UnkeptStateBytes(std::span<const ColumnProjection> columns, const ReadContext& context) const;
  /// Checks what is read of the values of blob columns; null when the file has no checksums of them, or they are not wanted.
  std::shared_ptr<const BlobSums> blob_sums(ScanStats* stats) const;
  /// Counts ranges that were read through the mapping.
  void CountRanges(std::span<const ByteRange> ranges, ScanStats* stats) const;
  /// Columns and pages with encodings and bytes: for `inspect`, tests and bug reports. Reads chunk tables and chunk headers.
  FileMetadata Metadata() const;
  /// Pages, items and bytes of a column (of 0.1: of a field id), from its metadata alone. \throws Error(kCorrupt)
  FieldSize SizeOf(int32_t column) const;
  /// Of a leaf that has a value for each row: by page, or by batch of 0.1; empty when the file has no statistics of it.
  /// `column`: of the file, that holds it. \throws Error(kCorrupt)
  std::vector<PageFacts> Facts(const LanceField& leaf, int32_t column, const ReadContext& context) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }  ///< for this folder

 private:
  explicit FileReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace eider::file
