#include "eider/codec/fsst.h"

#include <fmt/format.h>

#include "eider/codec/variable.h"

namespace eider::codec {

FsstDecoder::FsstDecoder(ByteSpan table) {
  if (table.size() != kFsstTableBytes) throw Corrupt("fsst: a table of {} bytes, it has {}", table.size(), kFsstTableBytes);
  const uint64_t header = LoadLe<uint64_t>(table.data());
  if (header >> 32 != kFsstMagic) throw Corrupt("fsst: table header {:#x}", header);
  raw_ = (header >> 24 & 1) == 0;
  if (raw_) return;
  const size_t num_symbols = header & 0xFF;
  for (size_t i = 0; i < num_symbols; ++i) {
    symbols_[i] = LoadLe<uint64_t>(table.data() + 8 + 8 * i);
    lengths_[i] = table[8 + 8 * num_symbols + i];
    if (lengths_[i] == 0 || lengths_[i] > kFsstMaxSymbolBytes) throw Corrupt("fsst: symbol {} of {} bytes", i, lengths_[i]);
  }
}

size_t FsstDecoder::Decode(ByteSpan codes, uint8_t* out) const {
  // Invariant: out has room for 8 bytes per code left, plus 8; so every store of a whole symbol is within it.
  const uint8_t* code = codes.data();
  const uint8_t* const end = code + codes.size();
  uint8_t* to = out;
  uint8_t bad = 0;
  const auto put = [&](uint8_t c) {
    StoreLe<uint64_t>(to, symbols_[c]);
    to += lengths_[c];
    bad |= static_cast<uint8_t>(lengths_[c] - 1);
  };
  while (end - code >= 4) {
    const uint32_t four = LoadLe<uint32_t>(code);
    // A byte of `four` is 255 exactly when its complement has a zero byte. The codes are taken from the register: a store to `to`
    // could, for all the compiler knows, change them.
    if ((((~four) - 0x01010101u) & four & 0x80808080u) == 0) {
      put(static_cast<uint8_t>(four)), put(static_cast<uint8_t>(four >> 8));
      put(static_cast<uint8_t>(four >> 16)), put(static_cast<uint8_t>(four >> 24));
      code += 4;
    } else if (*code == kFsstEscape) {
      *to++ = code[1];
      code += 2;
    } else {
      put(*code++);
    }
  }
  while (code < end) {
    if (*code != kFsstEscape) {
      put(*code++);
      continue;
    }
    if (code + 1 == end) throw Corrupt("fsst: a value of {} codes ends in an escape", codes.size());
    *to++ = code[1];
    code += 2;
  }
  if (bad & 0x80) throw Corrupt("fsst: a value of {} codes uses one that the table lacks", codes.size());
  return static_cast<size_t>(to - out);
}

namespace {

// Appends the value that `codes` stand for.
void AppendDecoded(const FsstDecoder& decoder, ByteSpan codes, DecodedValues& out) {
  const size_t begin = out.data.size();
  const size_t size = decoder.Decode(codes, out.data.Extend(8 * codes.size() + 8));
  out.data.Resize(begin + size);
  out.CheckOffset(begin + size);
  out.shape.offset_bytes == 4 ? out.offsets.AppendValue(static_cast<uint32_t>(begin + size))
                              : out.offsets.AppendValue(uint64_t{begin + size});
  ++out.num_values;
}

// Appends values [first, first + count): room is made once, offsets are written as a run.
template <typename Offset>
void AppendRun(const FsstDecoder& decoder, const VariableView& view, uint64_t first, uint64_t count, DecodedValues& out) {
  const size_t start = out.data.size();
  const size_t room = 8 * view.Bytes(first, count).size() + 8;
  uint8_t* const begin = out.data.Extend(room);
  uint8_t* to = begin;
  uint8_t* offsets = out.offsets.Extend(count * sizeof(Offset));
  // Invariant: the codes left take at most the room left; Bytes() holds all of them, since each Value() lies behind the last.
  uint64_t left = room - 8;
  for (uint64_t i = 0; i < count; ++i) {
    const ByteSpan codes = view.Value(first + i);
    if (8 * codes.size() > left) throw Corrupt("fsst: values of a chunk overlap");
    left -= 8 * codes.size();
    to += decoder.Decode(codes, to);
    StoreLe<Offset>(offsets + i * sizeof(Offset), static_cast<Offset>(start + static_cast<size_t>(to - begin)));
  }
  out.data.Resize(start + static_cast<size_t>(to - begin));
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
