#pragma once
/// \file
/// Shaped leaf values for the tests of codecs and pages: constant, runs, monotonic, random widths, empty, one, chunk
/// boundaries; fixed, variable and fixed-size lists.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "eider/codec/values.h"

namespace eider::testing {

/// Owns what its LeafValues refers to.
struct LeafSample {
  std::string name;
  codec::ValueShape shape;
  uint64_t num_values = 0;
  std::vector<uint8_t> data;
  std::vector<uint8_t> offsets;
  std::vector<std::vector<uint8_t>> fsl_validity;
  uint64_t bit_offset = 0;

  codec::LeafValues Values() const {
    codec::LeafValues values;
    values.shape = shape;
    values.num_values = num_values;
    values.data = data;
    values.offsets = offsets;
    values.bit_offset = bit_offset;
    for (const auto& bits : fsl_validity) values.fsl_validity.push_back(bits);
    return values;
  }
};

inline codec::ValueShape FixedShape(uint64_t bits) {
  codec::ValueShape shape;
  shape.bits_per_value = bits;
  return shape;
}
inline codec::ValueShape VariableShape(uint8_t offset_bytes) {
  codec::ValueShape shape;
  shape.kind = codec::ValueShape::Kind::kVariable;
  shape.offset_bytes = offset_bytes;
  return shape;
}

/// `pattern` gives the integer of position i; stored in `bits` (8 to 64).
template <typename Pattern>
LeafSample FixedSample(std::string name, uint64_t bits, uint64_t n, Pattern&& pattern) {
  LeafSample sample{std::move(name), FixedShape(bits), n, std::vector<uint8_t>(n * bits / 8), {}, {}, 0};
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t v = pattern(i);
    std::memcpy(sample.data.data() + i * (bits / 8), &v, bits / 8);
  }
  return sample;
}

inline LeafSample RandomBytesSample(std::string name, uint64_t bits, uint64_t n, uint32_t seed) {
  std::mt19937 random(seed);
  LeafSample sample{std::move(name), FixedShape(bits), n, std::vector<uint8_t>(BytesForBits(n * bits + 5)), {}, {}, 0};
  for (uint8_t& b : sample.data) b = static_cast<uint8_t>(random());
  if (bits % 8 != 0) sample.bit_offset = 3;
  return sample;
}

/// `length` gives the bytes of value i; the first offset is not 0.
template <typename Length>
LeafSample VariableSample(std::string name, uint8_t offset_bytes, uint64_t n, uint32_t seed, Length&& length, int alphabet = 256) {
  std::mt19937 random(seed);
  LeafSample sample{std::move(name), VariableShape(offset_bytes), n, std::vector<uint8_t>(7), {}, {}, 0};
  const auto add_offset = [&] {
    const uint64_t end = sample.data.size();
    sample.offsets.insert(sample.offsets.end(), reinterpret_cast<const uint8_t*>(&end),
                          reinterpret_cast<const uint8_t*>(&end) + offset_bytes);
  };
  add_offset();
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t k = length(i); k > 0; --k) sample.data.push_back(static_cast<uint8_t>('a' + random() % alphabet));
    add_offset();
  }
  return sample;
}

inline LeafSample FixedSizeListSample(std::string name, std::vector<uint32_t> dimensions, uint64_t item_bits, uint64_t n,
                                      std::vector<bool> has_validity, uint32_t seed) {
  uint64_t bits = item_bits;
  for (const uint32_t d : dimensions) bits *= d;
  LeafSample sample = RandomBytesSample(std::move(name), bits, n, seed);
  sample.shape.dimensions = dimensions;
  std::mt19937 random(seed + 1);
  uint64_t elements = n;
  for (size_t k = 0; k < dimensions.size(); ++k) {
    elements *= dimensions[k];
    auto& validity = sample.fsl_validity.emplace_back(has_validity[k] ? BytesForBits(elements) : 0);
    for (uint8_t& b : validity) b = static_cast<uint8_t>(random() | random());
  }
  return sample;
}

/// Every shape at sizes around the boundaries of chunks and blocks.
inline std::vector<LeafSample> LeafSamples() {
  std::vector<LeafSample> samples;
  for (const uint64_t n : {0, 1, 2, 1023, 1024, 1025, 5000}) {
    const auto name = [&](const char* shape, uint64_t bits) { return fmt::format("{}/{} bits/{} values", shape, bits, n); };
    for (const uint64_t bits : {8, 16, 32, 64}) {
      std::mt19937_64 random(n + bits);
      const uint64_t width = 1 + random() % bits;
      const uint64_t mask = ~uint64_t{0} >> (64 - width);
      samples.push_back(FixedSample(name("constant", bits), bits, n, [](uint64_t) { return 42; }));
      samples.push_back(FixedSample(name("zero", bits), bits, n, [](uint64_t) { return 0; }));
      samples.push_back(FixedSample(name("monotonic", bits), bits, n, [](uint64_t i) { return i; }));
      samples.push_back(FixedSample(name("random width", bits), bits, n, [&](uint64_t) { return random() & mask; }));
      samples.push_back(FixedSample(name("runs", bits), bits, n, [](uint64_t i) { return i / 37 * 0x9E3779B97F4A7C15u; }));
      samples.push_back(FixedSample(name("long runs", bits), bits, n, [](uint64_t i) { return i / 700 * 0x9E3779B97F4A7C15u; }));
      samples.push_back(FixedSample(name("runs then noise", bits), bits, n, [&](uint64_t i) { return i < 3 * n / 4 ? 7 : random(); }));
    }
    for (const uint64_t bits : {1, 24, 128, 256, 800, 70000}) samples.push_back(RandomBytesSample(name("bytes", bits), bits, bits < 1000 ? n : std::min<uint64_t>(n, 70), static_cast<uint32_t>(n)));
    for (const uint8_t w : {4, 8}) {
      std::mt19937 random(static_cast<uint32_t>(n));
      samples.push_back(VariableSample(name("short", 8 * w), w, n, 1, [&](uint64_t) { return random() % 12; }, 6));
      samples.push_back(VariableSample(name("empty", 8 * w), w, n, 2, [](uint64_t) { return 0; }));
      samples.push_back(VariableSample(name("uneven", 8 * w), w, n, 3, [](uint64_t i) { return i % 100 == 7 ? 3000 : i % 5; }));
    }
    samples.push_back(FixedSizeListSample(name("list", 32), {3}, 32, n, {false}, 5));
    samples.push_back(FixedSizeListSample(name("list with nulls", 16), {5}, 16, n, {true}, 6));
    samples.push_back(FixedSizeListSample(name("nested list", 8), {2, 3}, 8, n, {true, true}, 7));
    samples.push_back(FixedSizeListSample(name("nested list, inner nulls", 64), {3, 2}, 64, n, {false, true}, 8));
    samples.push_back(FixedSizeListSample(name("list of booleans", 1), {3}, 1, n, {true}, 9));
  }
  return samples;
}

}  // namespace eider::testing
