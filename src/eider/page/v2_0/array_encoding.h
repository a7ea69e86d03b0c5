#pragma once
/// \file
/// Pages of file version 2.0: a tree of array encodings over the buffers of a page, its column and the file.
///
///     flat               | v0 | v1 | ... |         bits per value: 1 (LSB first) or whole bytes; or one zstd or lz4 frame of it
///     nullable           validity (flat of 1 bit) and values; or one of the two alone
///     fixed_size_list    items, `dimension` per value
///     binary             indices | end0 | end1 | ... |   u64, a null adds null_adjustment;   bytes | b b b ... |
///     fsst               binary, each value a run of codes
///     fixed_size_binary  bytes, `byte_width` per value
///     dictionary         items, and one index per value; for a type that is no dictionary index 0 is null and k is item k-1
///     packed_struct      | row 0: field 0, field 1, ... | row 1 ... |
///     bitpacked          values of a few bits back to back, LSB first; `signed`: the highest of them is the sign
///     bitpacked_for_non_neg   FastLanes blocks of 1024 values (kernel/bitpack.h)
///
/// Reader: a value at i of a variable-width page starts where i - 1 ends, and at 0 when it is the first. Ends never fall.

#include <memory>
#include <string>

#include "eider/page/array_read.h"
#include "eider/proto/encodings20.pb.h"

namespace eider::page::v2_0 {

/// How deep encodings nest; real ones stay below ten.
inline constexpr int kMaxDepth = 32;

/// What buffer references mean, and the file's mapping (or an absent buffer), of which plain values may become views.
struct PageBuffers {
  std::span<const ByteRange> page, column, file;
  Buffer mapping;
};

/// Reads `ranges` of the encoded values as an array of `type`. `buffers` and `encoding` outlive the read.
/// \throws Error(kCorrupt) for an encoding that does not fit the type or its buffers, Error(kUnsupported) naming one that is not
/// read.
ArrayReadPtr MakeArrayRead(const ::lance::encodings::ArrayEncoding& encoding, const PageBuffers& buffers, const TypePtr& type,
                           RowRanges ranges, int depth = 0);

/// Reads rows of a page of lists. \throws as above
std::unique_ptr<ListRead> MakeListRead(const ::lance::encodings::ArrayEncoding& encoding, const PageBuffers& buffers, RowRanges ranges);

/// One line for `inspect`: "nullable(flat(64))".
std::string DescribeArrayEncoding(const ::lance::encodings::ArrayEncoding& encoding, int depth = 0);

}  // namespace eider::page::v2_0
