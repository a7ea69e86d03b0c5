#include "eider/mutate/new_deletions.h"

#include "eider/base/error.h"
#include "eider/base/bytes.h"
#include "eider/rows/row_address.h"

namespace eider::mutate {
namespace {

constexpr std::string_view kFolder = "_deletions";

}  // namespace

NewDeletions::~NewDeletions() {
  for (const std::string& path : paths_) {
    try {
      table_.snapshot().store->Delete(path);
    } catch (const Error&) {
      // An orphan is harmless: no manifest lists it.
    }
  }
}

void NewDeletions::Add(std::span<const uint64_t> addresses) {
  const table::Manifest& manifest = *table_.snapshot().manifest;
  for (const uint64_t value : addresses) {
    const rows::RowAddress address{value};
    if (offsets_.empty() || manifest.fragment(fragment_).id() != address.fragment()) {
      FinishFragment();
      while (manifest.fragment(fragment_).id() != address.fragment()) fragment_ = (fragment_ + 1) % manifest.num_fragments();
    }
    offsets_.push_back(address.offset());
  }
}

void NewDeletions::AddAll() {
  for (size_t i = 0; i < table_.num_fragments(); ++i) {
    num_deleted_ += table_.fragment(i).live_rows(table_.context(nullptr));
    removed_.push_back(table_.snapshot().manifest->fragment(i).id());
  }
}

void NewDeletions::Finish() {
  FinishFragment();
  if (sync_ && !updated_.empty()) table_.snapshot().store->SyncFolder(kFolder);
}

void NewDeletions::FinishFragment() {
  if (offsets_.empty()) return;
  const table::Fragment& fragment = table_.snapshot().manifest->fragment(fragment_);
  const query::FragmentReader& reader = table_.fragment(fragment_);
  const uint64_t physical_rows = reader.physical_rows(table_.context(nullptr));
  num_deleted_ += offsets_.size();
  if (offsets_.size() == reader.live_rows(table_.context(nullptr))) {
    removed_.push_back(fragment.id());
    offsets_.clear();
    return;
  }
  if (const rows::DeletionVectorPtr before = table::ReadDeletions(table_.snapshot(), fragment, physical_rows)) {
    const std::vector<uint32_t> gone = before->Offsets();
    offsets_.insert(offsets_.end(), gone.begin(), gone.end());
  }
  const auto deletions = rows::DeletionVector::FromOffsets(std::exchange(offsets_, {}), physical_rows);
  table::DataFragmentProto updated = fragment.proto();
  updated.set_physical_rows(physical_rows);
  *updated.mutable_deletion_file() = Write(fragment.id(), *deletions);
  updated_.push_back(std::move(updated));
}

::lance::table::DeletionFile NewDeletions::Write(uint64_t fragment_id, const rows::DeletionVector& deletions) {
  ::lance::table::DeletionFile file;
  file.set_file_type(::lance::table::DELETION_FILE_TYPE_BITMAP);
  file.set_read_version(table_.snapshot().version());
  file.set_id(table::NewDeletionFileId());
  file.set_num_deleted_rows(deletions.num_deleted());
  const std::string path = fmt::format("{}/{}", kFolder, table::DeletionFileName(fragment_id, file));
  const std::string bytes = deletions.ToRoaring();
  if (!table_.snapshot().store->PutIfAbsent(path, SpanOf(bytes), sync_)) throw AlreadyExists("deletion file '{}'", path);
  paths_.push_back(path);
  return file;
}

}  // namespace eider::mutate
