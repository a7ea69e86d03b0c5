#pragma once
/// \file
/// The end of a file, as a reader finds it (file_footer.h draws the bytes).

#include <eider/schema.h>

#include <string>
#include <vector>

#include "eider/file/file_reader.h"
#include "eider/io/store.h"

namespace eider::file {

struct FileTail {
  FileVersion version;
  std::vector<ByteRange> columns;         ///< column metadata, within the file
  std::vector<ByteRange> global_buffers;  ///< within the file; the first holds the schema
  Buffer bytes;                           ///< the end of the file, from `start`
  uint64_t start = 0;
};

/// Reads footer and tables in one request where 64 KiB (or the mapping) hold them.
/// \throws Error(kUnsupported) for a version that is not read, Error(kCorrupt) naming what disagrees.
FileTail ReadFileTail(const io::ReadableFile& file, ScanStats* stats);

/// Bytes of `range`: from the tail when it holds them, else read.
Buffer ReadThroughTail(const io::ReadableFile& file, const FileTail& tail, ByteRange range, ScanStats* stats);

}  // namespace eider::file
