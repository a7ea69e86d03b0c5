#pragma once
/// \file
/// Deletion files: the deleted rows of one fragment, as offsets into its physical rows.
///
///     .arrow   an Arrow IPC file of one batch with one column: row_id, uint32, not null, in any order (ZSTD buffers)
///     .bin     a portable 32-bit roaring bitmap; when we wrote it, with its sum (base/file_sum.h) behind it, which others do not read

#include <string>

#include "eider/proto/table.pb.h"
#include "eider/rows/deletion_vector.h"

namespace eider::table {

/// The bytes of a .bin file.
std::string EncodeDeletionFile(const rows::DeletionVector& deletions);

/// Decodes untrusted bytes. \throws Error(kCorrupt) when they are no such file or name rows outside the fragment.
rows::DeletionVectorPtr DecodeDeletionFile(::lance::table::DeletionFileType type, ByteSpan bytes, uint64_t physical_rows);

}  // namespace eider::table
