#include "eider/codec/fsst_symbols.h"

namespace eider::codec {

FsstSymbols::FsstSymbols(std::span<const FsstSymbol> best) : slots_(kNumSlots), by_two_bytes_(65536, kFsstEscape | 1 << 8) {
  uint16_t by_byte[256] = {};
  for (const FsstSymbol& symbol : best) {
    if (symbols_.size() == kMax) break;
    if (symbol.length > 1 && symbol.bytes >> (8 * (symbol.length - 1)) == 0) continue;
    const Entry entry = static_cast<Entry>(symbols_.size()) | Entry{symbol.length} << 8;
    if (symbol.length == 1) {
      by_byte[symbol.bytes] = static_cast<uint16_t>(entry);
    } else if (symbol.length == 2) {
      by_two_bytes_[symbol.bytes] = static_cast<uint16_t>(entry);
    } else {
      Slot& slot = slots_[SlotOf(symbol.bytes)];
      if (slot.mask != 0) continue;
      slot = {symbol.bytes, LowBytes(~uint64_t{0}, symbol.length), entry};
    }
    symbols_.push_back(symbol);
  }
  for (uint32_t pair = 0; pair < 65536; ++pair) {
    if (CodeOf(by_two_bytes_[pair]) == kFsstEscape && by_byte[pair & 0xFF] != 0) by_two_bytes_[pair] = by_byte[pair & 0xFF];
  }
}

}  // namespace eider::codec
