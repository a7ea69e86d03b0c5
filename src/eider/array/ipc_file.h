#pragma once
/// \file
/// Small Arrow IPC files (Feather v2) of flat columns: what deletion files and the seeds of zone maps are.
///
///     "ARROW1\0\0" | schema message | batch messages, each with its body | end mark | footer | i32 footer bytes | "ARROW1"
///     message: ff ff ff ff | i32 metadata bytes | flatbuffer Message, padded to 8 | body
///     body buffer, when compressed: i64 uncompressed bytes (-1: stored as it is) | ZSTD frame

#include <eider/array.h>
#include <eider/buffer.h>

namespace eider {

struct IpcFileOptions {
  bool zstd = false;  ///< compress the buffers
};

/// Integer, floating-point and boolean columns. \throws Error(kUnsupported) for any other type.
Buffer WriteIpcFile(const RecordBatch& batch, const IpcFileOptions& options = {});

/// What a file may hold at most: a few bytes may claim, and unfold into, any number of values.
struct IpcFileBounds {
  uint64_t rows = UINT64_MAX;
  uint64_t columns = UINT64_MAX;
  uint64_t text_bytes = UINT64_MAX;  ///< of texts and binaries together
};

/// All rows of the file as one batch: integers, floats, booleans, decimals, dates, times, text and binaries. \throws Error(kCorrupt) for bytes that are no such file, or more than `bounds`; kUnsupported
/// for other types and codecs.
RecordBatch ReadIpcFile(ByteSpan bytes, const IpcFileBounds& bounds = {});

}  // namespace eider
