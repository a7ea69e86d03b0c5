#pragma once
/// \file
/// A page ready to be written: its layout and its buffers.

#include <eider/array.h>

#include <string>
#include <vector>

#include "eider/base/memory.h"
#include "eider/page/page_statistics.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {

/// One page buffer: parts that are written back to back. Parts may lie in the input arrays.
struct PageBuffer {
  std::vector<ByteSpan> parts;
  std::vector<Buffer> owned;  ///< memory of parts that were made here

  uint64_t size() const {
    uint64_t total = 0;
    for (const ByteSpan part : parts) total += part.size();
    return total;
  }
  void Add(Buffer bytes) {
    parts.push_back(bytes.span());
    owned.push_back(std::move(bytes));
  }
  void Borrow(ByteSpan bytes) { parts.push_back(bytes); }
  static PageBuffer Of(BufferBuilder bytes) {
    PageBuffer buffer;
    buffer.Add(bytes.Finish());
    return buffer;
  }
};

struct EncodedPage {
  ::lance::encodings21::PageLayout layout;
  std::string array_encoding;  ///< file version 2.0: a serialized lance.encodings.ArrayEncoding, and no layout
  std::vector<PageBuffer> buffers;
  uint64_t num_rows = 0;
  PageStatistics statistics;
  /// Values of an Arrow dictionary with 8- or 16-bit keys. Readers bring the dictionaries of several pages together: their union
  /// must fit the keys, or the column can be written but not read.
  std::vector<std::string> dictionary_values;

  uint64_t size() const {
    uint64_t total = 0;
    for (const PageBuffer& buffer : buffers) total += buffer.size();
    return total;
  }
};

}  // namespace eider::page
