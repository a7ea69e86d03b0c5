#include "eider/codec/fsst_encoder.h"

#include <array>

#include "eider/codec/fsst.h"
#include "eider/codec/variable.h"

namespace eider::codec {
namespace {

/// The bytes of a word that count, by how many there are.
constexpr uint64_t kAvailable[9] = {LowBytes(~0ull, 0), LowBytes(~0ull, 1), LowBytes(~0ull, 2), LowBytes(~0ull, 3), LowBytes(~0ull, 4),
                                    LowBytes(~0ull, 5), LowBytes(~0ull, 6), LowBytes(~0ull, 7), LowBytes(~0ull, 8)};

/// Consecutive values, which lie behind one another, on their way to codes.
struct Lane {
  uint64_t value = 0, last = 0;  ///< being encoded; where the lane ends
  const uint8_t* at = nullptr;
  uint8_t *begin = nullptr, *to = nullptr;
};

/// Matching waits for one load after the other, so several lanes take turns.
constexpr size_t kLanes = 4;
/// Values whose codes are brought together while they are at hand.
constexpr uint64_t kBatchBytes = 256 << 10;
/// Room for the codes, above what the sample foretells.
constexpr double kReserve = 1.05;
using Lanes = std::array<Lane, kLanes>;

class LaneEncoder {
 public:
  /// `ends[i]` becomes where value i ends in its lane.
  LaneEncoder(const LeafValues& values, const FsstSymbols& symbols, uint64_t* ends)
      : values_(values), symbols_(symbols.matcher()), ends_(ends) {}

  /// Encodes all of the lanes. Behind every value 8 more bytes can be read.
  void Run(Lanes& lanes) const {
    const FsstSymbols::Matcher symbols = symbols_;
    // Locals, to be held in registers: through memory every code would wait for the stores of the one before.
    const uint8_t *at0 = lanes[0].at, *at1 = lanes[1].at, *at2 = lanes[2].at, *at3 = lanes[3].at;
    uint8_t *to0 = lanes[0].to, *to1 = lanes[1].to, *to2 = lanes[2].to, *to3 = lanes[3].to;
    const uint8_t *end0 = at0, *end1 = at1, *end2 = at2, *end3 = at3;
    bool all = Enter(lanes[0], at0, end0, to0) & Enter(lanes[1], at1, end1, to1);
    all &= Enter(lanes[2], at2, end2, to2) & Enter(lanes[3], at3, end3, to3);
    while (all) {
      all &= Turn(symbols, lanes[0], at0, end0, to0);
      all &= Turn(symbols, lanes[1], at1, end1, to1);
      all &= Turn(symbols, lanes[2], at2, end2, to2);
      all &= Turn(symbols, lanes[3], at3, end3, to3);
    }
    Finish(lanes[0], at0, end0, to0), Finish(lanes[1], at1, end1, to1);
    Finish(lanes[2], at2, end2, to2), Finish(lanes[3], at3, end3, to3);
  }

 private:
  /// Enters the first value that has bytes, from the lane's on; false when there is none. Values passed by end where the codes stand.
  bool Enter(Lane& lane, const uint8_t* at, const uint8_t*& end, uint8_t* to) const {
    for (; lane.value < lane.last; ++lane.value) {
      end = values_.data.data() + values_.Offset(lane.value + 1);
      if (at != end) return true;
      ends_[lane.value] = static_cast<uint64_t>(to - lane.begin);
    }
    return false;
  }
  /// One code; false when the lane has come to its end.
  bool Turn(FsstSymbols::Matcher symbols, Lane& lane, const uint8_t*& at, const uint8_t*& end, uint8_t*& to) const {
    const uint64_t word = LoadLe<uint64_t>(at) & kAvailable[std::min<ptrdiff_t>(end - at, 8)];
    const FsstSymbols::Entry entry = symbols.Match(word);
    // An escape takes both bytes; behind another code the second is overwritten.
    StoreLe<uint16_t>(to, static_cast<uint16_t>(FsstSymbols::CodeOf(entry) | word << 8));
    to += FsstSymbols::CodeBytesOf(entry);
    at += FsstSymbols::LengthOf(entry);
    return at != end || Enter(lane, at, end, to);
  }
  void Finish(Lane& lane, const uint8_t* at, const uint8_t* end, uint8_t* to) const {
    while (lane.value < lane.last && Turn(symbols_, lane, at, end, to)) {
    }
    lane.to = to;
  }

  const LeafValues& values_;
  const FsstSymbols::Matcher symbols_;
  uint64_t* const ends_;
};

}  // namespace

void FsstEncoder::Encode(ByteSpan value, BufferBuilder& out) const {
  const size_t begin = out.size();
  uint8_t* const codes = out.Extend(2 * value.size());
  uint8_t* to = codes;
  for (size_t at = 0; at < value.size();) {
    const size_t available = value.size() - at;
    const FsstSymbols::Entry entry = training_.symbols.Match(LoadUpTo8(value.data() + at, available));
    *to++ = FsstSymbols::CodeOf(entry);
    if (FsstSymbols::CodeOf(entry) == kFsstEscape) *to++ = value[at];
    at += FsstSymbols::LengthOf(entry);
  }
  out.Resize(begin + static_cast<size_t>(to - codes));
}

void FsstEncoder::EncodeBatch(const LeafValues& values, uint64_t first, uint64_t last, Codes& codes) const {
  const uint64_t begin = values.Offset(first), before = codes.bytes.size();
  uint8_t* const out = codes.bytes.Extend(2 * (values.Offset(last) - begin) + 8);
  const auto cut = [&](size_t k) { return first + (last - first) * k / kLanes; };
  Lanes lanes;
  for (size_t k = 0; k < kLanes; ++k) {
    lanes[k] = {.value = cut(k), .last = cut(k + 1)};
    lanes[k].at = values.data.data() + values.Offset(lanes[k].value);
    lanes[k].begin = lanes[k].to = out + 2 * (values.Offset(lanes[k].value) - begin);
  }
  uint64_t* const ends = codes.offsets.data() + 1;
  LaneEncoder(values, training_.symbols, ends).Run(lanes);
  uint64_t size = 0;
  for (size_t k = 0; k < kLanes; ++k) {
    const auto bytes = static_cast<uint64_t>(lanes[k].to - lanes[k].begin);
    if (bytes > 0) std::memmove(out + size, lanes[k].begin, bytes);
    for (uint64_t i = cut(k); i < cut(k + 1); ++i) ends[i] += before + size;
    size += bytes;
  }
  codes.bytes.Resize(before + size);
}

FsstEncoder::Codes FsstEncoder::EncodeAll(const LeafValues& values) const {
  const uint64_t n = values.num_values;
  Codes codes;
  codes.offsets.resize(n + 1);
  if (n == 0) return codes;
  const auto raw = static_cast<double>(values.Offset(n) - values.Offset(0));
  codes.bytes.Reserve(static_cast<size_t>(ratio() * kReserve * raw) + 3 * kBatchBytes);
  // The last values are encoded with care: 8 bytes may not be there to be read.
  uint64_t fast = n;
  while (fast > 0 && values.Offset(fast) + 8 > values.data.size()) --fast;
  for (uint64_t first = 0, last = 0; first < fast; first = last) {
    while (last < fast && (last == first || values.Offset(last) - values.Offset(first) < kBatchBytes)) ++last;
    EncodeBatch(values, first, last, codes);
  }
  for (uint64_t i = fast; i < n; ++i) {
    Encode(values.Value(i), codes.bytes);
    codes.offsets[i + 1] = codes.bytes.size();
  }
  return codes;
}

std::string FsstEncoder::Table() const {
  std::string table(kFsstTableBytes, '\0');
  auto* bytes = reinterpret_cast<uint8_t*>(table.data());
  const std::span<const FsstSymbol> symbols = training_.symbols.symbols();
  const size_t n = symbols.size();
  StoreLe<uint64_t>(bytes, uint64_t{kFsstMagic} << 32 | uint64_t{1} << 24 | uint64_t{n} << 16 | n);
  for (size_t i = 0; i < n; ++i) {
    StoreLe<uint64_t>(bytes + 8 + 8 * i, symbols[i].bytes);
    bytes[8 + 8 * n + i] = symbols[i].length;
  }
  return table;
}

namespace {

bool SavesATenth(uint64_t codes, uint64_t raw) { return codes < raw - raw / 10; }

/// The codes of all values, unless they save less than a tenth, which a sample that grows tells before the work is done.
std::optional<FsstEncoder::Codes> EncodeWhenSmaller(const LeafValues& values, const FsstEncoder& encoder) {
  if (encoder.ratio() >= 1) return std::nullopt;
  const uint64_t n = values.num_values, raw = n == 0 ? 0 : values.Offset(n) - values.Offset(0);
  FsstEncoder::Codes codes = encoder.EncodeAll(values);
  if (!SavesATenth(codes.bytes.size(), raw)) return std::nullopt;
  return codes;
}

void SetFsst(const FsstEncoder& encoder, uint64_t offset_bytes, CompressiveEncoding* encoding) {
  encoding->mutable_fsst()->set_symbol_table(encoder.Table());
  SetVariable(offset_bytes, encoding->mutable_fsst()->mutable_values());
}

}  // namespace

bool CompressFsst(const LeafValues& values, uint64_t target_bytes, MiniBlockPage& page, CompressiveEncoding* encoding) {
  const FsstEncoder encoder(values);
  const std::optional<FsstEncoder::Codes> codes = EncodeWhenSmaller(values, encoder);
  if (!codes) return false;
  LeafValues coded;
  coded.shape = values.shape;
  coded.shape.offset_bytes = 8;
  coded.num_values = values.num_values;
  coded.data = codes->bytes.span();
  coded.offsets = {reinterpret_cast<const uint8_t*>(codes->offsets.data()), 8 * codes->offsets.size()};
  page = CutVariable(coded, values.shape.offset_bytes, target_bytes);
  SetFsst(encoder, values.shape.offset_bytes, encoding);
  return true;
}

bool CompressFsstPerValue(const LeafValues& values, PerValuePage& page, CompressiveEncoding* encoding) {
  const FsstEncoder encoder(values);
  std::optional<FsstEncoder::Codes> codes = EncodeWhenSmaller(values, encoder);
  if (!codes) return false;
  page.owned = std::move(codes->bytes);
  page.owned_offsets = std::move(codes->offsets);
  page.data = page.owned.span();
  SetFsst(encoder, values.shape.offset_bytes, encoding);
  return true;
}

}  // namespace eider::codec
