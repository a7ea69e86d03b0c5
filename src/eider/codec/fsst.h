#pragma once
/// \file
/// FSST: strings as codes of a table of up to 255 symbols of 1 to 8 bytes, one table per page inside the encoding.
///
///     table   | u64 header | n x 8 bytes of symbols | n x 1 byte of lengths | zeros to 2312 |
///     header  0x46535354 << 32 | switch << 24 | suffix_lim << 16 | terminator << 8 | n
///     value   codes; code < n stands for its symbol, code 255 is followed by one literal byte
///
/// switch bit 0 unset: the values are stored raw and there are no symbols. Reader: symbols have 1 to 8 bytes, no code lies
/// between n and 255, no value ends in a lone 255.

#include <array>

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeFsstMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<PerValueDecompressor> MakeFsstPerValue(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeFsstBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::string DescribeFsst(const CompressiveEncoding&, int depth);

inline constexpr size_t kFsstTableBytes = 2312;
inline constexpr uint8_t kFsstEscape = 255;
inline constexpr uint32_t kFsstMagic = 0x46535354;
inline constexpr size_t kFsstMaxSymbolBytes = 8;

class FsstDecoder {
 public:
  /// What a decoder may write behind the bytes of a value.
  static constexpr size_t kSlack = 72;
  static constexpr size_t Room(size_t num_codes) { return kFsstMaxSymbolBytes * num_codes + kSlack; }
  static constexpr uint32_t kInsideEscape = ~uint32_t{0};
  static constexpr size_t kPieceCodes = 1024;
  /// Where the bytes of each code of a piece begin, and where the last end. Held as the low bits of addresses: that costs a store.
  class Starts {
   public:
    uint32_t At(size_t code) const { return marks_[code] - origin_; }

   private:
    friend FsstDecoder;
    static uint32_t Mark(const uint8_t* address) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(address)); }
    uint32_t origin_ = 0;
    std::array<uint32_t, kPieceCodes + 2> marks_;
  };
  struct Piece {
    size_t codes = 0;
    size_t bytes = 0;
  };

  /// \throws Error(kCorrupt) when the table is not one.
  explicit FsstDecoder(ByteSpan table);
  bool is_raw() const { return raw_; }
  /// Decodes one value to `out`, which has Room(codes.size()); returns the bytes of the value.
  size_t Decode(ByteSpan codes, uint8_t* out) const;
  /// Decodes about the first kPieceCodes codes, not ending within an escape, whatever values they belong to: short values end too
  /// often to be decoded one by one. `out` has Room(codes.size()). The literal of an escape starts at kInsideEscape.
  Piece DecodePiece(ByteSpan codes, uint8_t* out, Starts& starts) const;

 private:
  template <bool kMarks>
  Piece Run(ByteSpan codes, size_t max_codes, uint8_t* out, uint32_t* marks) const;
  /// Decodes up to 7 codes; returns the end of their bytes.
  uint8_t* DecodeFew(ByteSpan codes, uint8_t* to) const;
  [[noreturn]] static void ThrowBadCode();

  bool raw_ = false;
  uint8_t num_symbols_ = 0;
  uint64_t symbols_[256] = {};
  uint8_t lengths_[256] = {};  ///< 0: no such code
};

}  // namespace eider::codec
