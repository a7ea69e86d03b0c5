#pragma once
/// \file
/// The end of a file, as a writer appends it.
///
///     | global buffer 0 | column metadata ... | column table | global buffer table | seal | footer |
///     tables:  u64 position, u64 length for each entry
///     footer:  u64 first column metadata | u64 column table | u64 global buffer table |
///              u32 global buffers | u32 columns | u16 major | u16 minor | "LANC"
///     seal:    of files with checksums (checksums.h), which it says a second time: damage cannot make them seem absent
///              u32 sum of the global buffer table, the rest of the seal and the footer | u16 layout of the checksums | u16 0 | "EIDERSUM"

#include <optional>
#include <span>
#include <string>

#include "eider/base/bytes.h"
#include "eider/base/file_sum.h"
#include "eider/base/memory.h"
#include "eider/file/file_reader.h"
#include "eider/file/file_tail.h"

namespace eider::file {

constexpr uint64_t kFooterBytes = 40;

/// Everything from `position` (where global buffer 0 starts) to the end. `global_buffers` are those written earlier, with
/// indices from 1. `sealed`: the last of them has the checksums.
BufferBuilder SerializeFileEnd(uint64_t position, const std::string& descriptor, std::span<const std::string> columns,
                               std::span<const ByteRange> global_buffers, FileVersion version, bool sealed);

inline constexpr uint16_t kSumsLayoutVersion = 1;
/// The layout of the checksums that a file says to have; none: it does not say. \throws Error(kCorrupt) where its end is damaged.
std::optional<uint16_t> ReadSeal(const io::ReadableFile& file, const FileTail& tail);

}  // namespace eider::file
