#pragma once
/// \file
/// Counts what is asked of files: for a store, and for the process.

#include <eider/stats.h>

#include <memory>

namespace eider::io {

class IoCounters {
 public:
  /// Of all stores.
  static IoCounters& Process();

  void AddReads(uint64_t requests, uint64_t bytes);
  void AddWrite(uint64_t bytes);
  IoStats Get() const;
  /// The same, and counts from 0 again.
  IoStats Take();

 private:
  std::atomic<uint64_t> reads_{0}, read_bytes_{0}, writes_{0}, written_bytes_{0};
};
using IoCountersPtr = std::shared_ptr<IoCounters>;

}  // namespace eider::io
