#pragma once
/// \file
/// Runs an operation again on newer versions while other writers get in its way.

#include <eider/write_options.h>

#include <chrono>

#include "eider/base/error.h"
#include "eider/table/backoff.h"
#include "eider/table/snapshot.h"

namespace eider::mutate {

/// `attempt(snapshot)` on `read`, then on the newest version as often as it throws kRetryableConflict and the limits allow. What a caller
/// read before is not read again here, so that an attempt in a serializable transaction is the only one.
template <typename Attempt>
auto RunWithRetries(table::Snapshot read, const ChangeOptions& limits, Attempt&& attempt) {
  const auto start = std::chrono::steady_clock::now();
  table::Backoff backoff(std::chrono::milliseconds(1));
  for (uint32_t retry = 0;; ++retry) {
    try {
      return attempt(read);
    } catch (const Error& error) {
      const bool late = std::chrono::steady_clock::now() - start >= limits.retry_timeout;
      if (error.kind() != ErrorKind::kRetryableConflict || retry >= limits.conflict_retries || late || read.is_serializable) throw;
    }
    backoff.Wait();
    read = table::LoadSnapshot(read.store);
  }
}

}  // namespace eider::mutate
