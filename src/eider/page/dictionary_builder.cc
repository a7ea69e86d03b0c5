#include "eider/page/dictionary_builder.h"

#include <bit>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"
#include "eider/page/distinct_values.h"

namespace eider::page {
namespace {

using codec::LeafValues;
using Kind = codec::ValueShape::Kind;

constexpr uint64_t kMinItems = 100;
constexpr double kSizeRatio = 0.8;
/// Runs of indices: their length takes a byte.
constexpr uint64_t kMaxRunLength = 255;
/// Indices into dictionaries of sparse pages, where a run is a value, take 16 bits up to here.
constexpr uint64_t kMaxNarrow = 65536;
/// A guess so far above the limit ends the search before it starts.
constexpr double kGuessMargin = 1.25;

bool IsVariable(const LeafValues& values) { return values.shape.kind == Kind::kVariable; }

ByteSpan ValueAt(const LeafValues& values, uint64_t i) {
  const uint64_t width = values.shape.bits_per_value / 8;
  return IsVariable(values) ? values.Value(i) : values.data.subspan(i * width, width);
}

uint64_t PlainBytes(const LeafValues& values) {
  if (!IsVariable(values)) return codec::FixedBytes(values);
  return values.Offset(values.num_values) - values.Offset(0) + values.num_values * values.shape.offset_bytes;
}

/// Strings, wide numbers, and since 2.2 numbers of 64 bits, in compact pages of 32.
bool Suits(const LeafValues& values, const PageOptions& options) {
  if (IsVariable(values)) return true;
  if (!values.shape.dimensions.empty() || !values.packed_bits.empty()) return false;
  const uint64_t bits = values.shape.bits_per_value;
  return bits == 128 || (options.compression.version_minor >= 2 && (bits == 64 || (bits == 32 && options.compression.compact)));
}

/// Distinct values as a sample of the valid ones suggests.
uint64_t GuessDistinct(const LeafValues& values, const Buffer& validity) {
  const uint64_t step = std::max<uint64_t>(1, values.num_values / kDistinctSample);
  DistinctValues distinct(kDistinctSample);
  uint64_t size = 0;
  for (uint64_t i = 0; i < values.num_values; i += step) {
    if (validity.present() && !GetBit(validity.data(), i)) continue;
    distinct.Number(ValueAt(values, i));
    ++size;
  }
  return EstimateDistinct(size * step, size, distinct.values().size());
}

/// Makes 16 of the 32 bits of each index.
void Narrow(uint64_t num_values, BufferBuilder& indices) {
  const uint8_t* wide = indices.data();
  for (uint64_t i = 0; i < num_values; ++i) {
    StoreLe<uint16_t>(indices.data() + 2 * i, static_cast<uint16_t>(LoadLe<uint32_t>(wide + 4 * i)));
  }
  indices.Resize(2 * num_values);
}

GatheredValues Collect(const LeafValues& values, std::span<const ByteSpan> distinct) {
  GatheredValues out;
  out.values.shape = values.shape;
  out.values.num_values = distinct.size();
  BufferBuilder data, offsets;
  for (const ByteSpan value : distinct) {
    const uint64_t offset = data.size();
    offsets.Append(&offset, values.shape.offset_bytes);
    data.Append(value);
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
  using Scheme = codec::CompressionOptions::Scheme;
  const Scheme scheme = options.compression.scheme;
  if (!Suits(values, options) || values.num_values < kMinItems || scheme == Scheme::kNone || scheme == Scheme::kFsst) return std::nullopt;
  const double share = double(values.num_values) / std::max(options.dictionary_divisor, 1.0);
  const uint64_t limit = std::min<uint64_t>(kMaxDictionaryValues, uint64_t(share));
  const Buffer validity = leaf.num_values < leaf.num_items ? ItemValidity(leaf) : Buffer();
  const uint64_t guess = GuessDistinct(values, validity);
  if (double(guess) > kGuessMargin * double(limit)) return std::nullopt;
  DistinctValues distinct(std::min(guess, limit));
  BufferBuilder indices(values.num_values * 4);
  auto* index = reinterpret_cast<uint32_t*>(indices.Extend(values.num_values * 4));
  uint64_t runs = 1;
  for (uint64_t i = 0; i < values.num_values; ++i) {
    const bool valid = !validity.present() || GetBit(validity.data(), i);
    // A value and the nulls behind it are one run.
    index[i] = valid ? distinct.Number(ValueAt(values, i)) : i == 0 ? 0 : index[i - 1];
    runs += i > 0 && index[i] != index[i - 1];
    if (distinct.values().size() > limit) return std::nullopt;
  }
  const bool narrow = IsSparse(leaf) && distinct.values().size() <= kMaxNarrow;
  uint64_t distinct_bytes = distinct.values().size() * values.shape.offset_bytes;
  for (const ByteSpan value : distinct.values()) distinct_bytes += value.size();
  const uint64_t index_bytes = std::min(BytesForBits(values.num_values * std::bit_width(distinct.values().size())),
                                        (runs + values.num_values / kMaxRunLength) * (narrow ? 3 : 5));
  const double ratio = codec::SampleRatio(values, options.compression);
  const double plain = ratio * double(PlainBytes(values)), bytes = ratio * double(distinct_bytes) + double(index_bytes);
  // Compact pages are encoded both ways, so this is but a guess.
  const double size_ratio = options.dictionary_size_ratio.value_or(options.compression.compact ? 1.2 : kSizeRatio);
  if (bytes >= size_ratio * plain) return std::nullopt;
  GatheredDictionary out;
  if (narrow) Narrow(values.num_values, indices);
  out.indices.values.shape.bits_per_value = narrow ? 16 : 32;
  out.indices.values.num_values = values.num_values;
  out.indices.max_value_bytes = 4;
  out.indices.owned.push_back(indices.Finish());
  out.indices.values.data = out.indices.owned.back().span();
  out.dictionary = Collect(values, distinct.values());
  return out;
}

}  // namespace eider::page
