#pragma once
/// \file
/// What a Lance file consists of: columns, pages, how they are encoded and what their bytes are spent on.

#include <eider/export.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eider {

/// Bytes of the file.
struct BufferMetadata {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
};

/// What the bytes of a page are spent on.
struct PageBytes {
  uint64_t repetition = 0;  ///< levels of lists
  uint64_t definition = 0;  ///< levels of nulls and empty lists; both kinds, where they share control words
  uint64_t index = 0;       ///< chunk table, repetition index, row offsets
  uint64_t headers = 0;     ///< of chunks, padding included
  uint64_t values = 0;
  uint64_t dictionary = 0;
};

struct PageMetadata {
  uint64_t first_row = 0, num_rows = 0;
  std::string layout;    ///< "mini-block", "full-zip", "constant", ...
  std::string encoding;  ///< the layout with its codecs and layers, e.g. "mini-block(fsst(variable)), layers [nullable item]"
  std::vector<BufferMetadata> buffers;
  std::optional<uint64_t> num_items;  ///< values and nulls
  std::optional<PageBytes> bytes;     ///< unset: a layout that cannot be taken apart
  uint64_t num_checksums = 0;         ///< 0: the file has none
  std::optional<uint64_t> null_count; ///< this and the bounds: unset where unknown
  std::optional<std::string> min, max;
  bool min_is_cut = false, max_is_cut = false;  ///< a bound, but not the value itself

  uint64_t size_bytes() const;
};

struct ColumnMetadata {
  std::string name;  ///< path of the field, "points.item.x"
  std::string type;  ///< its logical type
  uint64_t num_rows = 0;
  std::vector<PageMetadata> pages;
  uint64_t metadata_bytes = 0;

  uint64_t size_bytes() const;
};

/// What a field takes in the files of a dataset's version: deleted rows are in it, columns that were replaced are not.
struct FieldSize {
  int32_t field_id = 0;
  uint64_t num_pages = 0;
  uint64_t num_items = 0;   ///< values and nulls; in 2.0 rows, before that 0
  uint64_t size_bytes = 0;  ///< of pages: values of blobs lie elsewhere; 0 before 2.0
};

struct FileMetadata {
  std::string path, version;
  uint64_t num_rows = 0, size_bytes = 0;
  uint64_t checksum_bytes = 0;  ///< 0: the file has none
  std::vector<BufferMetadata> global_buffers;  ///< the first holds the schema
  std::vector<ColumnMetadata> columns;
};

/// An indented tree, or JSON.
EIDER_EXPORT std::string DescribeFile(const FileMetadata& metadata, bool json = false);

}  // namespace eider
