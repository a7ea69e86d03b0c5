#include "eider/mutate/new_deletions.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/base/bytes.h"
#include "eider/rows/row_address.h"
#include "eider/table/deletion_file.h"

namespace eider::mutate {
namespace {

constexpr std::string_view kFolder = "_deletions";

rows::DeletionVectorPtr Union(const rows::DeletionVectorPtr& mine, const rows::DeletionVectorPtr& theirs) {
  if (!theirs) return mine;
  std::vector<uint32_t> offsets = mine->Offsets();
  const std::vector<uint32_t> more = theirs->Offsets();
  offsets.insert(offsets.end(), more.begin(), more.end());
  return rows::DeletionVector::FromOffsets(std::move(offsets), mine->num_rows());
}

bool AnyInBoth(const rows::DeletionVector& mine, const rows::DeletionVector* theirs) {
  if (!theirs) return false;
  const std::vector<uint32_t> offsets = mine.Offsets();
  return std::ranges::any_of(offsets, [&](uint32_t offset) { return theirs->IsDeleted(offset); });
}

}  // namespace

NewDeletions::~NewDeletions() {
  while (!paths_.empty()) Forget(paths_.begin()->first);
}

void NewDeletions::Forget(uint64_t fragment_id) {
  const auto path = paths_.extract(fragment_id);
  if (path.empty()) return;
  try {
    table_.snapshot().store->Delete(path.mapped());
  } catch (const Error&) {
    // An orphan is harmless: no manifest lists it.
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
    const table::Fragment& fragment = table_.snapshot().manifest->fragment(i);
    removed_.insert(fragment.id());
    deleted_[fragment.id()] = {.rows = nullptr, .before = fragment.proto().deletion_file().SerializeAsString()};
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
  Deleted& deleted = deleted_[fragment.id()];
  deleted.before = fragment.proto().deletion_file().SerializeAsString();
  if (offsets_.size() == reader.live_rows(table_.context(nullptr))) {
    removed_.insert(fragment.id());
    offsets_.clear();
    return;
  }
  deleted.rows = rows::DeletionVector::FromOffsets(std::exchange(offsets_, {}), physical_rows);
  Update(fragment, *Union(deleted.rows, table::ReadDeletions(table_.snapshot(), fragment, physical_rows)));
}

void NewDeletions::Update(const table::Fragment& fragment, const rows::DeletionVector& deletions) {
  table::DataFragmentProto& updated = updated_[fragment.id()];
  updated = fragment.proto();
  updated.set_physical_rows(deletions.num_rows());
  *updated.mutable_deletion_file() = Write(fragment.id(), deletions);
}

void NewDeletions::FillIn(table::TransactionProto* transaction) const {
  const auto fill = [this](auto* fragments, auto* ids) {
    fragments->Clear();
    for (const auto& [id, fragment] : updated_) *fragments->Add() = fragment;
    ids->Assign(removed_.begin(), removed_.end());
  };
  if (transaction->has_delete_()) {
    fill(transaction->mutable_delete_()->mutable_updated_fragments(), transaction->mutable_delete_()->mutable_deleted_fragment_ids());
  } else {
    fill(transaction->mutable_update()->mutable_updated_fragments(), transaction->mutable_update()->mutable_removed_fragment_ids());
  }
}

void NewDeletions::Merge(const table::Snapshot& base, table::TransactionProto* transaction) {
  bool changed = false;
  for (auto& [id, deleted] : deleted_) {
    const std::optional<size_t> position = base.manifest->FindFragment(id);
    if (!position) throw RetryableConflict("version {}: fragment {} with rows to delete is gone: run it again", base.version(), id);
    const table::Fragment& fragment = base.manifest->fragment(*position);
    if (fragment.proto().deletion_file().SerializeAsString() == deleted.before) continue;
    MergeFragment(base, fragment, &deleted);
    changed = true;
  }
  if (!changed) return;
  if (sync_ && !updated_.empty()) table_.snapshot().store->SyncFolder(kFolder);
  FillIn(transaction);
}

void NewDeletions::MergeFragment(const table::Snapshot& base, const table::Fragment& fragment, Deleted* deleted) {
  const auto conflict = [&](const char* what) {
    return RetryableConflict("version {}: {} of fragment {} was changed by others: run it again", base.version(), what, fragment.id());
  };
  const size_t position = *table_.snapshot().manifest->FindFragment(fragment.id());
  if (!table::SameFiles(fragment.proto(), table_.snapshot().manifest->fragment(position).proto())) throw conflict("a data file");
  const rows::DeletionVectorPtr theirs =
      table::ReadDeletions(base, fragment, table_.fragment(position).physical_rows(table_.context(nullptr)));
  if (!deleted->rows || AnyInBoth(*deleted->rows, theirs.get())) throw conflict("a row to delete");
  const rows::DeletionVectorPtr both = Union(deleted->rows, theirs);
  Forget(fragment.id());
  if (both->num_live() == 0) {
    updated_.erase(fragment.id());
    removed_.insert(fragment.id());
  } else {
    removed_.erase(fragment.id());
    Update(fragment, *both);
  }
  deleted->before = fragment.proto().deletion_file().SerializeAsString();
}

::lance::table::DeletionFile NewDeletions::Write(uint64_t fragment_id, const rows::DeletionVector& deletions) {
  ::lance::table::DeletionFile file;
  file.set_file_type(::lance::table::DELETION_FILE_TYPE_BITMAP);
  file.set_read_version(table_.snapshot().version());
  file.set_id(table::NewDeletionFileId());
  file.set_num_deleted_rows(deletions.num_deleted());
  const std::string path = fmt::format("{}/{}", kFolder, table::DeletionFileName(fragment_id, file));
  const std::string bytes = table::EncodeDeletionFile(deletions);
  if (!table_.snapshot().store->PutIfAbsent(path, SpanOf(bytes), sync_)) throw AlreadyExists("deletion file '{}'", path);
  paths_[fragment_id] = path;
  return file;
}

}  // namespace eider::mutate
