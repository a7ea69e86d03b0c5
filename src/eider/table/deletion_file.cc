#include "eider/base/error.h"
#include "eider/table/snapshot.h"

namespace eider::table {
namespace {

using ::lance::table::DeletionFile;

rows::DeletionVectorPtr Decode(const DeletionFile& proto, const Buffer& bytes, uint64_t physical_rows) {
  switch (proto.file_type()) {
    case ::lance::table::DELETION_FILE_TYPE_BITMAP: return rows::DeletionVector::FromRoaring(bytes.span(), physical_rows);
    default: throw Unsupported("deletion file type {}", static_cast<int>(proto.file_type()));
  }
}

}  // namespace

rows::DeletionVectorPtr ReadDeletions(const Snapshot& snapshot, const Fragment& fragment, uint64_t physical_rows) {
  if (!fragment.has_deletions()) return nullptr;
  const DeletionFile& proto = fragment.proto().deletion_file();
  const std::optional<uint32_t> base = proto.has_base_id() ? std::optional(proto.base_id()) : std::nullopt;
  const FileLocation location = LocateFile(snapshot, base, "_deletions", DeletionFileName(fragment.id(), proto));
  return InContext([&] { return fmt::format("'{}'", location.path); }, [&] {
    const io::ReadableFilePtr file = location.store->Open(location.path);
    rows::DeletionVectorPtr deletions = Decode(proto, file->Read({0, file->size()}), physical_rows);
    if (proto.num_deleted_rows() != 0 && proto.num_deleted_rows() != deletions->num_deleted()) {
      throw Corrupt("deletion file: it lists {} rows, the manifest says {}", deletions->num_deleted(), proto.num_deleted_rows());
    }
    return deletions;
  });
}

}  // namespace eider::table
