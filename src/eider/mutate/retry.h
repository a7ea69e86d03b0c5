#pragma once
/// \file
/// Runs an operation again on newer versions while other writers get in its way.

#include <eider/write_options.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "eider/base/error.h"
#include "eider/table/snapshot.h"

namespace eider::mutate {

/// `attempt(snapshot)` on `read`, then on the newest version as often as it throws kRetryableConflict and the limits allow.
template <typename Attempt>
auto RunWithRetries(table::Snapshot read, const ChangeOptions& limits, Attempt&& attempt) {
  const auto start = std::chrono::steady_clock::now();
  for (uint32_t retry = 0;; ++retry) {
    try {
      return attempt(read);
    } catch (const Error& error) {
      const bool late = std::chrono::steady_clock::now() - start >= limits.retry_timeout;
      if (error.kind() != ErrorKind::kRetryableConflict || retry >= limits.conflict_retries || late) throw;
    }
    // Writers that meet again and again part: each waits longer, and by its own amount.
    const auto spread = std::hash<std::thread::id>()(std::this_thread::get_id()) % 1000;
    std::this_thread::sleep_for(std::chrono::microseconds((uint64_t{1} << std::min<uint32_t>(retry, 7)) * (500 + spread)));
    read = table::LoadSnapshot(read.store);
  }
}

}  // namespace eider::mutate
