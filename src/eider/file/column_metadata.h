#pragma once
/// \file
/// The metadata message of one physical column of a 2.x file, opened and checked: where its pages lie and how they are encoded. Walked
/// on the wire: a table of ten thousand fragments has as many of each, and objects for their parts would cost more than reading them.

#include <string>
#include <string_view>
#include <vector>

#include "eider/base/bytes.h"

namespace eider::file {

struct CheckedPage {
  std::vector<ByteRange> buffers;  ///< of the file, within its bounds
  uint64_t num_rows = 0;
  std::string encoding;            ///< the serialized message that the format version asks for
};

struct CheckedColumn {
  std::vector<CheckedPage> pages;
  std::vector<ByteRange> buffers;  ///< of the column
  bool is_blob = false;            ///< a 2.0 column of blob descriptors
};

struct ColumnRules {
  uint64_t file_bytes = 0;
  std::string_view page_encoding;  ///< full name of the message that pages are encoded as
  uint64_t alignment = 64;         ///< of page buffers
  bool may_be_blob = false;
};

/// A page message; spans point into its bytes.
struct PageMessage {
  std::vector<ByteRange> buffers;  ///< of the file, within its bounds
  uint64_t num_rows = 0;
  ByteSpan encoding;               ///< the serialized message of type `rules.page_encoding`
};

/// \throws Error(kCorrupt), Error(kUnsupported)
PageMessage ParsePage(ByteSpan bytes, const ColumnRules& rules);
/// The rows of a page message, from that field alone. \throws Error(kCorrupt)
uint64_t RowsOfPage(ByteSpan bytes);
/// Whether a column with this encoding message is one of blob descriptors. \throws Error(kCorrupt), Error(kUnsupported)
bool IsBlobColumn(ByteSpan encoding, bool may_be_blob);

/// \throws Error(kCorrupt), Error(kUnsupported)
CheckedColumn ParseColumnMetadata(ByteSpan bytes, const ColumnRules& rules);

}  // namespace eider::file
