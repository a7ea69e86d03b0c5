#pragma once
/// \file
/// Adds the time of a stage to a scan's statistics.

#include <eider/stats.h>

#include <chrono>

namespace eider::query {

using Stage = std::atomic<uint64_t> ScanStats::*;

/// Adds the time between its construction and its end. Without statistics it does nothing.
class StageTimer {
 public:
  StageTimer(Stage stage, ScanStats* stats) : stage_(stage), stats_(stats) {
    if (stats_) start_ = std::chrono::steady_clock::now();
  }
  ~StageTimer() {
    if (!stats_) return;
    const auto time = std::chrono::steady_clock::now() - start_;
    (stats_->*stage_).fetch_add(static_cast<uint64_t>(std::chrono::nanoseconds(time).count()), std::memory_order_relaxed);
  }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  const Stage stage_;
  ScanStats* const stats_;
  std::chrono::steady_clock::time_point start_;
};

/// Counts rows of a stage.
inline void AddRows(Stage stage, uint64_t rows, ScanStats* stats) {
  if (stats) (stats->*stage).fetch_add(rows, std::memory_order_relaxed);
}

}  // namespace eider::query
