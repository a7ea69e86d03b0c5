#include "eider/reduce/number_fold.h"

#include <cmath>
#include <limits>
#include <optional>

#include "eider/expr/exact_number.h"
#include "eider/reduce/number_sum.h"
#include "eider/reduce/valid_values.h"

namespace eider::reduce {
namespace {

template <typename T>
struct Extremes {
  static constexpr bool kFloats = std::is_floating_point_v<T>;
  T low = kFloats ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  T high = kFloats ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
  bool has_nan = false;

  bool any() const { return low <= high; }
  void Add(T value) {
    low = value < low ? value : low;
    high = value > high ? value : high;
    if constexpr (kFloats) has_nan |= value != value;
  }
  // Plain loops over local variables are what a compiler turns into vector code.
  void Add(const uint8_t* values, int64_t count) {
    Extremes here = *this;
    for (int64_t i = 0; i < count; ++i) here.Add(LoadLe<T>(values + i * static_cast<int64_t>(sizeof(T))));
    *this = here;
  }
  void Merge(const Extremes& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
    has_nan |= other.has_nan;
  }
};

template <typename T>
std::optional<T> ReadBound(const std::optional<std::string>& bound) {
  if (!bound || bound->size() != sizeof(T)) return std::nullopt;
  return LoadLe<T>(reinterpret_cast<const uint8_t*>(bound->data()));
}

template <typename T>
class NumberFold final : public Fold {
  static constexpr bool kFloats = std::is_floating_point_v<T>;

 public:
  NumberFold(const TypePtr& type, const Wanted& wanted) : Fold(type), wanted_(wanted) {}

  bool AddExtremes(const page::PageStatistics& page) override {
    if (kFloats && page.has_nan && !page.min) return extremes_.has_nan = true;  // nothing but NaN
    const std::optional<T> low = ReadBound<T>(page.min), high = ReadBound<T>(page.max);
    if (!low || !high || page.min_is_cut || page.max_is_cut) return false;
    extremes_.Merge({.low = *low, .high = *high, .has_nan = page.has_nan});
    return true;
  }

  bool MayWiden(const page::PageStatistics& page) const override {
    const std::optional<T> low = ReadBound<T>(page.min), high = ReadBound<T>(page.max);
    if (!low || !high || !extremes_.any()) return true;
    if (wanted_.min && *low < extremes_.low) return true;
    return wanted_.max && !extremes_.has_nan && (page.has_nan || *high > extremes_.high);
  }

  ArrayPtr Min() const override {
    if (num_values() == 0) return Fold::Min();
    return One(extremes_.any() ? extremes_.low : NotANumber());
  }
  ArrayPtr Max() const override {
    if (num_values() == 0) return Fold::Max();
    return One(extremes_.has_nan ? NotANumber() : extremes_.high);
  }
  ArrayPtr Sum() const override {
    if (num_values() == 0) return Fold::Sum();
    const TypePtr sum_type = SumType(*type());
    if constexpr (kFloats) {
      return expr::One(sum_type, sum_.value());
    } else {
      using Result = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
      const __int128 sum = sum_.value();
      if (sum < std::numeric_limits<Result>::min() || sum > std::numeric_limits<Result>::max()) {
        throw Invalid("the sum of {} values is {}, which {} does not hold; cast them to decimal(38, 0)", num_values(),
                      expr::DecimalToText(sum, 0), TypeToString(*sum_type));
      }
      return expr::One(sum_type, static_cast<Result>(sum));
    }
  }
  ArrayPtr Mean() const override { return MakeMean(static_cast<double>(sum_.value())); }

 private:
  void AddValues(const Array& values) override {
    const uint8_t* data = values.buffers[0].data();
    const auto at = [data](int64_t i) { return data + i * static_cast<int64_t>(sizeof(T)); };
    if (wanted_.bounds()) {
      VisitValid(values, [&](int64_t first, int64_t count) { extremes_.Add(at(first), count); },
                 [&](int64_t i) { extremes_.Add(LoadLe<T>(at(i))); });
    }
    if (wanted_.sum) {
      VisitValid(values, [&](int64_t first, int64_t count) { sum_.template Add<T>(at(first), count); },
                 [&](int64_t i) { sum_.AddOne(LoadLe<T>(at(i))); });
    }
  }
  void MergeValues(const Fold& other) override {
    extremes_.Merge(static_cast<const NumberFold&>(other).extremes_);
    sum_.Merge(static_cast<const NumberFold&>(other).sum_);
  }
  static T NotANumber() { return std::numeric_limits<T>::quiet_NaN(); }
  ArrayPtr One(T value) const { return expr::One(type(), value == 0 ? T{0} : value); }

  const Wanted wanted_;
  Extremes<T> extremes_;
  std::conditional_t<kFloats, FloatSum, IntegerSum> sum_;
};

}  // namespace

std::unique_ptr<Fold> MakeNumberFold(const TypePtr& type, const Wanted& wanted) {
  return expr::VisitNative(type->id, [&]<typename T>(T) -> std::unique_ptr<Fold> {
    if constexpr (std::is_class_v<T> || sizeof(T) > 8) throw Unsupported("a {} is no number of 64 bits", TypeToString(*type));
    else return std::make_unique<NumberFold<T>>(type, wanted);
  });
}

}  // namespace eider::reduce
