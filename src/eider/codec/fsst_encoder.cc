#include "eider/codec/fsst_encoder.h"

#include "eider/codec/fsst.h"
#include "eider/codec/variable.h"

namespace eider::codec {
namespace {

constexpr size_t kSampleBytes = 32 << 10;
constexpr size_t kSampleValueBytes = 1024;
constexpr int kRounds = 5;
constexpr size_t kMaxSymbols = 255;
constexpr uint32_t kNumCodes = 512;  // 0 to 254: symbols; 256 and above: single bytes

uint64_t LoadUpTo8(const uint8_t* p, size_t available) {
  uint64_t word = 0;
  std::memcpy(&word, p, std::min<size_t>(8, available));
  return word;
}
constexpr uint64_t LowBytes(uint64_t word, size_t n) { return n >= 8 ? word : word & ((uint64_t{1} << (8 * n)) - 1); }

}  // namespace

struct FsstEncoder::Counts {
  std::vector<uint32_t> single = std::vector<uint32_t>(kNumCodes);
  std::vector<uint16_t> pair = std::vector<uint16_t>(kNumCodes * kNumCodes);
};

/// Symbols by what they would save.
class FsstEncoder::Candidates {
 public:
  void Add(Symbol symbol, uint64_t gain) {
    auto& of_length = gains_[symbol.length];
    of_length[symbol.bytes] += gain;
  }
  std::vector<Symbol> Best() const {
    struct Entry {
      uint64_t gain;
      Symbol symbol;
    };
    std::vector<Entry> all;
    for (size_t length = 1; length <= kFsstMaxSymbolBytes; ++length) {
      for (const auto& [bytes, gain] : gains_[length]) all.push_back({gain, {bytes, static_cast<uint8_t>(length)}});
    }
    const auto better = [](const Entry& a, const Entry& b) {
      if (a.gain != b.gain) return a.gain > b.gain;
      return a.symbol.length != b.symbol.length ? a.symbol.length > b.symbol.length : a.symbol.bytes < b.symbol.bytes;
    };
    std::sort(all.begin(), all.end(), better);
    all.resize(std::min(all.size(), kMaxSymbols));
    std::vector<Symbol> symbols;
    for (const Entry& entry : all) symbols.push_back(entry.symbol);
    return symbols;
  }

 private:
  std::unordered_map<uint64_t, uint64_t> gains_[kFsstMaxSymbolBytes + 1];
};

FsstEncoder::FsstEncoder(const LeafValues& values) {
  Build({});
  Train(SampleOf(values));
}

std::vector<ByteSpan> FsstEncoder::SampleOf(const LeafValues& values) {
  std::vector<ByteSpan> sample;
  const uint64_t n = values.num_values;
  const uint64_t total = n == 0 ? 0 : values.Offset(n) - values.Offset(0);
  const uint64_t step = std::max<uint64_t>(1, total / kSampleBytes);
  uint64_t taken = 0;
  for (uint64_t i = 0; i < n && taken < 2 * kSampleBytes; i += step) {
    const ByteSpan value = values.Value(i);
    sample.push_back(value.first(std::min(value.size(), kSampleValueBytes)));
    taken += sample.back().size();
  }
  return sample;
}

size_t FsstEncoder::SlotOf(uint64_t word) { return (word & 0xFFFFFF) * 0x9E3779B1u >> 7 & (kNumSlots - 1); }

FsstEncoder::Symbol FsstEncoder::SymbolOf(uint32_t code) const {
  return code >= 256 ? Symbol{code - 256, 1} : symbols_[code];
}

void FsstEncoder::Build(std::vector<Symbol> symbols) {
  symbols_.clear();
  by_byte_.assign(256, kNoCode);
  by_two_bytes_.assign(65536, kNoCode);
  slots_.assign(kNumSlots, kNoCode);
  // The best come first; of those that share a slot the first stays.
  for (const Symbol& symbol : symbols) {
    const auto code = static_cast<uint16_t>(symbols_.size());
    uint16_t& entry = symbol.length == 1   ? by_byte_[symbol.bytes]
                      : symbol.length == 2 ? by_two_bytes_[symbol.bytes]
                                           : slots_[SlotOf(symbol.bytes)];
    if (entry != kNoCode) continue;
    entry = code;
    symbols_.push_back(symbol);
  }
  for (uint32_t pair = 0; pair < 65536; ++pair) {
    if (by_two_bytes_[pair] == kNoCode) by_two_bytes_[pair] = by_byte_[pair & 0xFF];
  }
}

uint32_t FsstEncoder::Find(uint64_t word, size_t available) const {
  const uint16_t code = slots_[SlotOf(word)];
  if (code != kNoCode) {
    const Symbol& symbol = symbols_[code];
    if (symbol.length <= available && LowBytes(word, symbol.length) == symbol.bytes) return code;
  }
  return available >= 2 ? by_two_bytes_[word & 0xFFFF] : by_byte_[word & 0xFF];
}

void FsstEncoder::CountSample(const std::vector<ByteSpan>& sample, Counts& counts) const {
  for (const ByteSpan value : sample) {
    uint32_t previous = kNumCodes;
    for (size_t at = 0; at < value.size();) {
      const size_t available = value.size() - at;
      uint32_t code = Find(LoadUpTo8(value.data() + at, available), available);
      if (code == kNoCode) code = 256u + value[at];
      ++counts.single[code];
      // Single bytes stay candidates even where a longer symbol covers them.
      if (SymbolOf(code).length > 1) ++counts.single[256u + value[at]];
      if (previous != kNumCodes) {
        uint16_t& pair = counts.pair[previous * kNumCodes + code];
        pair += pair != 0xFFFF;
      }
      previous = code;
      at += SymbolOf(code).length;
    }
  }
}

void FsstEncoder::Train(const std::vector<ByteSpan>& sample) {
  for (int round = 0; round < kRounds; ++round) {
    Counts counts;
    CountSample(sample, counts);
    Candidates candidates;
    for (uint32_t a = 0; a < kNumCodes; ++a) {
      if (counts.single[a] == 0) continue;
      const Symbol left = SymbolOf(a);
      // A single byte saves an escape, which a longer symbol seldom does.
      candidates.Add(left, uint64_t{counts.single[a]} * left.length * (left.length == 1 ? 4 : 1));
      for (uint32_t b = 0; b < kNumCodes; ++b) {
        const uint16_t count = counts.pair[a * kNumCodes + b];
        if (count < 2) continue;
        const Symbol right = SymbolOf(b);
        if (left.length + right.length > static_cast<int>(kFsstMaxSymbolBytes)) continue;
        const Symbol joined{left.bytes | right.bytes << (8 * left.length), static_cast<uint8_t>(left.length + right.length)};
        candidates.Add(joined, uint64_t{count} * joined.length);
      }
    }
    Build(candidates.Best());
  }
}

void FsstEncoder::Encode(ByteSpan value, BufferBuilder& out) const {
  const size_t begin = out.size();
  uint8_t* const codes = out.Extend(2 * value.size());
  uint8_t* to = codes;
  for (size_t at = 0; at < value.size();) {
    const size_t available = value.size() - at;
    const uint64_t word = available >= 8 ? LoadLe<uint64_t>(value.data() + at) : LoadUpTo8(value.data() + at, available);
    const uint32_t code = Find(word, available);
    if (code != kNoCode) {
      *to++ = static_cast<uint8_t>(code);
      at += symbols_[code].length;
    } else {
      *to++ = kFsstEscape;
      *to++ = value[at++];
    }
  }
  out.Resize(begin + static_cast<size_t>(to - codes));
}

std::string FsstEncoder::Table() const {
  std::string table(kFsstTableBytes, '\0');
  auto* bytes = reinterpret_cast<uint8_t*>(table.data());
  const size_t n = symbols_.size();
  StoreLe<uint64_t>(bytes, uint64_t{kFsstMagic} << 32 | uint64_t{1} << 24 | uint64_t{n} << 16 | n);
  for (size_t i = 0; i < n; ++i) {
    StoreLe<uint64_t>(bytes + 8 + 8 * i, symbols_[i].bytes);
    bytes[8 + 8 * n + i] = symbols_[i].length;
  }
  return table;
}

namespace {

struct Codes {
  BufferBuilder bytes;
  std::vector<uint64_t> offsets;  ///< n + 1, from 0
};

// The codes of all values, unless they save less than a tenth.
std::optional<Codes> EncodeAll(const LeafValues& values, const FsstEncoder& encoder) {
  const uint64_t n = values.num_values, raw = n == 0 ? 0 : values.Offset(n) - values.Offset(0);
  Codes codes;
  codes.bytes.Reserve(raw);
  codes.offsets.reserve(n + 1);
  codes.offsets.push_back(0);
  for (uint64_t i = 0; i < n; ++i) {
    encoder.Encode(values.Value(i), codes.bytes);
    codes.offsets.push_back(codes.bytes.size());
  }
  if (codes.bytes.size() >= raw - raw / 10) return std::nullopt;
  return codes;
}

void SetFsst(const FsstEncoder& encoder, uint64_t offset_bytes, CompressiveEncoding* encoding) {
  encoding->mutable_fsst()->set_symbol_table(encoder.Table());
  SetVariable(offset_bytes, encoding->mutable_fsst()->mutable_values());
}

}  // namespace

bool CompressFsst(const LeafValues& values, MiniBlockPage& page, CompressiveEncoding* encoding) {
  const FsstEncoder encoder(values);
  const std::optional<Codes> codes = EncodeAll(values, encoder);
  if (!codes) return false;
  BufferBuilder offsets;
  for (const uint64_t offset : codes->offsets) {
    values.shape.offset_bytes == 4 ? offsets.AppendValue(static_cast<uint32_t>(offset)) : offsets.AppendValue(offset);
  }
  LeafValues coded;
  coded.shape = values.shape;
  coded.num_values = values.num_values;
  coded.data = codes->bytes.span();
  coded.offsets = offsets.span();
  CompressiveEncoding variable;
  page = CompressVariable(coded, &variable);
  SetFsst(encoder, values.shape.offset_bytes, encoding);
  return true;
}

bool CompressFsstPerValue(const LeafValues& values, PerValuePage& page, CompressiveEncoding* encoding) {
  const FsstEncoder encoder(values);
  std::optional<Codes> codes = EncodeAll(values, encoder);
  if (!codes) return false;
  page.owned = std::move(codes->bytes);
  page.owned_offsets = std::move(codes->offsets);
  page.data = page.owned.span();
  SetFsst(encoder, values.shape.offset_bytes, encoding);
  return true;
}

}  // namespace eider::codec
