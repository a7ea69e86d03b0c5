#include "eider/reduce/decimal_fold.h"

#include <algorithm>
#include <cmath>

#include "eider/expr/native.h"
#include "eider/reduce/valid_values.h"

namespace eider::reduce {
namespace {

using expr::Int128;
using expr::Int256;

/// Two's complement in five words: room for 2^63 values of 256 bits.
class WideSum {
 public:
  template <typename T>
  void Add(const T& value) {
    constexpr size_t kWords = sizeof(T) / 8;
    uint64_t words[kWords];
    std::memcpy(words, &value, sizeof(T));
    const uint64_t sign = static_cast<int64_t>(words[kWords - 1]) < 0 ? ~uint64_t{0} : 0;
    unsigned char carry = 0;
    for (size_t i = 0; i < 5; ++i) {
      const uint64_t word = i < kWords ? words[i] : sign;
      carry = static_cast<unsigned char>(__builtin_add_overflow(words_[i], word, &words_[i]) | __builtin_add_overflow(words_[i], uint64_t{carry}, &words_[i]));
    }
  }
  void Merge(const WideSum& other) { Add(other.words_); }
  double ToDouble() const {
    WideSum magnitude = *this;
    const bool negative = static_cast<int64_t>(words_[4]) < 0;
    if (negative) magnitude.Negate();
    double value = 0;
    for (size_t i = 5; i-- > 0;) value = value * 0x1p64 + static_cast<double>(magnitude.words_[i]);
    return negative ? -value : value;
  }
  /// False when the sum has more digits.
  template <typename T>
  bool ToDecimal(int digits, T* out) const {
    WideSum magnitude = *this;
    if (static_cast<int64_t>(words_[4]) < 0) magnitude.Negate();
    WideSum limit;
    limit.words_[0] = 1;
    for (int i = 0; i < digits; ++i) limit.TimesTen();
    if (!std::lexicographical_compare(std::rbegin(magnitude.words_), std::rend(magnitude.words_), std::rbegin(limit.words_), std::rend(limit.words_))) return false;
    std::memcpy(out, words_, sizeof(T));
    return true;
  }

 private:
  void Negate() {
    unsigned char carry = 1;
    for (uint64_t& word : words_) carry = __builtin_add_overflow(~word, uint64_t{carry}, &word);
  }
  void TimesTen() {
    unsigned __int128 carry = 0;
    for (uint64_t& word : words_) {
      carry += static_cast<unsigned __int128>(word) * 10;
      word = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  uint64_t words_[5] = {};
};

template <typename T>
class DecimalFold final : public Fold {
 public:
  using Fold::Fold;
  ArrayPtr Min() const override { return num_values() ? expr::One(type(), low_) : Fold::Min(); }
  ArrayPtr Max() const override { return num_values() ? expr::One(type(), high_) : Fold::Max(); }
  ArrayPtr Sum() const override {
    if (num_values() == 0) return Fold::Sum();
    const TypePtr sum_type = SumType(*type());
    T sum;
    if (!sum_.ToDecimal(sum_type->precision, &sum)) {
      throw Invalid("the sum of {} values has more digits than {}", num_values(), TypeToString(*sum_type));
    }
    return expr::One(sum_type, sum);
  }
  ArrayPtr Mean() const override { return MakeMean(sum_.ToDouble() / std::pow(10.0, type()->scale)); }

 private:
  void AddValues(const Array& values) override {
    const uint8_t* data = values.buffers[0].data();
    const auto add = [&](int64_t i) { AddOne(LoadLe<T>(data + i * static_cast<int64_t>(sizeof(T)))); };
    VisitValid(values, [&](int64_t first, int64_t count) { for (int64_t i = 0; i < count; ++i) add(first + i); }, add);
  }
  void AddOne(const T& value) {
    if (!any_ || value < low_) low_ = value;
    if (!any_ || high_ < value) high_ = value;
    any_ = true;
    sum_.Add(value);
  }
  void MergeValues(const Fold& fold) override {
    const auto& other = static_cast<const DecimalFold&>(fold);
    if (!other.any_) return;
    if (!any_ || other.low_ < low_) low_ = other.low_;
    if (!any_ || high_ < other.high_) high_ = other.high_;
    any_ = true;
    sum_.Merge(other.sum_);
  }

  T low_{}, high_{};
  bool any_ = false;
  WideSum sum_;
};

}  // namespace

std::unique_ptr<Fold> MakeDecimalFold(const TypePtr& type) {
  if (type->id == TypeId::kDecimal128) return std::make_unique<DecimalFold<Int128>>(type);
  return std::make_unique<DecimalFold<Int256>>(type);
}

}  // namespace eider::reduce
