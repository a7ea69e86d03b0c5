#pragma once
/// \file
/// Little-endian base-128 numbers in our own buffers (checksums.h, blob_sums.h), written and read.

#include <string>

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider::file {

inline void AppendVarint(BufferBuilder& out, uint64_t n) {
  for (; n >= 0x80; n >>= 7) out.AppendValue<uint8_t>(uint8_t(n | 0x80));
  out.AppendValue<uint8_t>(uint8_t(n));
}

/// Reads what has a sum, and the sum was right: what fails here was written so. \throws Error(kCorrupt) where the bytes end.
class VarintCursor {
 public:
  explicit VarintCursor(ByteSpan bytes) : bytes_(bytes) {}
  uint8_t Byte() { return Take(1)[0]; }
  uint64_t Varint() {
    uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t b = Byte();
      n |= uint64_t(b & 0x7F) << shift;
      if (b < 0x80) return n;
    }
    throw Corrupt("checksums: a number longer than 64 bits");
  }
  ByteSpan Take(uint64_t n) {
    const ByteSpan taken = CheckedSubspan(bytes_, at_, n, "checksums");
    at_ += n;
    return taken;
  }
  std::string Text() {
    const ByteSpan text = Take(Varint());
    return std::string(text.begin(), text.end());
  }
  bool done() const { return at_ == bytes_.size(); }
  uint64_t left() const { return bytes_.size() - at_; }

 private:
  ByteSpan bytes_;
  uint64_t at_ = 0;
};

}  // namespace eider::file
