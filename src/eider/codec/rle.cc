#include "eider/codec/rle.h"

#include <fmt/format.h>

#include <bit>

#include "eider/kernel/levels.h"
#include "eider/kernel/scan.h"

namespace eider::codec {
namespace {

// Beyond this many wanted values per chunk, writing the runs out once is cheaper than walking to each.
constexpr size_t kWalkAtMost = 8;

struct Runs {
  ByteSpan values;
  ByteSpan lengths;
};

template <typename T>
void CheckRuns(const Runs& runs, uint64_t num_values) {
  if (runs.values.size() != runs.lengths.size() * sizeof(T)) {
    throw Corrupt("rle: {} lengths but {} value bytes of width {}", runs.lengths.size(), runs.values.size(), sizeof(T));
  }
  if (num_values > runs.lengths.size() * 255) {
    throw Corrupt("rle: {} runs cannot cover {} values", runs.lengths.size(), num_values);
  }
}

// Writes values [first, first + count) to `out`.
template <typename T>
void DecodeRuns(const Runs& runs, uint64_t first, uint64_t count, uint8_t* out) {
  uint64_t row = 0;
  const uint64_t end = first + count;
  for (size_t run = 0; run < runs.lengths.size() && row < end; ++run) {
    // Invariant: values [first, row) are written.
    const uint64_t next = row + runs.lengths[run];
    const uint64_t from = std::max(row, first), to = std::min(next, end);
    const T value = LoadLe<T>(runs.values.data() + sizeof(T) * run);
    for (uint64_t i = from; i < to; ++i) StoreLe<T>(out + sizeof(T) * (i - first), value);
    row = next;
  }
  if (row < end) throw Corrupt("rle: runs cover {} values, {} are needed", row, end);
}

uint64_t SumOfBytes(uint64_t word) {
  constexpr uint64_t kEven = 0x00FF00FF00FF00FF;
  return ((word & kEven) + (word >> 8 & kEven)) * 0x0001000100010001 >> 48;
}

template <typename T>
T ValueAt(const Runs& runs, uint64_t position) {
  uint64_t row = 0;
  size_t run = 0;
  for (; run + 8 <= runs.lengths.size(); run += 8) {
    const uint64_t next = row + SumOfBytes(LoadLe<uint64_t>(runs.lengths.data() + run));
    if (position < next) break;
    row = next;
  }
  for (; run < runs.lengths.size(); ++run) {
    row += runs.lengths[run];
    if (position < row) return LoadLe<T>(runs.values.data() + sizeof(T) * run);
  }
  throw Corrupt("rle: runs cover {} values, number {} is needed", row, position);
}

Runs RunsOfBlock(ByteSpan block) {
  const uint64_t value_bytes = ReadLe<uint64_t>(block, 0, "rle: header");
  const ByteSpan values = CheckedSubspan(block, 8, value_bytes, "rle: values");
  return {values, block.subspan(8 + value_bytes)};
}

template <typename T>
class RleMiniBlock final : public MiniBlockDecompressor {
 public:
  uint32_t num_buffers() const override { return 2; }
  uint64_t max_first_buffer_bytes(uint64_t num_values) const override {
    return CheckedMul(num_values, sizeof(T), "rle: values");
  }
  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    const Runs runs{buffers[0], buffers[1]};
    CheckRuns<T>(runs, num_values);
    if (count != 0) DecodeRuns<T>(runs, first, count, out.ExtendFixed(count));
  }
  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    const Runs runs{buffers[0], buffers[1]};
    CheckRuns<T>(runs, num_values);
    if (positions.empty()) return;
    BufferBuilder all;
    if (positions.size() > kWalkAtMost) DecodeRuns<T>(runs, 0, num_values, all.Extend(num_values * sizeof(T)));
    uint8_t* to = out.ExtendFixed(positions.size());
    for (const uint32_t position : positions) {
      StoreLe<T>(to, all.size() != 0 ? LoadLe<T>(all.data() + sizeof(T) * position) : ValueAt<T>(runs, position));
      to += sizeof(T);
    }
  }
};

template <typename T>
class RleBlock final : public BlockDecompressor {
 public:
  void AppendBlock(ByteSpan block, uint64_t num_values, DecodedValues& out) const override {
    const Runs runs = RunsOfBlock(block);
    CheckRuns<T>(runs, num_values);
    if (num_values != 0) DecodeRuns<T>(runs, 0, num_values, out.ExtendFixed(num_values));
  }
  uint64_t max_bytes(uint64_t num_values) const override {
    return CheckedAdd(CheckedMul(num_values, sizeof(T) + 1, "rle: values"), 8, "rle: values");
  }
};

class RleLevel final : public LevelDecompressor {
 public:
  void Decode(ByteSpan block, std::span<uint16_t> out) const override {
    const Runs runs = RunsOfBlock(block);
    CheckRuns<uint16_t>(runs, out.size());
    DecodeRuns<uint16_t>(runs, 0, out.size(), reinterpret_cast<uint8_t*>(out.data()));
  }
  uint16_t At(ByteSpan block, uint64_t num_levels, uint64_t i) const override {
    const Runs runs = RunsOfBlock(block);
    CheckRuns<uint16_t>(runs, num_levels);
    return ValueAt<uint16_t>(runs, i);
  }
  bool has_random_access() const override { return false; }
  void Extract(ByteSpan block, uint64_t num_levels, uint64_t first, std::span<uint16_t> out) const override {
    const Runs runs = RunsOfBlock(block);
    CheckRuns<uint16_t>(runs, num_levels);
    DecodeRuns<uint16_t>(runs, first, out.size(), reinterpret_cast<uint8_t*>(out.data()));
  }
  void MaskEqual(ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) const override {
    MaskWhere(block, num_levels, [value](uint16_t level) { return level == value; }, mask);
  }
  void MaskAtMost(ByteSpan block, uint64_t num_levels, uint16_t value, uint64_t* mask) const override {
    MaskWhere(block, num_levels, [value](uint16_t level) { return level <= value; }, mask);
  }

 private:
  // Marks where runs change sides, then carries each mark on to the next: no branch on the lengths of runs, which nobody can predict.
  template <typename Test>
  static void MaskWhere(ByteSpan block, uint64_t num_levels, const Test& test, uint64_t* mask) {
    const Runs runs = RunsOfBlock(block);
    CheckRuns<uint16_t>(runs, num_levels);
    const size_t words = kernel::MaskWords(num_levels);
    std::fill_n(mask, words, uint64_t{0});
    uint64_t level = 0, side = 0;
    for (size_t run = 0; run < runs.lengths.size() && level < num_levels; ++run) {
      const uint64_t next = test(LoadLe<uint16_t>(runs.values.data() + 2 * run)) && runs.lengths[run] != 0 ? 1 : 0;
      mask[level / 64] ^= (side ^ next) << (level % 64);
      side = next;
      level += runs.lengths[run];
    }
    if (level < num_levels) throw Corrupt("rle: runs cover {} values, {} are needed", level, num_levels);
    if (num_levels % 64 != 0) mask[words - 1] ^= side << (num_levels % 64);
    uint64_t carry = 0;
    for (size_t w = 0; w < words; ++w) {
      uint64_t bits = mask[w];
      for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
      mask[w] = bits ^ carry;
      carry = mask[w] >> 63 != 0 ? ~uint64_t{0} : 0;
    }
  }
};

uint64_t RunValueBits(const CompressiveEncoding& encoding) {
  const uint64_t length_bits = FlatBits(encoding.rle().run_lengths(), "rle: run lengths");
  if (length_bits != 8) throw Corrupt("rle: run lengths of {} bits, they have 8", length_bits);
  return FlatBits(encoding.rle().values(), "rle: values");
}

template <template <typename> typename Decompressor, typename Base>
std::unique_ptr<Base> MakeOfWidth(const CompressiveEncoding& encoding, const ValueShape& shape) {
  const uint64_t bits = RunValueBits(encoding);
  CheckFixed("rle", shape, bits);
  switch (bits) {
    case 8: return std::make_unique<Decompressor<uint8_t>>();
    case 16: return std::make_unique<Decompressor<uint16_t>>();
    case 32: return std::make_unique<Decompressor<uint32_t>>();
    case 64: return std::make_unique<Decompressor<uint64_t>>();
    default: throw Corrupt("rle: {}-bit values", bits);
  }
}

}  // namespace

namespace {

// Calls body(value, length) for each stored run of values [first, first + count).
template <typename T, typename Body>
void ForEachRun(const uint8_t* values, uint64_t first, uint64_t count, const Body& body) {
  const uint64_t end = first + count;
  for (uint64_t begin = first; begin < end;) {
    const T value = LoadLe<T>(values + begin * sizeof(T));
    uint64_t next = begin + 1;
    while (next < end && next - begin < kMaxRun && LoadLe<T>(values + next * sizeof(T)) == value) ++next;
    body(value, static_cast<uint8_t>(next - begin));
    begin = next;
  }
}

template <typename T>
MiniBlockPage CompressRuns(const LeafValues& values, uint64_t chunk_values) {
  MiniBlockPage page = NewPage(2);
  for (uint64_t first = 0; first < values.num_values;) {
    const size_t before[2] = {page.buffers[0].size(), page.buffers[1].size()};
    uint64_t count = std::min(chunk_values, values.num_values - first);
    // A stretch of short runs may pass the target: halve the chunk until it fits.
    for (;; count = std::bit_floor(count - 1)) {
      page.buffers[0].Resize(before[0]);
      page.buffers[1].Resize(before[1]);
      ForEachRun<T>(values.data.data(), first, count, [&](T value, uint8_t length) {
        page.buffers[0].AppendValue(value);
        page.buffers[1].AppendValue(length);
      });
      if (count == 1 || page.buffers[0].size() - before[0] + page.buffers[1].size() - before[1] <= kChunkTargetBytes) break;
    }
    EndChunk(static_cast<uint32_t>(count), before, page);
    first += count;
  }
  return page;
}

}  // namespace

uint64_t CountRuns(const LeafValues& values) {
  return WithElement(values.shape.bits_per_value, [&](auto zero) {
    using T = decltype(zero);
    uint64_t runs = 0;
    for (uint64_t first = 0; first < values.num_values; first += kMaxChunkValues) {
      const uint64_t count = std::min<uint64_t>(kMaxChunkValues, values.num_values - first);
      runs += kernel::CountRuns<T>(values.data.data() + first * sizeof(T), count);
    }
    return runs;
  });
}

MiniBlockPage CompressRle(const LeafValues& values, uint64_t chunk_values, CompressiveEncoding* encoding) {
  SetRle(values.shape.bits_per_value, encoding);
  return WithElement(values.shape.bits_per_value, [&](auto zero) { return CompressRuns<decltype(zero)>(values, chunk_values); });
}

void CompressRleLevels(std::span<const uint16_t> levels, BufferBuilder& out) {
  BufferBuilder lengths;
  const size_t header = out.size();
  out.AppendValue<uint64_t>(0);
  ForEachRun<uint16_t>(reinterpret_cast<const uint8_t*>(levels.data()), 0, levels.size(), [&](uint16_t value, uint8_t length) {
    out.AppendValue(value);
    lengths.AppendValue(length);
  });
  StoreLe<uint64_t>(out.data() + header, out.size() - header - 8);
  out.Append(lengths.span());
}

void SetRle(uint64_t bits, CompressiveEncoding* encoding) {
  encoding->mutable_rle()->mutable_values()->mutable_flat()->set_bits_per_value(bits);
  encoding->mutable_rle()->mutable_run_lengths()->mutable_flat()->set_bits_per_value(8);
}

std::unique_ptr<MiniBlockDecompressor> MakeRleMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  return MakeOfWidth<RleMiniBlock, MiniBlockDecompressor>(encoding, shape);
}
std::unique_ptr<BlockDecompressor> MakeRleBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  return MakeOfWidth<RleBlock, BlockDecompressor>(encoding, shape);
}
std::unique_ptr<LevelDecompressor> MakeRleLevel(const CompressiveEncoding& encoding, int) {
  if (RunValueBits(encoding) != 16) throw Corrupt("rle: levels of {} bits, they have 16", RunValueBits(encoding));
  return std::make_unique<RleLevel>();
}
std::string DescribeRle(const CompressiveEncoding& encoding, int) {
  return fmt::format("<{}>", encoding.rle().values().flat().bits_per_value());
}

}  // namespace eider::codec
