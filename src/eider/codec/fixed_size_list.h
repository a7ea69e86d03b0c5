#pragma once
/// \file
/// Fixed-size list: `items_per_value` inner values in a row; layers nest, the innermost holds Flat items.
///
///     mini-block  one validity buffer per layer that has nulls, outermost first, then the items
///                 validity: 1 bit per element of the layer, LSB-first, from bit 0 in each chunk
///     full-zip    | validity of layer 0: ceil(bits / 8) bytes | layer 1 | ... | items |  per value

#include "eider/codec/codec.h"

namespace eider::codec {

std::unique_ptr<MiniBlockDecompressor> MakeFixedSizeListMiniBlock(const CompressiveEncoding&, const ValueShape&, int depth);
std::unique_ptr<PerValueDecompressor> MakeFixedSizeListPerValue(const CompressiveEncoding&, const ValueShape&, int depth);
std::string DescribeFixedSizeList(const CompressiveEncoding&, int depth);

MiniBlockPage CompressFixedSizeList(const LeafValues& values, uint64_t target_bytes, CompressiveEncoding* encoding);
/// Full-zip: the message, and for element nulls the values with their validity in front (`out` stays empty without any).
/// Returns the stored bytes per value.
uint64_t CompressFixedSizeListPerValue(const LeafValues& values, CompressiveEncoding* encoding, BufferBuilder& out);

}  // namespace eider::codec
