#include "eider/codec/variable.h"

#include <fmt/format.h>

namespace eider::codec {
namespace {

constexpr uint8_t kVariablePadByte = 72;

class VariableMiniBlock final : public MiniBlockDecompressor {
 public:
  explicit VariableMiniBlock(uint32_t offset_bytes) : offset_bytes_(offset_bytes) {}
  uint32_t num_buffers() const override { return 1; }

  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    VariableView::OfChunk(buffers[0], num_values, offset_bytes_).AppendRange(first, count, out);
  }
  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    const VariableView view = VariableView::OfChunk(buffers[0], num_values, offset_bytes_);
    for (const uint32_t position : positions) out.AppendVariable(view.Value(position));
  }
  void PrefetchAt(std::span<const ByteSpan> buffers, uint64_t num_values, uint32_t position, int step) const override {
    PrefetchVariableAt(buffers[0], num_values, offset_bytes_, position, step);
  }

 private:
  const uint32_t offset_bytes_;
};

class VariablePerValue final : public PerValueDecompressor {
 public:
  uint64_t stored_bytes() const override { return 0; }
  bool is_plain() const override { return true; }
  void AppendValue(ByteSpan stored, DecodedValues& out) const override { out.AppendVariable(stored); }
};

class VariableBlock final : public BlockDecompressor {
 public:
  void AppendBlock(ByteSpan block, uint64_t num_values, DecodedValues& out) const override {
    VariableView::OfBlock(block, num_values).AppendRange(0, num_values, out);
  }
};

}  // namespace

void PrefetchVariableAt(ByteSpan buffer, uint64_t num_values, uint32_t offset_bytes, uint32_t position, int step) {
  constexpr uint64_t kMaxBytes = 1024;
  if (num_values >= buffer.size() / offset_bytes) return;
  const uint8_t* entry = buffer.data() + uint64_t{position} * offset_bytes;
  if (step == 0) return PrefetchBytes(entry, 2 * offset_bytes);
  const uint64_t begin = offset_bytes == 4 ? LoadLe<uint32_t>(entry) : LoadLe<uint64_t>(entry);
  const uint64_t end = offset_bytes == 4 ? LoadLe<uint32_t>(entry + 4) : LoadLe<uint64_t>(entry + 8);
  if (begin < end && end <= buffer.size()) PrefetchBytes(buffer.data() + begin, std::min(end - begin, kMaxBytes));
}

VariableView VariableView::OfChunk(ByteSpan buffer, uint64_t num_values, uint32_t offset_bytes) {
  if (num_values >= buffer.size() / offset_bytes) {
    throw Corrupt("variable: {} values of {}-byte offsets in a buffer of {}", num_values, offset_bytes, buffer.size());
  }
  VariableView view;
  view.offsets_ = buffer.data();
  view.bytes_ = buffer;
  view.first_ = (num_values + 1) * offset_bytes;
  view.num_values_ = num_values;
  view.offset_bytes_ = offset_bytes;
  return view;
}

VariableView VariableView::OfBlock(ByteSpan block, uint64_t num_values) {
  const uint32_t width = ReadLe<uint32_t>(block, 0, "variable: header");
  if (width != 32 && width != 64) {
    if (width >> 8 != 0) throw Unsupported("variable: a block of a pre-release writer (header {:#x})", width);
    throw Corrupt("variable: {}-bit offsets in a block", width);
  }
  const uint64_t w = width / 8;
  if (block.size() < 2 * w || num_values >= (block.size() - 2 * w) / w) {
    throw Corrupt("variable: {} values of {}-byte offsets in a block of {}", num_values, w, block.size());
  }
  const uint64_t start = w == 4 ? LoadLe<uint32_t>(block.data() + 4) : LoadLe<uint64_t>(block.data() + 8);
  if (w == 8 && LoadLe<uint64_t>(block.data()) != 64) throw Corrupt("variable: block header {}", LoadLe<uint64_t>(block.data()));
  if (start < (num_values + 3) * w || start > block.size()) {
    throw Corrupt("variable: bytes start at {} of {}, behind {} offsets", start, block.size(), num_values + 1);
  }
  VariableView view;
  view.offsets_ = block.data() + 2 * w;
  view.bytes_ = block.subspan(start);
  view.num_values_ = num_values;
  view.offset_bytes_ = static_cast<uint32_t>(w);
  return view;
}

void VariableView::ThrowBadOffsets(uint64_t i, uint64_t begin, uint64_t end) const {
  throw Corrupt("variable: value {} of {} is bytes [{}, {}) of [{}, {})", i, num_values_, begin, end, first_, bytes_.size());
}

ByteSpan VariableView::Bytes(uint64_t first, uint64_t count) const {
  const uint64_t begin = Offset(first), end = Offset(first + count);
  if (begin > end || end > bytes_.size() || begin < first_) ThrowBadOffsets(first, begin, end);
  return bytes_.subspan(begin, end - begin);
}

// Rebases the ends of `count` values; one pass also finds out whether they ascend.
template <typename Stored, typename Arrow>
void VariableView::AppendOffsets(uint64_t first, uint64_t count, DecodedValues& out) const {
  const uint8_t* from = offsets_ + sizeof(Stored) * first;
  uint8_t* to = out.offsets.Extend(sizeof(Arrow) * count);
  const Stored base = LoadLe<Stored>(from);
  const uint64_t shift = out.data.size() - uint64_t{base};
  bool ascending = true;
  for (uint64_t i = 0; i < count; ++i) {
    const Stored begin = LoadLe<Stored>(from + sizeof(Stored) * i), end = LoadLe<Stored>(from + sizeof(Stored) * (i + 1));
    ascending &= begin <= end;
    StoreLe<Arrow>(to + sizeof(Arrow) * i, static_cast<Arrow>(end + shift));
  }
  if (ascending) return;
  out.offsets.Resize(out.offsets.size() - sizeof(Arrow) * count);
  for (uint64_t i = 0; i < count; ++i) Value(first + i);  // throws at the first that does not
}

void VariableView::AppendRange(uint64_t first, uint64_t count, DecodedValues& out) const {
  if (count == 0) return;
  const ByteSpan bytes = Bytes(first, count);
  out.CheckOffset(out.data.size() + bytes.size());
  if (offset_bytes_ == 4) {
    out.shape.offset_bytes == 4 ? AppendOffsets<uint32_t, uint32_t>(first, count, out)
                                : AppendOffsets<uint32_t, uint64_t>(first, count, out);
  } else {
    out.shape.offset_bytes == 4 ? AppendOffsets<uint64_t, uint32_t>(first, count, out)
                                : AppendOffsets<uint64_t, uint64_t>(first, count, out);
  }
  out.data.Append(bytes);
  out.num_values += count;
}

uint32_t VariableOffsetBytes(const CompressiveEncoding& encoding) {
  const uint64_t bits = FlatBits(encoding.variable().offsets(), "variable: offsets");
  if (bits != 32 && bits != 64) throw Corrupt("variable: {}-bit offsets", bits);
  if (encoding.variable().values().scheme() != ::lance::encodings21::COMPRESSION_ALGORITHM_UNSPECIFIED) {
    throw Unsupported("variable: a compressed byte buffer");
  }
  return static_cast<uint32_t>(bits / 8);
}

namespace {

// The largest power of two of values from `first` that fits the target, or all that are left when they fit. The reference takes a
// chunk of one value for the last one, so two that do not fit share a chunk.
uint64_t NextChunkValues(const LeafValues& values, uint64_t w, uint64_t target_bytes, uint64_t first) {
  const uint64_t left = values.num_values - first;
  const auto fits = [&](uint64_t n) {
    return (n + 1) * w + (values.Offset(first + n) - values.Offset(first)) <= target_bytes;
  };
  if (left <= kMaxChunkValues && fits(left)) return left;
  uint64_t n = std::min<uint64_t>(left, 2);
  while (2 * n <= std::min<uint64_t>(left, kMaxChunkValues) && fits(2 * n)) n *= 2;
  return n;
}

template <typename Offset>
void AppendChunk(const LeafValues& values, uint64_t first, uint64_t count, BufferBuilder& out) {
  const uint64_t begin = values.Offset(first), end = values.Offset(first + count);
  const uint64_t start = (count + 1) * sizeof(Offset);
  uint8_t* to = out.Extend(start);
  for (uint64_t i = 0; i <= count; ++i) {
    StoreLe<Offset>(to + i * sizeof(Offset), static_cast<Offset>(values.Offset(first + i) - begin + start));
  }
  out.Append(values.data.subspan(begin, end - begin));
  out.AppendFill(AlignUp(end - begin, sizeof(Offset)) - (end - begin), kVariablePadByte);
}

template <typename Offset>
BufferBuilder MakeVariableBlockBytes(const LeafValues& values) {
  const uint64_t n = values.num_values, begin = values.Offset(0), end = values.Offset(n);
  BufferBuilder out((n + 3) * sizeof(Offset) + (end - begin));
  out.AppendValue(static_cast<Offset>(8 * sizeof(Offset)));
  out.AppendValue(static_cast<Offset>((n + 3) * sizeof(Offset)));
  for (uint64_t i = 0; i <= n; ++i) out.AppendValue(static_cast<Offset>(values.Offset(i) - begin));
  out.Append(values.data.subspan(begin, end - begin));
  return out;
}

}  // namespace

namespace {

/// Most chunks are larger: what each adds, an offset and padding, is reserved by this size.
constexpr uint64_t kSmallestChunk = 1024;

}  // namespace

MiniBlockPage CompressVariable(const LeafValues& values, CompressiveEncoding* encoding, uint64_t target_bytes) {
  SetVariable(values.shape.offset_bytes, encoding);
  return CutVariable(values, values.shape.offset_bytes, target_bytes);
}

MiniBlockPage CutVariable(const LeafValues& values, uint64_t offset_bytes, uint64_t target_bytes) {
  MiniBlockPage page = NewPage(1);
  const uint64_t n = values.num_values, bytes = n == 0 ? 0 : values.Offset(n) - values.Offset(0);
  page.buffers[0].Reserve(bytes + n * offset_bytes + (bytes + n * offset_bytes) / kSmallestChunk * 2 * offset_bytes + 2 * offset_bytes);
  uint64_t first = 0;
  do {
    const uint64_t count = NextChunkValues(values, offset_bytes, target_bytes, first);
    const size_t before = page.buffers[0].size();
    offset_bytes == 4 ? AppendChunk<uint32_t>(values, first, count, page.buffers[0])
                      : AppendChunk<uint64_t>(values, first, count, page.buffers[0]);
    EndChunk(static_cast<uint32_t>(count), {&before, 1}, page);
    first += count;
  } while (first < values.num_values);
  return page;
}

BufferBuilder CompressVariableBlock(const LeafValues& values, CompressiveEncoding* encoding) {
  SetVariable(values.shape.offset_bytes, encoding);
  return values.shape.offset_bytes == 4 ? MakeVariableBlockBytes<uint32_t>(values) : MakeVariableBlockBytes<uint64_t>(values);
}

void SetVariable(uint64_t offset_bytes, CompressiveEncoding* encoding) {
  encoding->mutable_variable()->mutable_offsets()->mutable_flat()->set_bits_per_value(8 * offset_bytes);
}

std::unique_ptr<MiniBlockDecompressor> MakeVariableMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  CheckVariable("variable", shape);
  return std::make_unique<VariableMiniBlock>(VariableOffsetBytes(encoding));
}
std::unique_ptr<PerValueDecompressor> MakeVariablePerValue(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  CheckVariable("variable", shape);
  VariableOffsetBytes(encoding);
  return std::make_unique<VariablePerValue>();
}
std::unique_ptr<BlockDecompressor> MakeVariableBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  CheckVariable("variable", shape);
  VariableOffsetBytes(encoding);
  return std::make_unique<VariableBlock>();
}
std::string DescribeVariable(const CompressiveEncoding& encoding, int) {
  return fmt::format("<{}>", encoding.variable().offsets().flat().bits_per_value());
}

}  // namespace eider::codec
