#pragma once
/// \file
/// What an open file keeps: the tail, the schema, and columns as they are touched. Internal to this folder.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "eider/file/column_pages.h"
#include "eider/file/column_read.h"
#include "eider/file/file_reader.h"
#include "eider/file/file_tail.h"
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

struct FileReader::Impl {
  io::ReadableFilePtr file;
  FileTail tail;
  LanceSchema schema;
  std::unique_ptr<const FileSums> sums;  ///< null when the file has none, or they are not wanted
  uint64_t num_rows = 0;
  std::unique_ptr<std::atomic<const ColumnPages*>[]> columns;
  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<ColumnPages>> owned;

  std::string Where() const;
  /// Finds the checksums and verifies the schema. \throws Error(kCorrupt)
  void LoadSums(ScanStats* stats);
  const ColumnPages& Column(size_t index) const;
  std::vector<ArrayPtr> Read(std::span<const ColumnProjection> projections, const FileRows& rows, const ReadContext& context) const;

 private:
  void AddReads(const ColumnProjection& projection, const page::FieldPlan& plan, const FileRows& rows,
                std::vector<LeafRead>& reads) const;
  std::vector<ArrayPtr> Assemble(std::span<const ColumnProjection> projections, std::span<const page::FieldPlan* const> plans,
                                 std::span<LeafRead> reads, const FileRows& rows, SortedRowsHolder& sorted,
                                 const std::vector<bool>& gathered, const ReadContext& context) const;
};

}  // namespace eider::file
