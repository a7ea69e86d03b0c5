#pragma once
/// \file
/// Which of the rows that share a key stay, and what became of the others.

#include <eider/write_options.h>

#include <cstdint>
#include <string>
#include <vector>

namespace eider {

enum class KeepRow : uint8_t { kFirst, kLast };  ///< in the order of rows

struct DeduplicateOptions {
  std::vector<std::string> on;  ///< top-level columns; empty: the table's primary key
  KeepRow keep = KeepRow::kFirst;
  bool dry_run = false;         ///< only count
  uint64_t max_listed = 1000;   ///< of removed rows, in the report
  ChangeOptions change;
};

/// Keys are equal when the values of all columns are: floats bit by bit, nulls never.
struct DeduplicationReport {
  uint64_t num_rows = 0;           ///< that were looked at
  uint64_t num_null_keys = 0;      ///< of them, rows with a null in their key: they stay
  uint64_t num_repeated_keys = 0;  ///< keys that several rows have
  uint64_t num_removed_rows = 0;   ///< or, of a dry run, to remove
  std::vector<uint64_t> removed;   ///< addresses of the first of these, in the order of rows
};

}  // namespace eider
