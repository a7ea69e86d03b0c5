#pragma once
/// \file
/// What a merge does with rows that a source and a table share by key, and with those that only one of them has.

#include <eider/scan_options.h>
#include <eider/write_options.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eider {

enum class WhenMatched : uint8_t { kDoNothing, kUpdateAll, kFail, kDelete };

/// How rows that are updated are written.
enum class MergeWriteMode : uint8_t {
  kRewriteRows,     ///< whole, at the end of the table
  kRewriteColumns,  ///< where they are: a new file for each fragment with the columns of the source. Of merges that do nothing but update
};

/// Rows match when the values of all key columns are equal: floats bit by bit, nulls never.
struct MergeInsertOptions {
  std::vector<std::string> on;  ///< top-level columns; empty: the table's primary key
  WhenMatched when_matched = WhenMatched::kDoNothing;
  /// Of kUpdateAll: over `source.x` and `target.x`. A matched row for which it is not true stays as it is.
  std::optional<SqlExpression> update_condition;
  bool insert_not_matched = false;  ///< rows of the source alone; columns that the source lacks become null
  bool delete_not_matched_by_source = false;
  std::optional<SqlExpression> delete_condition;  ///< unset: all rows that the table alone has
  MergeWriteMode write_mode = MergeWriteMode::kRewriteRows;
  TargetBases target_bases;  ///< of new fragments; files that replace columns of existing ones lie in the table's own folder
  ChangeOptions change;
};

struct MergeInsertMetrics {
  uint64_t num_inserted_rows = 0, num_updated_rows = 0, num_deleted_rows = 0;
};

}  // namespace eider
