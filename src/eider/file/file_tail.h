#pragma once
/// \file
/// The end of a file, as a reader finds it (file_footer.h draws the bytes).

#include <eider/schema.h>

#include <string>
#include <vector>

#include "eider/file/file_reader.h"
#include "eider/io/store.h"

namespace eider::file {

/// Kept apart from the file: it may outlive it in a cache, and must not keep its mapping alive.
struct FileTail {
  FileVersion version;
  uint64_t file_bytes = 0;
  uint32_t num_columns = 0, num_global_buffers = 0;
  Buffer column_table, buffer_table;  ///< owned; u64 position and length for each entry
  Buffer bytes;                       ///< files that are not mapped: the end, from `start`
  uint64_t start = 0;                 ///< what lies behind came with the footer

  /// Where metadata lies: entries are looked at when they are asked for. \throws Error(kCorrupt) for one outside the file.
  ByteRange column(size_t index) const;
  ByteRange global_buffer(size_t index) const;  ///< the first holds the schema
};

/// Reads footer and tables: one request where 64 KiB hold them, else two.
/// \throws Error(kUnsupported) for a version that is not read, Error(kCorrupt) naming what disagrees.
FileTail ReadFileTail(const io::ReadableFile& file, ScanStats* stats);

/// Bytes of `range`: from the tail when it holds them, else read and counted.
Buffer ReadThroughTail(const io::ReadableFile& file, const FileTail& tail, ByteRange range, ScanStats* stats);
/// The same, to be kept beyond the file: copied out of a mapping; of a file that is itself a copy in memory, that is shared.
Buffer KeepThroughTail(const io::ReadableFile& file, const FileTail& tail, ByteRange range, ScanStats* stats);

}  // namespace eider::file
