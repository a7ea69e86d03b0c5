#pragma once
/// \file
/// Pauses of writers that are in each other's way.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <thread>

namespace eider::table {

/// Pauses of random length, so that writers who meet again and again part. Each may be twice as long as the one before, up to so many
/// attempts that as many writers find room between them; what a pause is measured by is the shortest attempt seen.
class Backoff {
 public:
  explicit Backoff(std::chrono::nanoseconds attempt) : unit_(attempt) {}

  /// `attempt`: how long the one took that failed.
  void Wait(std::chrono::nanoseconds attempt) {
    unit_ = std::clamp(std::min(unit_, attempt), kLeast, kMost);
    Wait();
  }
  void Wait() {
    std::random_device random;
    const int64_t longest = (unit_ * (int64_t{1} << std::min(++waits_, kMaxDoublings))).count();
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::uniform_int_distribution<int64_t>(0, longest)(random)));
  }

 private:
  static constexpr std::chrono::nanoseconds kLeast = std::chrono::microseconds(100), kMost = std::chrono::milliseconds(50);
  static constexpr int kMaxDoublings = 5;

  std::chrono::nanoseconds unit_;
  int waits_ = 0;
};

}  // namespace eider::table
