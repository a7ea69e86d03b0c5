#pragma once
/// \file
/// The metadata message of one physical column of a 2.x file, opened and checked: where its pages lie and how they are encoded.

#include <string>
#include <string_view>
#include <vector>

#include "eider/base/bytes.h"

namespace lance::file {
class Encoding;
}

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

/// The message inside a direct encoding, which has to be of that type.
/// \throws Error(kCorrupt), Error(kUnsupported)
std::string OpenEncoding(const ::lance::file::Encoding& encoding, std::string_view type, const char* what);

/// \throws Error(kCorrupt), Error(kUnsupported)
CheckedColumn ParseColumnMetadata(ByteSpan bytes, const ColumnRules& rules);

}  // namespace eider::file
