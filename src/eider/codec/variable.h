#pragma once
/// \file
/// Variable: offsets and bytes in one buffer. W = 4 or 8 bytes an offset.
///
///     mini-block chunk   | o0 .. on | bytes | pad to W with 72 |   offsets count from the buffer's start, o0 = (n + 1) W
///     block              | u32 32 | u32 start | o0 .. on | bytes |   offsets count from `start`, o0 = 0
///                        | u64 64 | u64 start | ...  with 8-byte offsets
///     full-zip           the value's bytes
///
/// Reader: offsets ascend and end within the buffer; a block's start lies behind its offsets.

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeVariableMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<PerValueDecompressor> MakeVariablePerValue(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<BlockDecompressor> MakeVariableBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::string DescribeVariable(const CompressiveEncoding&, int depth);

/// The values of a chunk or a block in place. Value(i) checks the two offsets that it reads.
class VariableView {
 public:
  /// \throws Error(kCorrupt) when the offsets do not fit the buffer.
  static VariableView OfChunk(ByteSpan buffer, uint64_t num_values, uint32_t offset_bytes);
  static VariableView OfBlock(ByteSpan block, uint64_t num_values);

  uint64_t num_values() const { return num_values_; }
  ByteSpan Value(uint64_t i) const {
    const uint64_t begin = Offset(i), end = Offset(i + 1);
    if (begin > end || end > bytes_.size() || begin < first_) ThrowBadOffsets(i, begin, end);
    return bytes_.subspan(begin, end - begin);
  }
  /// Where value i ends, not checked.
  uint64_t End(uint64_t i) const { return Offset(i + 1); }
  /// Appends values [first, first + count) as they are, all offsets checked.
  void AppendRange(uint64_t first, uint64_t count, DecodedValues& out) const;
  /// Bytes of values [first, first + count); the ends are checked, the offsets between are not.
  ByteSpan Bytes(uint64_t first, uint64_t count) const;

 private:
  uint64_t Offset(uint64_t i) const {
    return offset_bytes_ == 4 ? LoadLe<uint32_t>(offsets_ + 4 * i) : LoadLe<uint64_t>(offsets_ + 8 * i);
  }
  template <typename Stored, typename Arrow>
  void AppendOffsets(uint64_t first, uint64_t count, DecodedValues& out) const;
  [[noreturn]] void ThrowBadOffsets(uint64_t i, uint64_t begin, uint64_t end) const;

  const uint8_t* offsets_ = nullptr;
  ByteSpan bytes_;            ///< what offsets count in
  uint64_t first_ = 0;        ///< no value starts before
  uint64_t num_values_ = 0;
  uint32_t offset_bytes_ = 4;
};

/// PrefetchAt of a chunk of them: the two offsets of a value, then its bytes.
void PrefetchVariableAt(ByteSpan buffer, uint64_t num_values, uint32_t offset_bytes, uint32_t position, int step);

/// A page of variable-width values.
MiniBlockPage CompressVariable(const LeafValues& values, CompressiveEncoding* encoding,
                               uint64_t target_bytes = kVariableChunkTargetBytes);
/// The chunks of such a page, with stored offsets of 4 or 8 bytes whatever those of `values` have.
MiniBlockPage CutVariable(const LeafValues& values, uint64_t offset_bytes, uint64_t target_bytes);
/// The block form.
BufferBuilder CompressVariableBlock(const LeafValues& values, CompressiveEncoding* encoding);
void SetVariable(uint64_t offset_bytes, CompressiveEncoding* encoding);

/// 4 or 8. \throws Error(kCorrupt) for anything else.
uint32_t VariableOffsetBytes(const CompressiveEncoding& encoding);

}  // namespace eider::codec
