#pragma once
/// \file
/// Narrow columns decoded once for a shuffled epoch. A batch of rows from all over a file touches nearly every chunk of a narrow
/// column for a value or two; when the decoded columns fit in the memory budget, picking values out of them is many times
/// cheaper. Wide columns (vectors, images, text) gain nothing and are read from the file.
///
///     slab: row 0: | value of column 0 | value of column 1 | ... | bits: booleans, validity of nullable columns |  row 1: ...
///
/// Row by row, because a random row then costs a few cache lines, not one for each column. A batch is gathered block by block:
/// the rows of the next block are fetched into the cache while the columns of this one are taken apart.

#include <eider/row_reader.h>

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "eider/base/memory.h"
#include "eider/base/memory_budget.h"

namespace eider::loader {

class DecodedColumns {
 public:
  /// Decodes the columns of `schema` (what `columns` selects) that are primitives. Null when there are none, or when they would
  /// take more than a quarter of the session's memory, or more than is left of it.
  static std::shared_ptr<const DecodedColumns> TryDecode(const RowReader& dataset, const Schema& schema,
                                                         const std::optional<std::vector<std::string>>& columns,
                                                         std::shared_ptr<Session> session, ScanStats& stats);

  /// All columns of the schema for `positions`; the others are taken from the dataset. `options.columns` is not used.
  RecordBatch Take(const RowReader& dataset, const SchemaPtr& schema, std::span<const uint64_t> positions, ScanOptions options) const;

 private:
  struct Slot {
    size_t column = 0;    ///< of the schema
    TypePtr type;
    uint64_t width = 0;         ///< bytes of the value in the row; 0: a boolean, which is a bit
    uint64_t offset = 0;        ///< of the byte, or of the bit
    int64_t validity_bit = -1;  ///< -1: not nullable
  };
  void PlanRow(const Schema& schema);
  void Fill(const RowReader& dataset, uint64_t first, uint64_t count, ScanStats& stats);
  void FillBlock(std::span<const Array* const> arrays, uint64_t from, uint64_t count, uint64_t first_row);
  struct Target;
  void Gather(std::span<const uint64_t> positions, std::span<Target> targets) const;

  std::shared_ptr<Session> session_;  // outlives the charge
  BudgetCharge charge_;
  std::vector<Slot> slots_;
  std::vector<std::atomic<bool>> has_nulls_;  ///< by slot; all valid: nothing to gather
  std::vector<std::string> narrow_, others_;
  std::vector<uint8_t> all_valid_;  ///< the bits at the end of a row without nulls and with false booleans
  uint64_t row_bytes_ = 0;
  BufferBuilder slab_;
};

}  // namespace eider::loader
