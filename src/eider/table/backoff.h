#pragma once
/// \file
/// Pauses of writers that are in each other's way.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <thread>

namespace eider::table {

/// Each pause may be twice as long as the one before, and is of random length, so that writers who meet again and again part.
class Backoff {
 public:
  explicit Backoff(std::chrono::nanoseconds unit) : unit_(std::clamp(unit, kLeast, kMost)) {}

  void Wait() {
    std::random_device random;
    const int64_t longest = std::min(unit_ * (int64_t{1} << std::min(waits_++, 8)), kMost).count();
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::uniform_int_distribution<int64_t>(0, longest)(random)));
  }

 private:
  static constexpr std::chrono::nanoseconds kLeast = std::chrono::microseconds(100), kMost = std::chrono::milliseconds(200);

  const std::chrono::nanoseconds unit_;
  int waits_ = 0;
};

}  // namespace eider::table
