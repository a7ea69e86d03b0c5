#pragma once
/// \file
/// What a read cost. Requests and bytes count what was asked of io/ after coalescing, whether the file is mapped or not.

#include <atomic>
#include <cstdint>

namespace eider {

struct ScanStats {
  std::atomic<uint64_t> requests{0};      ///< ranges asked for, after coalescing
  std::atomic<uint64_t> bytes{0};         ///< bytes of those ranges
  std::atomic<uint64_t> rounds{0};        ///< dependent waves of requests
  std::atomic<uint64_t> bytes_copied{0};  ///< decoded bytes written into output buffers; a view of the file costs 0

  std::atomic<uint64_t> rows_filtered{0};  ///< rows whose columns of the filter were decoded; pruned pages are not among them
  std::atomic<uint64_t> rows_read{0};      ///< rows of which columns for the answer, or keys of a sort, were decoded
  // Nanoseconds by stage, summed over threads: they run side by side, so that the sum may be more than the time that went by.
  std::atomic<uint64_t> filter_read_ns{0};  ///< reading and decoding the columns of the filter
  std::atomic<uint64_t> filter_ns{0};       ///< evaluating it
  std::atomic<uint64_t> sort_ns{0};         ///< sorting keys
  std::atomic<uint64_t> read_ns{0};         ///< reading and decoding what is answered, and the keys of a sort
};

/// What was asked of files. Ranges of one wave that lie next to each other are one read, as in ScanStats; a file is one write.
struct IoStats {
  uint64_t reads = 0, read_bytes = 0;
  uint64_t writes = 0, written_bytes = 0;
};

}  // namespace eider
