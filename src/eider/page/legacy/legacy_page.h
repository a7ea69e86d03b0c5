#pragma once
/// \file
/// Pages of file version 0.1. A page is one field in one batch of rows; nothing but fixed-width values, ends and bytes.
///
///     plain       | v0 | v1 | ... |                        booleans LSB first; fixed-size lists item by item
///     var binary  | bytes ... | i64 o0 | i64 o1 | ... |    n + 1 positions in the file; the page's position is that of o0
///     lists       | o0 | o1 | ... |                        n + 1 offsets of 4 or 8 bytes into the items of the same batch
///
/// Nulls are not stored: a string or binary without bytes reads as null, everything else as it lies there.

#include "eider/page/array_read.h"

namespace eider::page::legacy {

struct LegacyPage {
  uint64_t position = 0;    ///< in the file
  uint64_t length = 0;      ///< values; of lists: one more
  uint64_t file_bytes = 0;
  Buffer mapping;           ///< of the file, or absent
};

/// Rows of a page as an array of a leaf type (not a dictionary). \throws Error(kCorrupt), Error(kUnsupported)
ArrayReadPtr MakeLegacyRead(const LegacyPage& page, const TypePtr& type, RowRanges ranges);
/// The keys of a dictionary page, with their values.
ArrayReadPtr MakeLegacyDictionaryRead(const LegacyPage& page, const TypePtr& type, RowRanges ranges, ArrayPtr values);
std::unique_ptr<ListRead> MakeLegacyListRead(const LegacyPage& page, bool large, RowRanges ranges);

}  // namespace eider::page::legacy
