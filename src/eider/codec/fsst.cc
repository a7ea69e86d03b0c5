#include "eider/codec/fsst.h"

#include <fmt/format.h>

#include <bit>

#include "eider/codec/variable.h"

namespace eider::codec {

FsstDecoder::FsstDecoder(ByteSpan table) {
  if (table.size() != kFsstTableBytes) throw Corrupt("fsst: a table of {} bytes, it has {}", table.size(), kFsstTableBytes);
  const uint64_t header = LoadLe<uint64_t>(table.data());
  if (header >> 32 != kFsstMagic) throw Corrupt("fsst: table header {:#x}", header);
  raw_ = (header >> 24 & 1) == 0;
  if (raw_) return;
  const size_t num_symbols = header & 0xFF;
  num_symbols_ = static_cast<uint8_t>(num_symbols);
  for (size_t i = 0; i < num_symbols; ++i) {
    symbols_[i] = LoadLe<uint64_t>(table.data() + 8 + 8 * i);
    lengths_[i] = table[8 + 8 * num_symbols + i];
    if (lengths_[i] == 0 || lengths_[i] > kFsstMaxSymbolBytes) throw Corrupt("fsst: symbol {} of {} bytes", i, lengths_[i]);
  }
}

namespace {

using Eight = uint8_t __attribute__((vector_size(8)));

/// Byte k has its high bit set for the first byte of 255 (and perhaps for later ones): its complement has a zero byte there.
uint64_t EscapeBits(uint64_t eight) { return (~eight - 0x0101010101010101u) & eight & 0x8080808080808080u; }

/// Up to 8 bytes, zeros above, by two loads that may overlap.
uint64_t LoadFew(ByteSpan bytes) {
  const size_t n = bytes.size();
  if (n >= 4) {
    const uint64_t low = LoadLe<uint32_t>(bytes.data()), high = LoadLe<uint32_t>(bytes.data() + n - 4);
    return low | high << (8 * (n - 4));
  }
  if (n == 0) return 0;
  return uint64_t{bytes[0]} | uint64_t{bytes[n / 2]} << (8 * (n / 2)) | uint64_t{bytes[n - 1]} << (8 * (n - 1));
}

}  // namespace

void FsstDecoder::ThrowBadCode() { throw Corrupt("fsst: values use a code that the table lacks, or end in an escape"); }

template <bool kMarks>
FsstDecoder::Piece FsstDecoder::Run(ByteSpan codes, size_t max_codes, uint8_t* out, uint32_t* marks) const {
  // Invariant: out has room for 8 bytes per code left and the slack; so every store of a whole symbol is within it. Nothing that is
  // written here is read here, which the compiler cannot know.
  const uint8_t* __restrict code = codes.data();
  const uint8_t *const end = code + codes.size(), *const stop = code + std::min(codes.size(), max_codes);
  const uint64_t* __restrict const symbols = symbols_;
  const uint8_t* __restrict const lengths = lengths_;
  uint32_t* __restrict mark = marks;
  uint8_t* __restrict to = out;
  Eight most = {};
  bool any = false;
  const auto put = [&](size_t k) {
    const uint8_t c = code[k];
    if constexpr (kMarks) mark[k] = Starts::Mark(to);
    StoreLe<uint64_t>(to, symbols[c]);
    to += lengths[c];
  };
  while (stop - code >= 8) {
    const auto eight = LoadLe<uint64_t>(code);
    const uint64_t escapes = EscapeBits(eight);
    if (escapes != 0) [[unlikely]] {
      const size_t plain = static_cast<size_t>(std::countr_zero(escapes)) / 8;
      for (size_t k = 0; k < plain; ++k) {
        if (code[k] >= num_symbols_) ThrowBadCode();
        put(k);
      }
      if (end - code < static_cast<ptrdiff_t>(plain + 2)) ThrowBadCode();
      if constexpr (kMarks) mark[plain] = Starts::Mark(to), mark[plain + 1] = Starts::Mark(out) + kInsideEscape, mark += plain + 2;
      *to++ = code[plain + 1];
      code += plain + 2;
      continue;
    }
    Eight found;
    std::memcpy(&found, &eight, sizeof(found));
    most = found > most ? found : most;
    any = true;
    put(0), put(1), put(2), put(3), put(4), put(5), put(6), put(7);
    code += 8;
    if constexpr (kMarks) mark += 8;
  }
  for (size_t k = 0; k < 8; ++k) {
    if (any && most[k] >= num_symbols_) ThrowBadCode();
  }
  return {static_cast<size_t>(code - codes.data()), static_cast<size_t>(to - out)};
}

uint8_t* FsstDecoder::DecodeFew(ByteSpan codes, uint8_t* to) const {
  const uint64_t word = LoadFew(codes);
  if (EscapeBits(word) == 0) {
    // Zeros stand in for codes that are not there: what they write lies in the slack, and their lengths do not count.
    uint64_t lengths = 0;
    uint8_t* at = to;
    for (size_t k = 0; k < 8; ++k) {
      const auto c = static_cast<uint8_t>(word >> (8 * k));
      if (k < codes.size() && c >= num_symbols_) ThrowBadCode();
      StoreLe<uint64_t>(at, symbols_[c]);
      at += lengths_[c];
      lengths |= k < codes.size() ? uint64_t{lengths_[c]} << (8 * k) : 0;
    }
    return to + ((lengths * 0x0101010101010101u) >> 56);
  }
  for (size_t i = 0; i < codes.size(); ++i) {
    const uint8_t c = codes[i];
    if (c == kFsstEscape) {
      if (++i == codes.size()) ThrowBadCode();
      *to++ = codes[i];
      continue;
    }
    if (c >= num_symbols_) ThrowBadCode();
    StoreLe<uint64_t>(to, symbols_[c]);
    to += lengths_[c];
  }
  return to;
}

size_t FsstDecoder::Decode(ByteSpan codes, uint8_t* out) const {
  const Piece piece = Run<false>(codes, codes.size(), out, nullptr);
  return static_cast<size_t>(DecodeFew(codes.subspan(piece.codes), out + piece.bytes) - out);
}

FsstDecoder::Piece FsstDecoder::DecodePiece(ByteSpan codes, uint8_t* out, Starts& starts) const {
  uint32_t* const marks = starts.marks_.data();
  starts.origin_ = Starts::Mark(out);
  Piece piece = Run<true>(codes, kPieceCodes, out, marks);
  // Fewer than eight are left before the end or the limit.
  while (piece.codes < std::min(codes.size(), kPieceCodes)) {
    uint8_t* const to = out + piece.bytes;
    marks[piece.codes] = Starts::Mark(to);
    const uint8_t c = codes[piece.codes++];
    if (c != kFsstEscape) {
      if (c >= num_symbols_) ThrowBadCode();
      StoreLe<uint64_t>(to, symbols_[c]);
      piece.bytes += lengths_[c];
      continue;
    }
    if (piece.codes == codes.size()) ThrowBadCode();
    marks[piece.codes] = starts.origin_ + kInsideEscape;
    *to = codes[piece.codes++];
    ++piece.bytes;
  }
  marks[piece.codes] = Starts::Mark(out + piece.bytes);
  return piece;
}

namespace {

/// From so many codes a value on, values are decoded one by one.
constexpr uint64_t kManyCodes = 32;

// Appends the value that `codes` stand for.
void AppendDecoded(const FsstDecoder& decoder, ByteSpan codes, DecodedValues& out) {
  const size_t begin = out.data.size();
  const size_t size = decoder.Decode(codes, out.data.Extend(FsstDecoder::Room(codes.size())));
  out.data.Resize(begin + size);
  out.CheckOffset(begin + size);
  out.shape.offset_bytes == 4 ? out.offsets.AppendValue(static_cast<uint32_t>(begin + size))
                              : out.offsets.AppendValue(uint64_t{begin + size});
  ++out.num_values;
}

/// Decodes values [first, first + count) to `to`, which has room for all their codes; writes where each ends, counted from `start`.
/// Returns the bytes.
template <typename Offset>
size_t DecodeLong(const FsstDecoder& decoder, const VariableView& view, uint64_t first, uint64_t count, uint64_t start, uint8_t* to,
                  uint8_t* offsets) {
  uint8_t* const begin = to;
  // Invariant: the codes left take at most the room left; Bytes() holds all of them, since each Value() lies behind the last.
  uint64_t left = view.Bytes(first, count).size();
  for (uint64_t i = 0; i < count; ++i) {
    const ByteSpan codes = view.Value(first + i);
    if (codes.size() > left) throw Corrupt("fsst: values of a chunk overlap");
    left -= codes.size();
    to += decoder.Decode(codes, to);
    StoreLe<Offset>(offsets + i * sizeof(Offset), static_cast<Offset>(start + static_cast<size_t>(to - begin)));
  }
  return static_cast<size_t>(to - begin);
}

/// The same for short values: codes first, ends of values afterwards.
template <typename Offset>
size_t DecodeShort(const FsstDecoder& decoder, const VariableView& view, uint64_t first, uint64_t count, uint64_t start, uint8_t* to,
                   uint8_t* offsets) {
  const ByteSpan codes = view.Bytes(first, count);
  const uint64_t base = view.End(first) - view.Value(first).size();
  FsstDecoder::Starts starts;
  size_t at = 0, size = 0;
  uint64_t i = 0, last = 0;
  while (true) {
    const FsstDecoder::Piece piece = decoder.DecodePiece(codes.subspan(at), to + size, starts);
    for (; i < count; ++i) {
      const uint64_t end = view.End(first + i) - base;
      if (end < last || end > codes.size()) throw Corrupt("fsst: values of a chunk overlap");
      if (end > at + piece.codes) break;
      last = end;
      const uint32_t bytes = starts.At(end - at);
      if (bytes == FsstDecoder::kInsideEscape) throw Corrupt("fsst: value {} ends in an escape", first + i);
      StoreLe<Offset>(offsets + i * sizeof(Offset), static_cast<Offset>(start + size + bytes));
    }
    at += piece.codes, size += piece.bytes;
    if (i == count) return size;
  }
}

// Appends values [first, first + count): room is made once, offsets are written as a run.
template <typename Offset>
void AppendRun(const FsstDecoder& decoder, const VariableView& view, uint64_t first, uint64_t count, DecodedValues& out) {
  const size_t start = out.data.size(), num_codes = view.Bytes(first, count).size();
  uint8_t* const to = out.data.Extend(FsstDecoder::Room(num_codes));
  uint8_t* const offsets = out.offsets.Extend(count * sizeof(Offset));
  const auto decode = num_codes / count >= kManyCodes ? DecodeLong<Offset> : DecodeShort<Offset>;
  out.data.Resize(start + decode(decoder, view, first, count, start, to, offsets));
  out.CheckOffset(out.data.size());
  out.num_values += count;
}

class FsstMiniBlock final : public MiniBlockDecompressor {
 public:
  FsstMiniBlock(const FsstDecoder& decoder, uint32_t offset_bytes) : decoder_(decoder), offset_bytes_(offset_bytes) {}
  uint32_t num_buffers() const override { return 1; }

  void AppendRange(std::span<const ByteSpan> buffers, uint64_t num_values, uint64_t first, uint64_t count,
                   DecodedValues& out) const override {
    const VariableView view = VariableView::OfChunk(buffers[0], num_values, offset_bytes_);
    if (decoder_.is_raw()) return view.AppendRange(first, count, out);
    if (count == 0) return;
    out.shape.offset_bytes == 4 ? AppendRun<uint32_t>(decoder_, view, first, count, out)
                                : AppendRun<uint64_t>(decoder_, view, first, count, out);
  }
  void AppendAt(std::span<const ByteSpan> buffers, uint64_t num_values, std::span<const uint32_t> positions,
                DecodedValues& out) const override {
    const VariableView view = VariableView::OfChunk(buffers[0], num_values, offset_bytes_);
    for (const uint32_t position : positions) {
      decoder_.is_raw() ? out.AppendVariable(view.Value(position)) : AppendDecoded(decoder_, view.Value(position), out);
    }
  }
  void PrefetchAt(std::span<const ByteSpan> buffers, uint64_t num_values, uint32_t position, int step) const override {
    PrefetchVariableAt(buffers[0], num_values, offset_bytes_, position, step);
  }

 private:
  const FsstDecoder decoder_;
  const uint32_t offset_bytes_;
};

class FsstPerValue final : public PerValueDecompressor {
 public:
  explicit FsstPerValue(const FsstDecoder& decoder) : decoder_(decoder) {}
  uint64_t stored_bytes() const override { return 0; }
  bool is_plain() const override { return decoder_.is_raw(); }
  void AppendValue(ByteSpan stored, DecodedValues& out) const override {
    decoder_.is_raw() ? out.AppendVariable(stored) : AppendDecoded(decoder_, stored, out);
  }

 private:
  const FsstDecoder decoder_;
};

class FsstBlock final : public BlockDecompressor {
 public:
  explicit FsstBlock(const FsstDecoder& decoder) : decoder_(decoder) {}
  void AppendBlock(ByteSpan block, uint64_t num_values, DecodedValues& out) const override {
    const VariableView view = VariableView::OfBlock(block, num_values);
    if (decoder_.is_raw()) return view.AppendRange(0, num_values, out);
    for (uint64_t i = 0; i < num_values; ++i) AppendDecoded(decoder_, view.Value(i), out);
  }

 private:
  const FsstDecoder decoder_;
};

FsstDecoder DecoderOf(const CompressiveEncoding& encoding, const ValueShape& shape) {
  CheckVariable("fsst", shape);
  const CompressiveEncoding& values = encoding.fsst().values();
  if (!values.has_variable()) throw Corrupt("fsst: around {}, it must be around variable", Describe(values, 1));
  const std::string& table = encoding.fsst().symbol_table();
  return FsstDecoder({reinterpret_cast<const uint8_t*>(table.data()), table.size()});
}

}  // namespace

std::unique_ptr<MiniBlockDecompressor> MakeFsstMiniBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  const FsstDecoder decoder = DecoderOf(encoding, shape);
  return std::make_unique<FsstMiniBlock>(decoder, VariableOffsetBytes(encoding.fsst().values()));
}
std::unique_ptr<PerValueDecompressor> MakeFsstPerValue(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  return std::make_unique<FsstPerValue>(DecoderOf(encoding, shape));
}
std::unique_ptr<BlockDecompressor> MakeFsstBlock(const CompressiveEncoding& encoding, const ValueShape& shape, int) {
  return std::make_unique<FsstBlock>(DecoderOf(encoding, shape));
}
std::string DescribeFsst(const CompressiveEncoding& encoding, int depth) {
  const std::string& table = encoding.fsst().symbol_table();
  const bool raw = table.size() < 4 || (table[3] & 1) == 0;
  return fmt::format("({}{})", raw ? "raw, " : "", Describe(encoding.fsst().values(), depth + 1));
}

}  // namespace eider::codec
