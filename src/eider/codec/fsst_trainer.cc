#include "eider/codec/fsst_trainer.h"

#include <algorithm>

namespace eider::codec {
namespace {

constexpr uint64_t kSampleBytes = 32 << 10;
constexpr uint64_t kPieceBytes = 512;
/// The share of the sample, in 128ths, that each round looks at.
constexpr uint64_t kRounds[] = {16, 48, 80, 112, 128};
constexpr uint32_t kNumCodes = 512;  // 0 to 254: symbols; 256 and above: single bytes
constexpr uint32_t kNoCode = kNumCodes;

/// Pieces of values at evenly spread places, long values cut.
std::vector<ByteSpan> SampleOf(const LeafValues& values) {
  std::vector<ByteSpan> sample;
  const uint64_t n = values.num_values;
  if (n == 0) return sample;
  const uint64_t begin = values.Offset(0), total = values.Offset(n) - begin;
  if (total <= kSampleBytes) {  // all of them; a piece of long values at a time
    for (uint64_t i = 0; i < n; ++i) {
      for (ByteSpan rest = values.Value(i); !rest.empty(); rest = rest.subspan(std::min<size_t>(kPieceBytes, rest.size()))) {
        sample.push_back(rest.first(std::min<size_t>(kPieceBytes, rest.size())));
      }
    }
    return sample;
  }
  const uint64_t piece_bytes = std::clamp<uint64_t>(total / n, 8, kPieceBytes);
  const uint64_t pieces = kSampleBytes / piece_bytes;
  uint64_t taken = 0;
  for (uint64_t k = 0; k < pieces && taken < 2 * kSampleBytes; ++k) {
    const uint64_t place = begin + static_cast<uint64_t>(static_cast<unsigned __int128>(total) * k / pieces);
    uint64_t low = 0, high = n - 1;  // the last value that starts at or before `place`
    while (low < high) {
      const uint64_t middle = (low + high + 1) / 2;
      if (values.Offset(middle) <= place) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const ByteSpan value = values.Value(low);
    const uint64_t skip = value.size() <= kPieceBytes ? 0 : std::min(place - values.Offset(low), value.size() - kPieceBytes);
    sample.push_back(value.subspan(skip, std::min<uint64_t>(kPieceBytes, value.size() - skip)));
    taken += sample.back().size();
  }
  return sample;
}

/// What codes stand for, single bytes included.
FsstSymbol SymbolOf(const FsstSymbols& symbols, uint32_t code) {
  return code >= 256 ? FsstSymbol{code - 256, 1} : symbols.symbols()[code];
}

/// Gains by symbol: open addressing, emptied between rounds.
class Candidates {
 public:
  struct Entry {
    FsstSymbol symbol;
    uint64_t gain = 0;
  };

  Candidates() : slots_(size_t{1} << kLogSlots, 0) {}
  void Add(const FsstSymbol& symbol, uint64_t gain) {
    size_t at = ((symbol.bytes ^ uint64_t{symbol.length} << 57) * 0x9E3779B97F4A7C15) >> (64 - kLogSlots);
    while (slots_[at] != 0 && !(entries_[slots_[at] - 1].symbol == symbol)) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at] == 0) {
      if (2 * entries_.size() >= slots_.size()) return;
      entries_.push_back({symbol, 0});
      used_.push_back(static_cast<uint32_t>(at));
      slots_[at] = static_cast<uint32_t>(entries_.size());
    }
    entries_[slots_[at] - 1].gain += gain;
  }

  /// The best, best first; empties the table.
  std::vector<FsstSymbol> TakeBest() {
    const auto better = [](const Entry& a, const Entry& b) {
      if (a.gain != b.gain) return a.gain > b.gain;
      return a.symbol.length != b.symbol.length ? a.symbol.length > b.symbol.length : a.symbol.bytes < b.symbol.bytes;
    };
    // A few more than fit: some share a slot.
    const size_t count = std::min(entries_.size(), FsstSymbols::kMax + FsstSymbols::kMax / 4);
    std::partial_sort(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(count), entries_.end(), better);
    std::vector<FsstSymbol> best;
    for (size_t i = 0; i < count; ++i) best.push_back(entries_[i].symbol);
    for (const uint32_t at : used_) slots_[at] = 0;
    entries_.clear();
    used_.clear();
    return best;
  }

 private:
  static constexpr int kLogSlots = 15;
  std::vector<uint32_t> slots_;  ///< number of an entry plus one, or 0
  std::vector<Entry> entries_;
  std::vector<uint32_t> used_;
};

class Trainer {
 public:
  FsstTraining Run(const std::vector<ByteSpan>& sample) {
    FsstSymbols symbols({});
    for (const uint64_t share : kRounds) {
      Count(std::span(sample).first(CeilDiv(sample.size() * share, 128)), symbols);
      symbols = FsstSymbols(Improve(symbols));
    }
    uint64_t raw = 0, codes = 0;
    for (const ByteSpan piece : sample) {
      raw += piece.size();
      for (size_t at = 0; at < piece.size();) {
        const auto entry = symbols.Match(LoadUpTo8(piece.data() + at, piece.size() - at));
        codes += FsstSymbols::CodeOf(entry) == kFsstEscape ? 2 : 1;
        at += FsstSymbols::LengthOf(entry);
      }
    }
    return {std::move(symbols), raw == 0 ? 1.0 : static_cast<double>(codes) / static_cast<double>(raw)};
  }

 private:
  void Count(std::span<const ByteSpan> sample, const FsstSymbols& symbols) {
    for (const ByteSpan piece : sample) {
      uint32_t previous = kNoCode;
      for (size_t at = 0; at < piece.size();) {
        const auto entry = symbols.Match(LoadUpTo8(piece.data() + at, piece.size() - at));
        const bool escaped = FsstSymbols::CodeOf(entry) == kFsstEscape;
        const uint32_t code = escaped ? 256u + piece[at] : FsstSymbols::CodeOf(entry);
        ++single_[code];
        // Single bytes stay candidates even where a longer symbol covers them.
        if (FsstSymbols::LengthOf(entry) > 1) ++single_[256u + piece[at]];
        if (previous != kNoCode) CountPair(previous * kNumCodes + code);
        previous = code;
        at += FsstSymbols::LengthOf(entry);
      }
    }
  }
  void CountPair(uint32_t pair) {
    if (pairs_[pair] == 0) seen_.push_back(pair);
    pairs_[pair] += pairs_[pair] != 0xFFFF;
  }

  /// The symbols of the next round; the counts are used up.
  std::vector<FsstSymbol> Improve(const FsstSymbols& symbols) {
    for (uint32_t code = 0; code < kNumCodes; ++code) {
      if (single_[code] == 0) continue;
      const FsstSymbol symbol = SymbolOf(symbols, code);
      // A single byte saves an escape, which a longer symbol seldom does.
      candidates_.Add(symbol, uint64_t{single_[code]} * symbol.length * (symbol.length == 1 ? 4 : 1));
    }
    for (const uint32_t pair : seen_) {
      const uint16_t count = std::exchange(pairs_[pair], 0);
      const FsstSymbol left = SymbolOf(symbols, pair / kNumCodes), right = SymbolOf(symbols, pair % kNumCodes);
      if (count < 2 || left.length + right.length > static_cast<int>(kFsstMaxSymbolBytes)) continue;
      const FsstSymbol joined{left.bytes | right.bytes << (8 * left.length), static_cast<uint8_t>(left.length + right.length)};
      candidates_.Add(joined, uint64_t{count} * joined.length);
    }
    seen_.clear();
    std::fill(single_.begin(), single_.end(), 0);
    return candidates_.TakeBest();
  }

  std::vector<uint32_t> single_ = std::vector<uint32_t>(kNumCodes);
  std::vector<uint16_t> pairs_ = std::vector<uint16_t>(kNumCodes * kNumCodes);
  std::vector<uint32_t> seen_;  ///< pairs that were counted
  Candidates candidates_;
};

}  // namespace

FsstTraining TrainFsst(const LeafValues& values) { return Trainer().Run(SampleOf(values)); }

}  // namespace eider::codec
