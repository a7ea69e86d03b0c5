#include "eider/page/dictionary_builder.h"

#include <bit>
#include <string_view>
#include <unordered_map>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::page {
namespace {

using codec::LeafValues;
using Kind = codec::ValueShape::Kind;

constexpr uint64_t kMinItems = 100;
constexpr uint64_t kMaxDistinct = 100000;
/// After so many items it must show that values repeat.
constexpr uint64_t kTrialItems = 4096;

bool IsVariable(const LeafValues& values) { return values.shape.kind == Kind::kVariable; }

std::string_view ValueAt(const LeafValues& values, uint64_t i) {
  const uint64_t width = values.shape.bits_per_value / 8;
  const ByteSpan bytes = IsVariable(values) ? values.Value(i) : values.data.subspan(i * width, width);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

uint64_t PlainBytes(const LeafValues& values) {
  if (!IsVariable(values)) return values.num_values * values.shape.bits_per_value / 8;
  return values.Offset(values.num_values) - values.Offset(0) + values.num_values * values.shape.offset_bytes;
}

GatheredValues Collect(const LeafValues& values, const std::vector<std::string_view>& distinct) {
  GatheredValues out;
  out.values.shape = values.shape;
  out.values.num_values = distinct.size();
  BufferBuilder data, offsets;
  for (const std::string_view value : distinct) {
    const uint64_t offset = data.size();
    offsets.Append(&offset, values.shape.offset_bytes);
    data.Append(value.data(), value.size());
  }
  const uint64_t end = data.size();
  offsets.Append(&end, values.shape.offset_bytes);
  out.owned.push_back(data.Finish());
  out.values.data = out.owned.back().span();
  if (IsVariable(values)) {
    out.owned.push_back(offsets.Finish());
    out.values.offsets = out.owned.back().span();
  }
  return out;
}

}  // namespace

std::optional<GatheredDictionary> BuildDictionary(const ShreddedLeaf& leaf, const LeafValues& values, const PageOptions& options) {
  const bool suits = IsVariable(values) || (values.shape.bits_per_value == 128 && values.shape.dimensions.empty());
  if (!suits || values.num_values < kMinItems || options.compression.scheme != codec::CompressionOptions::Scheme::kAuto) return std::nullopt;
  const double share = double(values.num_values) / std::max(options.dictionary_divisor, 1.0);
  const uint64_t limit = std::min<uint64_t>(kMaxDistinct, uint64_t(share));
  const Buffer validity = leaf.num_values < leaf.num_items ? ItemValidity(leaf) : Buffer();
  std::unordered_map<std::string_view, int32_t> numbers;
  std::vector<std::string_view> distinct;
  uint64_t distinct_bytes = 0;
  BufferBuilder indices(values.num_values * 4);
  for (uint64_t i = 0; i < values.num_values; ++i) {
    int32_t number = 0;
    if (!validity.present() || GetBit(validity.data(), i)) {
      const auto [it, added] = numbers.try_emplace(ValueAt(values, i), int32_t(distinct.size()));
      number = it->second;
      if (added) {
        distinct.push_back(it->first);
        distinct_bytes += it->first.size() + values.shape.offset_bytes;
        if (distinct.size() > limit) return std::nullopt;
      }
    }
    indices.AppendValue<int32_t>(number);
    if (i == kTrialItems && distinct.size() > kTrialItems / 2) return std::nullopt;
  }
  const uint64_t index_bytes = BytesForBits(values.num_values * std::bit_width(distinct.size()));
  if (double(distinct_bytes + index_bytes) >= options.dictionary_size_ratio * double(PlainBytes(values))) return std::nullopt;
  GatheredDictionary out;
  out.indices.values.shape.bits_per_value = 32;
  out.indices.values.num_values = values.num_values;
  out.indices.max_value_bytes = 4;
  out.indices.owned.push_back(indices.Finish());
  out.indices.values.data = out.indices.owned.back().span();
  out.dictionary = Collect(values, distinct);
  return out;
}

}  // namespace eider::page
