#pragma once
/// \file
/// What a scan or take reads and how.

#include <eider/array.h>
#include <eider/stats.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eider {

/// What a blob column yields.
enum class BlobHandling : uint8_t {
  kDescriptions,  ///< structs that say where the bytes lie; see blob.h for the bytes
  kBinary,        ///< the bytes, as a large binary column
};

/// An expression in SQL over the columns of a table, and the values of its parameters `$1`, `$2`... and `$name`: arrays of one value.
struct SqlExpression {
  std::string text;
  std::vector<ArrayPtr> positional;
  std::vector<std::pair<std::string, ArrayPtr>> named;
};

/// A key of a sort. NaN is greater than every number, text and binary are compared by bytes.
struct SortKey {
  std::string column;  ///< a path
  bool ascending = true;
  bool nulls_first = false;
};

/// A column that an expression yields.
struct ComputedColumn {
  std::string name;
  SqlExpression expression;
  TypePtr type = nullptr;  ///< to cast to; null: as it comes
};

/// When a filter leaves few rows of a block, which of the columns that it does not want are read row by row. Changes what is read, never
/// the answer; a block without a row that passes is not read at all.
enum class LateColumns : uint8_t {
  kByCost,  ///< those for which that costs less than the block
  kAll,
  kNone,
  kNamed,  ///< those of late_columns, the others block by block
};

struct ScanOptions {
  std::optional<std::vector<std::string>> columns;  ///< nested paths allowed; unset: all
  std::vector<ComputedColumn> computed;             ///< come after the others; a struct of which they want fields has those too
  std::optional<SqlExpression> filter;              ///< rows for which this is true
  std::vector<SortKey> order_by;                    ///< rows that are equal by all keys stay in row order
  std::optional<uint64_t> limit, offset;            ///< of the rows that pass
  std::optional<std::vector<uint64_t>> fragment_ids;
  uint64_t batch_rows = 8192;   ///< at most; fewer where rows are wide, and at the ends of fragments
  uint64_t batch_bytes = 0;     ///< about so many at most; 0: no bound
  bool strict_batches = false;  ///< every batch but the last has batch_rows rows
  bool in_order = true;         ///< false: batches come as they are read
  bool include_deleted_rows = false;  ///< they have no row id; needs with_row_id
  LateColumns late = LateColumns::kByCost;
  std::vector<std::string> late_columns;  ///< paths: the top-level column of each
  BlobHandling blob_handling = BlobHandling::kDescriptions;
  bool with_row_id = false;       ///< adds _rowid
  bool with_row_address = false;  ///< adds _rowaddr
  ScanStats* stats = nullptr;     ///< must outlive the scan
};

}  // namespace eider
