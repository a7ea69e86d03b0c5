#pragma once
/// \file
/// What a read cost. Counts what was asked of io/ after coalescing, whether the file is mapped or not.

#include <atomic>
#include <cstdint>

namespace eider {

struct ScanStats {
  std::atomic<uint64_t> requests{0};      ///< ranges asked for, after coalescing
  std::atomic<uint64_t> bytes{0};         ///< bytes of those ranges
  std::atomic<uint64_t> rounds{0};        ///< dependent waves of requests
  std::atomic<uint64_t> bytes_copied{0};  ///< decoded bytes written into output buffers; a view of the file costs 0
};

}  // namespace eider
