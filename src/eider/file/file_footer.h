#pragma once
/// \file
/// The end of a file, as a writer appends it.
///
///     | global buffer 0 | column metadata ... | column table | global buffer table | footer |
///     tables:  u64 position, u64 length for each entry
///     footer:  u64 first column metadata | u64 column table | u64 global buffer table |
///              u32 global buffers | u32 columns | u16 major | u16 minor | "LANC"

#include <span>
#include <string>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"
#include "eider/file/file_reader.h"

namespace eider::file {

/// Everything from `position` (where global buffer 0 starts) to the end. `global_buffers` are those written earlier, with
/// indices from 1.
BufferBuilder SerializeFileEnd(uint64_t position, const std::string& descriptor, std::span<const std::string> columns,
                               std::span<const ByteRange> global_buffers, FileVersion version);

}  // namespace eider::file
