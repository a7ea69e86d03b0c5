#pragma once
/// \file
/// Which fragments a compaction rewrites, and what it did. Its parts for workers: a plan of tasks that any process executes, and one
/// commit of what came of them.

#include <eider/write_options.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eider {

/// Neighbours with fewer rows than the target are written together, and fragments of which many rows are deleted anew. Of other fragments
/// with many files the small files are written together: not those with blobs, and none larger than twice the smaller ones are together.
struct CompactionOptions {
  uint64_t target_rows_per_fragment = 1024 * 1024;
  /// Side-cars of blobs included. A fragment of so many wants no neighbours, however few rows it has.
  uint64_t target_bytes_per_fragment = uint64_t{1} << 30;
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  bool materialize_deletions = true;
  double materialize_deletions_threshold = 0.1;  ///< of a fragment's rows; beyond it, deleted ones are dropped
  uint64_t max_small_files = 16;                 ///< of a fragment; more are merged
  bool files_only = false;                       ///< no rows are written anew, only small files merged
  /// Tasks are planned, the oldest first, while all that they read stays within these.
  std::optional<uint64_t> max_source_fragments, max_source_rows, max_source_bytes;
  std::vector<uint64_t> excluded_fragment_ids;  ///< stay as they are, and part their neighbours
  /// What is finished is committed so often: a compaction that was killed goes on from there.
  std::chrono::nanoseconds commit_interval = std::chrono::seconds(10);
  ChangeOptions change;
};

struct CompactionMetrics {
  uint64_t fragments_removed = 0, fragments_added = 0;
  uint64_t files_removed = 0, files_added = 0;  ///< deletion files included
};

/// Fragments to be written together, or one whose small files are.
struct CompactionTask {
  uint64_t read_version = 0;
  std::vector<std::string> fragments;  ///< messages lance.table.DataFragment
  bool merges_files = false;
};
/// What came of a task. Its files lie there, and wait for the commit.
struct CompactionRewrite {
  uint64_t read_version = 0;
  std::vector<std::string> old_fragments, new_fragments;  ///< messages lance.table.DataFragment
  bool merges_files = false;
  CompactionMetrics metrics;
};

}  // namespace eider
