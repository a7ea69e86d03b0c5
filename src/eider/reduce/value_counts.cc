#include "eider/reduce/value_counts.h"

#include <algorithm>
#include <limits>

#include "eider/array/row_keys.h"
#include "eider/base/hash_bytes.h"
#include "eider/expr/column.h"
#include "eider/reduce/valid_values.h"

namespace eider::reduce {
namespace {

/// Beyond these, values are too many or too long to count each.
constexpr size_t kMostKeys = 4096;
constexpr uint64_t kMostKeyBytes = 1 << 20, kLongKey = 1 << 10;
/// One slice in so many is the sample.
constexpr uint64_t kSampleOneIn = 8;

template <typename T>
T Canonical(T value) {
  if constexpr (std::is_floating_point_v<T>) return value != value ? std::numeric_limits<T>::quiet_NaN() : value + T{0};
  else return value;
}

template <typename T>
struct FixedAt {
  const uint8_t* values;
  T value{};
  ByteSpan operator()(int64_t i) {
    value = Canonical(LoadLe<T>(values + i * static_cast<int64_t>(sizeof(T))));
    return {reinterpret_cast<const uint8_t*>(&value), sizeof(T)};
  }
};

struct HalfAt {
  const uint8_t* values;
  uint16_t value = 0;
  ByteSpan operator()(int64_t i) {
    value = CanonicalHalf(LoadLe<uint16_t>(values + i * 2));
    return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
  }
};

struct WideAt {
  const uint8_t* values;
  uint64_t width;
  ByteSpan operator()(int64_t i) const { return {values + static_cast<uint64_t>(i) * width, width}; }
};

struct BitAt {
  const uint8_t* bits;
  uint8_t value = 0;
  ByteSpan operator()(int64_t i) {
    value = GetBit(bits, static_cast<uint64_t>(i));
    return {&value, 1};
  }
};

template <typename Offset>
struct TextAt {
  const Offset* offsets;
  const uint8_t* data;
  ByteSpan operator()(int64_t i) const { return {data + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i])}; }
};

}  // namespace

bool ValueCounts::Takes(const DataType& type) {
  const Layout layout = LayoutOf(type.id);
  return layout == Layout::kBits || layout == Layout::kVariable32 || layout == Layout::kVariable64 || (layout == Layout::kFixed && ByteWidth(type) <= 32);
}

template <typename At>
void ValueCounts::AddKeys(const Array& values, uint64_t weight, At&& at) {
  const auto add = [&](int64_t i) {
    const ByteSpan key = at(i);
    const uint64_t hash = HashBytes(key);
    if (estimate_) estimate_->Add(hash);
    if (weight > 0) Count(key, hash, weight);
  };
  VisitValid(values, [&](int64_t first, int64_t count) { for (int64_t i = first; i < first + count; ++i) add(i); }, add);
}

void ValueCounts::Add(const Array& values, uint64_t number) {
  const uint64_t weight = !estimate_ ? 1 : number % kSampleOneIn == 0 ? kSampleOneIn : 0;
  const uint8_t* data = values.buffers[0].data();
  switch (LayoutOf(values.type->id)) {
    case Layout::kBits: return AddKeys(values, weight, BitAt{data});
    case Layout::kVariable32: return AddKeys(values, weight, TextAt<int32_t>{values.buffers[0].as<int32_t>(), values.buffers[1].data()});
    case Layout::kVariable64: return AddKeys(values, weight, TextAt<int64_t>{values.buffers[0].as<int64_t>(), values.buffers[1].data()});
    default: break;
  }
  if (values.type->id == TypeId::kDouble) return AddKeys(values, weight, FixedAt<double>{data});
  if (values.type->id == TypeId::kFloat) return AddKeys(values, weight, FixedAt<float>{data});
  if (values.type->id == TypeId::kHalfFloat) return AddKeys(values, weight, HalfAt{data});
  switch (ByteWidth(*values.type)) {
    case 1: return AddKeys(values, weight, FixedAt<uint8_t>{data});
    case 2: return AddKeys(values, weight, FixedAt<uint16_t>{data});
    case 4: return AddKeys(values, weight, FixedAt<uint32_t>{data});
    case 8: return AddKeys(values, weight, FixedAt<uint64_t>{data});
    default: return AddKeys(values, weight, WideAt{data, ByteWidth(*values.type)});
  }
}

void ValueCounts::Count(ByteSpan key, uint64_t hash, uint64_t weight) {
  if (key.size() > kLongKey) {
    if (!estimate_) StartEstimate(), estimate_->Add(hash);
    return;
  }
  const uint32_t number = keys_.Number(key, hash);
  if (number == counts_.size()) counts_.push_back(0);
  counts_[number] += weight;
  if (counts_.size() <= kMostKeys && keys_.key_bytes() <= kMostKeyBytes) return;
  if (!estimate_) StartEstimate();
  if (counts_.size() > 2 * kMostKeys || keys_.key_bytes() > 2 * kMostKeyBytes) Prune();
}

void ValueCounts::StartEstimate() {
  estimate_.emplace();
  for (uint32_t number = 0; number < keys_.size(); ++number) estimate_->Add(keys_.HashAt(number));
}

// Takes from every count what half of them do not exceed, and forgets those: a frequent value stays.
void ValueCounts::Prune() {
  std::vector<uint64_t> sorted = counts_;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2));
  const uint64_t least = sorted[sorted.size() / 2];
  KeySet keys;
  std::vector<uint64_t> counts;
  for (uint32_t number = 0; number < counts_.size(); ++number) {
    if (counts_[number] <= least) continue;
    keys.Number(keys_.At(number), keys_.HashAt(number));
    counts.push_back(counts_[number] - least);
  }
  keys_ = std::move(keys);
  counts_ = std::move(counts);
}

void ValueCounts::Merge(const ValueCounts& other) {
  if (other.estimate_ && !estimate_) StartEstimate();
  if (other.estimate_) estimate_->Merge(*other.estimate_);
  for (uint32_t number = 0; number < other.counts_.size(); ++number) {
    if (estimate_ && !other.estimate_) estimate_->Add(other.keys_.HashAt(number));
    Count(other.keys_.At(number), other.keys_.HashAt(number), other.counts_[number]);
  }
}

ValueCounts::Top ValueCounts::MostFrequent(const TypePtr& type, size_t most) const {
  std::vector<uint32_t> order;
  for (uint32_t number = 0; number < counts_.size(); ++number) {
    if (counts_[number] > (estimate_ ? kSampleOneIn : 1)) order.push_back(number);
  }
  const auto is_before = [this](uint32_t a, uint32_t b) {
    if (counts_[a] != counts_[b]) return counts_[a] > counts_[b];
    return std::ranges::lexicographical_compare(keys_.At(a), keys_.At(b));
  };
  most = std::min(most, order.size());
  std::ranges::partial_sort(order, order.begin() + static_cast<ptrdiff_t>(most), is_before);
  order.resize(most);
  Top top;
  BufferBuilder fixed;
  expr::Builder<bool> bits(static_cast<int64_t>(most));
  expr::Builder<std::string_view> texts(static_cast<int64_t>(most));
  const Layout layout = LayoutOf(type->id);
  for (const uint32_t number : order) {
    const ByteSpan key = keys_.At(number);
    top.counts.push_back(counts_[number]);
    if (layout == Layout::kBits) bits.Append(key[0] != 0);
    else if (layout == Layout::kFixed) fixed.Append(key);
    else texts.Append({reinterpret_cast<const char*>(key.data()), key.size()});
  }
  if (layout == Layout::kFixed) top.values = expr::MakeFixed(type, static_cast<int64_t>(most), fixed.Finish());
  else top.values = layout == Layout::kBits ? bits.Finish(type) : texts.Finish(type);
  return top;
}

}  // namespace eider::reduce
