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
  /// \throws Error(kCorrupt) when the table is not one.
  explicit FsstDecoder(ByteSpan table);
  bool is_raw() const { return raw_; }
  /// Decodes one value to `out`, which has 8 x codes.size() + 8 bytes of room; returns the bytes of the value.
  size_t Decode(ByteSpan codes, uint8_t* out) const;

 private:
  bool raw_ = false;
  uint64_t symbols_[256] = {};
  uint8_t lengths_[256] = {};  ///< 0: no such code
};

}  // namespace eider::codec
