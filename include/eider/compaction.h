#pragma once
/// \file
/// Which fragments a compaction rewrites, and what it did.

#include <eider/write_options.h>

#include <cstdint>

namespace eider {

/// Neighbours with fewer rows than the target are written together, and fragments of which many rows are deleted anew.
struct CompactionOptions {
  uint64_t target_rows_per_fragment = 1024 * 1024;
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  bool materialize_deletions = true;
  double materialize_deletions_threshold = 0.1;  ///< of a fragment's rows; beyond it, deleted ones are dropped
  ChangeOptions change;
};

struct CompactionMetrics {
  uint64_t fragments_removed = 0, fragments_added = 0;
  uint64_t files_removed = 0, files_added = 0;  ///< deletion files included
};

}  // namespace eider
