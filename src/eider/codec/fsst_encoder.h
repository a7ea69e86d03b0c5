#pragma once
/// \file
/// Encoding of strings with an FSST symbol table; fsst.h draws the table and the codes, fsst_trainer.h finds the symbols.

#include <optional>
#include <string>
#include <vector>

#include "eider/codec/codec.h"
#include "eider/codec/fsst_trainer.h"

namespace eider::codec {

class FsstEncoder {
 public:
  /// Trains on a sample spread over `values` (kVariable).
  explicit FsstEncoder(const LeafValues& values) : training_(TrainFsst(values)) {}
  /// Appends the codes of `value` to `out`: at most 2 bytes a byte.
  void Encode(ByteSpan value, BufferBuilder& out) const;
  /// The codes of all values, back to back, and where each begins: num_values + 1, from 0.
  struct Codes {
    BufferBuilder bytes;
    std::vector<uint64_t> offsets;
  };
  Codes EncodeAll(const LeafValues& values) const;
  /// The 2312 bytes for the encoding message.
  std::string Table() const;
  size_t num_symbols() const { return training_.symbols.symbols().size(); }
  /// Code bytes per byte, as the sample has it.
  double ratio() const { return training_.ratio; }

 private:
  /// Values [first, last), behind each of which 8 more bytes can be read.
  void EncodeBatch(const LeafValues& values, uint64_t first, uint64_t last, Codes& codes) const;

  FsstTraining training_;
};

/// FSST around Variable; false, and nothing changed, when the codes are not smaller than the values by a tenth.
bool CompressFsst(const LeafValues& values, uint64_t target_bytes, MiniBlockPage& page, CompressiveEncoding* encoding);
bool CompressFsstPerValue(const LeafValues& values, PerValuePage& page, CompressiveEncoding* encoding);

}  // namespace eider::codec
