#pragma once
/// \file
/// What an open file keeps: the tail, and schema and columns as they are touched. Internal to this folder.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eider/base/shared_cache.h"
#include "eider/file/column_pages.h"
#include "eider/file/column_read.h"
#include "eider/file/file_reader.h"
#include "eider/file/file_tail.h"
#include "eider/file/stored_column.h"
#include "eider/file/zone_seeds.h"
#include "eider/page/field_plan.h"

namespace eider::file {

/// Rows given in any order, sorted when the first column asks for it.
class SortedRowsHolder {
 public:
  bool IsAscending(const FileRows& rows);
  /// Ascending, without duplicates.
  FileRows Get(const FileRows& rows);
  /// Of each wanted row among them, after Get.
  std::span<const int64_t> positions() const { return positions_; }

 private:
  std::optional<bool> ascending_;
  std::vector<uint64_t> rows_;
  std::vector<int64_t> positions_;
};

/// What is known of a file's contents: true for as long as the file keeps its state, so that readers of one session share it.
/// Grows as columns and pages are touched.
class FileState final : public Cacheable {
 public:
  /// Page state beyond `max_kept_bytes` is made anew by each read.
  FileState(FileTail file_tail, uint64_t max_kept_bytes, bool verify);
  ~FileState() override;
  uint64_t cached_bytes() const override { return kept_.bytes.load(std::memory_order_relaxed); }

  const FileTail& tail() const { return tail_; }
  const ColumnPages& Column(const io::ReadableFile& file, size_t index, ScanStats* stats) const;
  const LanceSchema& Schema(const io::ReadableFile& file, ScanStats* stats) const;
  /// The file's checksums; null when it has none, or they are not wanted.
  const FileSums* Sums(const io::ReadableFile& file, ScanStats* stats) const;

 private:
  const FileTail tail_;
  const bool verify_;
  mutable KeptBytes kept_;
  mutable std::atomic<const FileSums*> sums_{nullptr};
  mutable std::atomic<const LanceSchema*> schema_{nullptr};
  std::unique_ptr<std::atomic<const ColumnPages*>[]> columns_;
};

/// Of the buffers of an array, which a read made.
uint64_t CopiedBytes(const Array& array);

struct FileReader::Impl {
  io::ReadableFilePtr file;
  std::shared_ptr<const FileState> state;
  uint64_t num_rows = 0;

  std::string Where() const;
  const FileTail& tail() const { return state->tail(); }
  const ColumnPages& Column(size_t index, ScanStats* stats = nullptr) const { return state->Column(*file, index, stats); }
  /// Set for files before 2.1: their columns.
  std::unique_ptr<const StoredColumns> stored;
  /// Of a file of version 0.1.
  LanceSchema legacy_schema;
  ZoneSeeds seeds;
  std::vector<ArrayPtr> Read(std::span<const ColumnProjection> projections, const FileRows& rows, const ReadContext& context) const;
  /// Appends a read for each leaf that the file holds. \throws Error(kCorrupt)
  void AddReads(const ColumnProjection& projection, const page::FieldPlan& plan, const FileRows& rows, ScanStats* stats,
                std::vector<LeafRead>& reads) const;

  /// By page, of our own statistics; empty when there are none.
  std::vector<PageFacts> FactsOfPages(int32_t column, ScanStats* stats) const;
  /// By zone, of a zone map's seed; empty when there is none.
  std::vector<PageFacts> FactsOfZones(const LanceField& leaf, ScanStats* stats) const;

  void OpenStored(const LegacyTable& table, std::optional<uint64_t> known_rows);

 private:
  std::vector<ArrayPtr> ReadStored(std::span<const ColumnProjection> projections, const FileRows& rows,
                                   const ReadContext& context) const;
  std::vector<ArrayPtr> Assemble(std::span<const ColumnProjection> projections, std::span<const page::FieldPlan* const> plans,
                                 std::span<LeafRead> reads, const FileRows& rows, SortedRowsHolder& sorted,
                                 const std::vector<bool>& gathered, const ReadContext& context) const;
};

}  // namespace eider::file
