#include "eider/codec/fsst_symbols.h"

#include <algorithm>
#include <array>

namespace eider::codec {

FsstSymbols::FsstSymbols(std::span<const FsstSymbol> best) {
  std::array<uint16_t, 256> by_byte;
  by_byte.fill(static_cast<uint16_t>(MakeEntry(kFsstEscape, 1, 2)));
  for (const FsstSymbol& symbol : best) {
    if (symbols_.size() == kMax) break;
    if (symbol.length > 1 && symbol.bytes >> (8 * (symbol.length - 1)) == 0) continue;
    const Entry entry = MakeEntry(symbols_.size(), symbol.length, 1);
    if (symbol.length == 1) by_byte[symbol.bytes] = static_cast<uint16_t>(entry);
    if (symbol.length > 2) {
      Slot& slot = slots_[SlotOf(symbol.bytes)];
      if (slot.mask != 0) continue;
      slot = {symbol.bytes, LowBytes(~uint64_t{0}, symbol.length), entry};
    }
    symbols_.push_back(symbol);
  }
  for (size_t second = 0; second < 256; ++second) std::copy(by_byte.begin(), by_byte.end(), by_two_bytes_.get() + 256 * second);
  for (size_t code = 0; code < symbols_.size(); ++code) {
    if (symbols_[code].length == 2) by_two_bytes_[symbols_[code].bytes] = static_cast<uint16_t>(MakeEntry(code, 2, 1));
  }
  for (const FsstSymbol& symbol : symbols_) {
    if (symbol.length > 2) by_two_bytes_[symbol.bytes & 0xFFFF] |= kLonger;
  }
}

}  // namespace eider::codec
