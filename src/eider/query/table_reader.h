#pragma once
/// \file
/// Answers reads of one table version: takes by position, row ranges, scans. Positions count the live rows of the table in
/// fragment order. Thread-safe.

#include <eider/blob.h>
#include <eider/scan_options.h>

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "eider/base/fork_safe_mutex.h"
#include "eider/base/memory.h"
#include "eider/query/fragment_reader.h"
#include "eider/query/row_id_index.h"

namespace eider::query {

class TableReader : public std::enable_shared_from_this<TableReader> {
 public:
  TableReader(table::Snapshot snapshot, std::shared_ptr<Session> session);

  const table::Snapshot& snapshot() const { return snapshot_; }
  const std::shared_ptr<Session>& session() const { return session_; }
  size_t num_fragments() const { return fragments_.size(); }
  /// Opened when first touched.
  const FragmentReader& fragment(size_t index) const;
  uint64_t num_rows() const { return Starts().back(); }
  /// Live rows before each fragment, and the total at the end.
  const std::vector<uint64_t>& Starts() const;
  /// The same of all rows, deleted ones included.
  const std::vector<uint64_t>& PhysicalStarts() const;
  size_t FragmentOf(uint64_t position) const;

  /// The plan for these options; the latest one is kept, since loops ask for the same columns again and again.
  ReadPlanPtr Plan(const ScanOptions& options) const;
  RecordBatch Take(const ReadPlan& plan, std::span<const uint64_t> positions, ScanStats* stats) const;
  /// The same of some positions among all rows: the system columns of deleted ones are null. \pre they are in range
  RecordBatch TakeWithDeleted(const ReadPlan& plan, std::span<const uint64_t> positions, ScanStats* stats) const;
  /// Fields of plan.projected() that are `wanted` (all when it is empty), the others stay null. \pre the positions are in range
  std::vector<ArrayPtr> TakeFields(const ReadPlan& plan, std::span<const uint64_t> positions, const std::vector<bool>& wanted,
                                   ScanStats* stats) const;
  /// The same, with the options' computed columns.
  RecordBatch Take(const ScanOptions& options, std::span<const uint64_t> positions) const;
  /// Positions among the live rows; kNoRow for rows that are deleted or not there.
  std::vector<uint64_t> FindRows(std::span<const uint64_t> rows, RowNaming naming) const;
  RecordBatch ReadRange(const ReadPlan& plan, uint64_t first, uint64_t count, ScanStats* stats) const;
  std::unique_ptr<RecordBatchReader> Scan(const ScanOptions& options) const;
  /// The rows that Scan would yield.
  uint64_t CountRows(const ScanOptions& options) const;
  /// What Scan would do, for people.
  std::string Explain(const ScanOptions& options) const;

  /// The blobs of a column at rows, in their order, and the rows' addresses.
  std::vector<BlobPlace> PlaceBlobs(const std::string& column, std::span<const uint64_t> rows, RowNaming naming, ScanStats* stats,
                                    std::vector<uint64_t>* addresses) const;

  file::ReadContext context(ScanStats* stats) const { return {.session = session_.get(), .stats = stats}; }
  /// Puts read fields and computed system columns into the plan's output order. `live` are positions within the fragment.
  RecordBatch Assemble(const ReadPlan& plan, std::vector<ArrayPtr> fields, size_t fragment, std::span<const uint64_t> live,
                       const file::ReadContext& context) const;
  /// The same for physical rows [first, first + count), deleted ones included: their system columns are null.
  RecordBatch AssembleWithDeleted(const ReadPlan& plan, std::vector<ArrayPtr> fields, size_t fragment, uint64_t first, uint64_t count,
                                  const file::ReadContext& context) const;

 private:
  friend class TableTake;
  uint64_t AddressOf(uint64_t row, RowNaming naming, const file::ReadContext& context) const;
  const RowIdIndex& StableRowIds() const;
  std::optional<uint64_t> PositionOfAddress(uint64_t address) const;
  ReadPlanPtr MakePlan(const ScanOptions& options) const;
  /// Values of a column that no file holds, for rows of one fragment.
  void FillSystemColumn(SystemColumn column, size_t fragment, std::span<const uint64_t> live, std::span<const uint64_t> physical,
                        uint64_t* out) const;

  const table::Snapshot snapshot_;
  const std::shared_ptr<Session> session_;
  mutable ForkSafeMutex mutex_;
  mutable std::vector<std::unique_ptr<const FragmentReader>> fragments_;
  mutable std::unique_ptr<std::atomic<const FragmentReader*>[]> open_;
  mutable std::once_flag starts_once_, physical_starts_once_;
  mutable std::vector<uint64_t> starts_, physical_starts_;
  mutable std::once_flag row_ids_once_;
  mutable RowIdIndex row_ids_;
  mutable ReadPlanPtr last_plan_;
  mutable ScanOptions last_options_;
};

/// An array without nulls.
ArrayPtr MakeUInt64Array(BufferBuilder values, size_t count);
/// Its values. \pre it is of uint64, without nulls
std::span<const uint64_t> UInt64Values(const Array& array);

}  // namespace eider::query
