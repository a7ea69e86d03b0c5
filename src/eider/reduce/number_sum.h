#pragma once
/// \file
/// Sums of numbers that lose nothing on the way: integers in 128 bits, floats with the error of each addition carried beside the sum.

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "eider/base/bytes.h"

namespace eider::reduce {

/// Of integers of at most 64 bits, 2^63 of them at least.
class IntegerSum {
 public:
  template <typename T>
  void Add(const uint8_t* values, int64_t count) {
    if constexpr (sizeof(T) < 8) {
      constexpr int64_t kBlock = int64_t{1} << 30;  // whose sum fits 64 bits
      for (; count > 0; count -= kBlock, values += kBlock * static_cast<int64_t>(sizeof(T))) {
        std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t> sum = 0;
        for (int64_t i = 0; i < std::min(count, kBlock); ++i) sum += LoadLe<T>(values + i * static_cast<int64_t>(sizeof(T)));
        sum_ += sum;
      }
    } else {
      __int128 sum = 0;
      for (int64_t i = 0; i < count; ++i) sum += LoadLe<T>(values + i * 8);
      sum_ += sum;
    }
  }
  template <typename T>
  void AddOne(T value) { sum_ += value; }
  void Merge(const IntegerSum& other) { sum_ += other.sum_; }
  __int128 value() const { return sum_; }

 private:
  __int128 sum_ = 0;
};

/// Of floats: several sums side by side, each with the sum of what its additions rounded away.
class FloatSum {
 public:
  template <typename T>
  void Add(const uint8_t* values, int64_t count) {
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      for (int lane = 0; lane < kLanes; ++lane) {
        AddTo(lane, LoadLe<T>(values + (i + lane) * static_cast<int64_t>(sizeof(T))));
      }
    }
    for (; i < count; ++i) AddTo(0, LoadLe<T>(values + i * static_cast<int64_t>(sizeof(T))));
  }
  template <typename T>
  void AddOne(T value) { AddTo(0, value); }
  void Merge(const FloatSum& other) {
    for (int lane = 0; lane < kLanes; ++lane) {
      AddTo(lane, other.sums_[lane]);
      errors_[lane] += other.errors_[lane];
    }
  }
  double value() const {
    FloatSum all;
    for (int lane = 0; lane < kLanes; ++lane) {
      all.AddTo(0, sums_[lane]);
      all.errors_[0] += errors_[lane];
    }
    // The errors of infinite sums are no numbers.
    return std::isfinite(all.sums_[0]) ? all.sums_[0] + all.errors_[0] : all.sums_[0];
  }

 private:
  static constexpr int kLanes = 4;
  void AddTo(int lane, double value) {
    const double sum = sums_[lane] + value, part = sum - sums_[lane];
    errors_[lane] += (sums_[lane] - (sum - part)) + (value - part);
    sums_[lane] = sum;
  }
  double sums_[kLanes] = {}, errors_[kLanes] = {};
};

}  // namespace eider::reduce
