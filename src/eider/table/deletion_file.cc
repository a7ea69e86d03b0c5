#include "eider/table/deletion_file.h"

#include "eider/array/ipc_file.h"
#include "eider/base/error.h"
#include "eider/base/file_sum.h"
#include "eider/table/snapshot.h"

namespace eider::table {
namespace {

rows::DeletionVectorPtr DecodeArrow(ByteSpan bytes, uint64_t physical_rows) {
  const RecordBatch batch = ReadIpcFile(bytes, {.rows = physical_rows, .columns = 1});
  if (batch.columns.size() != 1 || batch.schema->fields[0].name != "row_id" ||
      batch.columns[0]->type->id != TypeId::kUInt32) {
    throw Corrupt("deletion file: it must have one column, row_id of type uint32");
  }
  const Array& column = *batch.columns[0];
  if (CountNulls(column) != 0) throw Corrupt("deletion file: {} of {} row ids are null", CountNulls(column), column.length);
  const auto* offsets = column.buffers[0].as<uint32_t>() + column.offset;
  return rows::DeletionVector::FromOffsets({offsets, offsets + column.length}, physical_rows);
}

}  // namespace

std::string EncodeDeletionFile(const rows::DeletionVector& deletions) {
  const std::string bitmap = deletions.ToRoaring();
  return bitmap + FileSum(SpanOf(bitmap));
}

rows::DeletionVectorPtr DecodeDeletionFile(::lance::table::DeletionFileType type, ByteSpan bytes, uint64_t physical_rows) {
  switch (type) {
    case ::lance::table::DELETION_FILE_TYPE_ARROW: return DecodeArrow(bytes, physical_rows);
    case ::lance::table::DELETION_FILE_TYPE_BITMAP:
      CheckFileSum(bytes, bytes.size());
      return rows::DeletionVector::FromRoaring(bytes, physical_rows);
    default: throw Unsupported("deletion file type {}", static_cast<int>(type));
  }
}

rows::DeletionVectorPtr ReadDeletions(const Snapshot& snapshot, const Fragment& fragment, uint64_t physical_rows) {
  if (!fragment.has_deletions()) return nullptr;
  const ::lance::table::DeletionFile& proto = fragment.proto().deletion_file();
  const std::optional<uint32_t> base = proto.has_base_id() ? std::optional(proto.base_id()) : std::nullopt;
  const FileLocation location = LocateFile(snapshot, base, "_deletions", DeletionFileName(fragment.id(), proto));
  return InContext([&] { return fmt::format("'{}'", location.path); }, [&] {
    const io::ReadableFilePtr file = location.store->Open(location.path);
    rows::DeletionVectorPtr deletions = DecodeDeletionFile(proto.file_type(), file->Read({0, file->size()}).span(), physical_rows);
    if (proto.num_deleted_rows() != 0 && proto.num_deleted_rows() != deletions->num_deleted()) {
      throw Corrupt("deletion file: it lists {} rows, the manifest says {}", deletions->num_deleted(), proto.num_deleted_rows());
    }
    return deletions;
  });
}

}  // namespace eider::table
