#pragma once
/// \file
/// Packed structs: all fields of a row together.
///
///     fixed     | row 0: f0 f1 .. | row 1 | ... |   bits_per_value[] of the fields, Flat of their sum
///     variable  | f0 | f1 | ... |                   one full-zip value (2.2); a fixed field is its bytes, a variable one
///                                                   u32 or u64 length (bits_per_length) and its stored bytes
///
/// The fixed form decodes to whole rows, which SplitPackedStruct (decompressor.h) takes apart; the variable form appends each
/// field to its own values.

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakePackedStructMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<PerValueDecompressor> MakePackedStructPerValue(const CompressiveEncoding&, const ValueShape&, int depth);
std::string DescribePackedStruct(const CompressiveEncoding&, int depth);

/// Around the Flat rows of `values` (packed_bits is not empty).
void SetPackedStruct(const LeafValues& values, CompressiveEncoding* encoding);

std::unique_ptr<PerValueDecompressor> MakeVariablePackedStructPerValue(const CompressiveEncoding&, const ValueShape&, int depth);
std::string DescribeVariablePackedStruct(const CompressiveEncoding&, int depth);

}  // namespace eider::codec
