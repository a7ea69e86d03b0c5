#pragma once
/// \file
/// A set of FSST symbols laid out for matching: the longest known symbol that some bytes start with.
///
///     3 to 8 bytes   a hash table by the first three bytes, one symbol a slot
///     1 and 2 bytes  a table by two bytes
///
/// Symbols that end in a zero byte are left out, so that a short rest of a value may be filled up with zeros.
/// An entry is code | length << 8 | code bytes << 12; bytes that no symbol starts with give the escape with length 1, two code bytes.
/// Bit 15 in the table by two bytes says that a longer symbol starts with these: most pairs spare a look at the other table.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/codec/fsst.h"

namespace eider::codec {

struct FsstSymbol {
  uint64_t bytes = 0;  ///< little-endian, zero above its length
  uint8_t length = 0;
  bool operator==(const FsstSymbol&) const = default;
};

class FsstSymbols {
 public:
  using Entry = uint32_t;
  static constexpr size_t kMax = 255;

  /// The best symbols come first: of those that share a slot the first stays. At most kMax are kept.
  explicit FsstSymbols(std::span<const FsstSymbol> best);

  std::span<const FsstSymbol> symbols() const { return symbols_; }

  /// The tables, to be kept in registers where bytes are written: a pointer to bytes may point at anything.
  class Matcher;
  Matcher matcher() const;

  /// The entry for `word`, whose bytes above `available` (at least one) are zeros. As no symbol but a single zero byte ends in
  /// one, a match never reaches beyond what is available.
  Entry Match(uint64_t word) const;
  static constexpr uint8_t CodeOf(Entry entry) { return static_cast<uint8_t>(entry); }
  static constexpr size_t LengthOf(Entry entry) { return entry >> 8 & 15; }
  static constexpr size_t CodeBytesOf(Entry entry) { return entry >> 12; }

 private:
  static constexpr size_t kNumSlots = 1024;
  static constexpr Entry kLonger = 1 << 15;
  static constexpr Entry MakeEntry(size_t code, size_t length, size_t code_bytes) {
    return static_cast<Entry>(code | length << 8 | code_bytes << 12);
  }
  struct Slot {
    uint64_t bytes = ~uint64_t{0};  ///< never equal to what the mask lets through
    uint64_t mask = 0;
    Entry entry = 0;
  };
  static size_t SlotOf(uint64_t word) { return static_cast<uint32_t>((word & 0xFFFFFF) * 0x9E3779B1u) >> 22; }

  std::vector<FsstSymbol> symbols_;
  std::unique_ptr<Slot[]> slots_ = std::make_unique<Slot[]>(kNumSlots);
  std::unique_ptr<uint16_t[]> by_two_bytes_ = std::make_unique_for_overwrite<uint16_t[]>(65536);
};

class FsstSymbols::Matcher {
 public:
  Entry Match(uint64_t word) const {
    const Entry brief = by_two_bytes_[word & 0xFFFF];
    if ((brief & kLonger) == 0) return brief;
    const Slot& slot = slots_[SlotOf(word)];
    // Not a branch: whether a long symbol matches is hard to foretell.
    const Entry choice = Entry{0} - Entry{(word & slot.mask) == slot.bytes};
    return (brief ^ ((brief ^ slot.entry) & choice)) & ~kLonger;
  }

 private:
  friend class FsstSymbols;
  Matcher(const uint16_t* by_two_bytes, const Slot* slots) : by_two_bytes_(by_two_bytes), slots_(slots) {}
  const uint16_t* by_two_bytes_;
  const Slot* slots_;
};

inline FsstSymbols::Matcher FsstSymbols::matcher() const { return {by_two_bytes_.get(), slots_.get()}; }
inline FsstSymbols::Entry FsstSymbols::Match(uint64_t word) const { return matcher().Match(word); }

/// `n` low bytes of a word.
constexpr uint64_t LowBytes(uint64_t word, size_t n) { return n >= 8 ? word : word & ((uint64_t{1} << (8 * n)) - 1); }
/// Up to 8 bytes, zeros above.
inline uint64_t LoadUpTo8(const uint8_t* p, size_t available) {
  uint64_t word = 0;
  if (available >= 8) {
    std::memcpy(&word, p, 8);
  } else {
    std::memcpy(&word, p, available);
  }
  return word;
}

}  // namespace eider::codec
