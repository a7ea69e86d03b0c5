#pragma once
/// \file
/// Columns of a data file of version 0.1.
///
///     | pages ... | page table | schema? | metadata | i64 position of that | i16 0 | i16 minor | "LANC" |
///     page table:  for each field id from the least to the largest, for each batch: i64 position, i64 length
///     metadata, schema:  u32 length, message
///     statistics:  legacy_statistics.h
///
/// Columns are called by field id. A page is one batch of rows, and within lists the items of one batch; rows of the columns
/// are numbered by batch: (batch << 40) + row of the batch.

#include <map>

#include "eider/base/fork_safe_mutex.h"
#include "eider/file/file_reader.h"
#include "eider/file/legacy_statistics.h"
#include "eider/file/stored_column.h"

namespace eider::file {

class LegacyColumns final : public StoredColumns {
 public:
  /// `file` outlives the columns. \throws Error(kCorrupt), Error(kUnsupported) for a file that neither describes itself nor
  /// belongs to a table.
  LegacyColumns(const io::ReadableFile& file, const LegacyTable& table);

  uint64_t num_rows() const { return first_rows_.back(); }
  /// Of the file itself; empty when it has none.
  const LanceSchema& schema() const { return schema_; }

  const StoredColumn& Column(int32_t index) const override;
  page::RowRanges Locate(const page::RowRanges& rows) const override;
  bool counts_rows() const override { return false; }
  bool by_field_id() const override { return true; }
  std::vector<PageFacts> Facts(const LanceField& leaf, ScanStats* stats) const override;
  ArrayPtr Dictionary(const LanceField& field, const TypePtr& type) const override;

 private:
  void ReadMetadata(uint64_t position);
  void ReadSchema(uint64_t position);

  const io::ReadableFile& file_;
  const io::ReadableFilePtr dictionaries_;  // where dictionary values lie; absent: in the file itself
  LanceSchema schema_;
  std::vector<uint64_t> first_rows_;        // of each batch, and the end
  uint64_t page_table_ = 0;
  int32_t first_id_ = 0, last_id_ = -1;
  std::string statistics_;                  // a message: where the statistics of the batches are
  mutable ForkSafeMutex mutex_;
  mutable std::map<int32_t, std::unique_ptr<const StoredColumn>> columns_;
  mutable std::map<int32_t, std::vector<page::PageStatistics>> known_;
};

}  // namespace eider::file
