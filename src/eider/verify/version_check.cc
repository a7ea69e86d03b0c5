#include "eider/verify/version_check.h"

#include <algorithm>

#include "eider/base/file_sum.h"
#include "eider/base/hash_bytes.h"
#include "eider/base/parse_message.h"
#include "eider/io/store_path.h"
#include "eider/query/row_id_index.h"
#include "eider/rows/portable_roaring.h"
#include "eider/rows/row_id_sequence.h"
#include "eider/rows/row_versions.h"
#include "eider/table/commit.h"
#include "eider/table/named_files.h"
#include "eider/table/refs.h"

namespace eider::verify {
namespace {

using Kind = Finding::Kind;

std::optional<uint32_t> BaseOf(const auto& file) { return file.has_base_id() ? std::optional<uint32_t>(file.base_id()) : std::nullopt; }

}  // namespace

std::string ShownPath(const table::Snapshot& snapshot, const table::FileLocation& place) {
  const std::string full = io::JoinPath(place.store->root(), place.path);
  const std::string root = table::TableStore(snapshot)->root() + "/";
  return full.starts_with(root) ? full.substr(root.size()) : full;
}

Finding VersionCheck::At(Kind kind, std::string path) const {
  if (path.empty()) path = ShownPath(*snapshot_, {snapshot_->store, snapshot_->manifest_path});
  return {.kind = kind, .path = std::move(path), .version = snapshot_->version()};
}

void VersionCheck::Report(Kind kind, std::string message, std::string path) {
  Finding finding = At(kind, std::move(path));
  finding.message = std::move(message);
  findings_.Add(std::move(finding));
}

void VersionCheck::Check(const table::Snapshot& snapshot, bool is_newest) {
  snapshot_ = &snapshot;
  const table::Manifest& manifest = *snapshot.manifest;
  num_unchecked_manifests_ += !manifest.has_sum();
  if (manifest.repeated_fragment_id()) Report(Kind::kManifest, fmt::format("two fragments have the id {}", *manifest.repeated_fragment_id()));
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    // The root belongs to it: branches name files of the same name elsewhere.
    const uint64_t hash = HashBytes(manifest.fragment_bytes(i)) ^ HashBytes(SpanOf(snapshot.store->root()));
    if (!seen_.insert(hash).second) continue;
    findings_.Try(At(Kind::kManifest), [&] { CheckFragment(i); });
  }
  findings_.Try(At(Kind::kIndex), [&] { CheckIndices(); });
  findings_.Try(At(Kind::kTransaction), [&] { CheckTransaction(); });
  if (is_newest && manifest.uses_stable_row_ids()) findings_.Try(At(Kind::kRowIds), [&] { CheckNoRowIdTwice(); });
}

void VersionCheck::CheckFragment(size_t index) {
  const table::Fragment& fragment = snapshot_->manifest->fragment(index);
  ++num_fragments_;
  const auto& head = snapshot_->manifest->head();
  if (head.has_max_fragment_id() && fragment.id() > head.max_fragment_id()) {
    Report(Kind::kManifest, fmt::format("fragment {}: the greatest id that was given is {}", fragment.id(), head.max_fragment_id()));
  }
  findings_.Try(At(Kind::kManifest), [&] { CheckFields(fragment); });
  if (fragment.has_deletions()) CheckDeletions(fragment);
  if (snapshot_->manifest->uses_stable_row_ids()) findings_.Try(At(Kind::kRowIds), [&] { CheckRowIds(fragment); });
}

void VersionCheck::CheckFields(const table::Fragment& fragment) {
  std::set<int32_t> live;
  for (int f = 0; f < fragment.num_files(); ++f) {
    const table::DataFileProto& file = fragment.file(f);
    NamedDataFile named{.place = table::LocateDataFile(*snapshot_, file),
                        .version = snapshot_->version(),
                        .fragment = fragment.id(),
                        .size_bytes = file.file_size_bytes(),
                        .num_rows = fragment.physical_rows()};
    for (const int32_t column : file.column_indices()) named.last_column = std::max(named.last_column, column);
    for (const int32_t field : file.fields()) {
      if (field != table::kTombstone && !live.insert(field).second) {
        Report(Kind::kManifest, fmt::format("fragment {}: two data files hold field {}", fragment.id(), field));
      }
    }
    files_.emplace(std::tuple(named.place.store->root(), named.place.path, named.size_bytes, named.num_rows), std::move(named));
  }
}

void VersionCheck::CheckDeletions(const table::Fragment& fragment) {
  const auto& file = fragment.proto().deletion_file();
  Finding where = At(Kind::kDeletions);
  findings_.Try(where, [&] {
    const std::string name = table::DeletionFileName(fragment.id(), file);
    const table::FileLocation place = table::LocateFile(*snapshot_, BaseOf(file), "_deletions", name);
    where.path = ShownPath(*snapshot_, place);
    findings_.Try(where, [&] {
      const uint64_t rows = fragment.physical_rows() != 0 ? fragment.physical_rows() : uint64_t{UINT32_MAX} + 1;
      table::ReadDeletions(*snapshot_, fragment, rows);
      const io::ReadableFilePtr open = place.store->Open(place.path);
      num_unchecked_deletions_ += !HasFileSum(open->Read({0, open->size()}).span(), open->size());
    });
  });
}

void VersionCheck::CheckRowIds(const table::Fragment& fragment) {
  const table::DataFragmentProto& proto = fragment.proto();
  const uint64_t rows = fragment.physical_rows();
  const auto check_length = [&](const char* what, uint64_t length) {
    if (length != rows) throw Corrupt("fragment {}: {} of {} rows, it has {}", fragment.id(), what, length, rows);
  };
  if (proto.has_inline_row_ids()) {
    const auto ids = rows::RowIdSequence::Parse(SpanOf(proto.inline_row_ids()), rows);
    check_length("row ids", ids.size());
    const uint64_t next = snapshot_->manifest->head().next_row_id();
    for (const rows::RowIdSegment& segment : ids.segments()) {
      const uint64_t last = segment.values.empty() ? segment.start + segment.count - 1 : *std::ranges::max_element(segment.values);
      if (segment.count != 0 && last >= next) throw Corrupt("fragment {}: row id {}, the next to be given is {}", fragment.id(), last, next);
    }
  }
  if (proto.has_inline_created_at_versions()) {
    check_length("versions that created", rows::RowVersions::Parse(SpanOf(proto.inline_created_at_versions()), rows).size());
  }
  if (proto.has_inline_last_updated_at_versions()) {
    check_length("versions that updated", rows::RowVersions::Parse(SpanOf(proto.inline_last_updated_at_versions()), rows).size());
  }
}

void VersionCheck::CheckNoRowIdTwice() {
  query::RowIdIndex index;
  const table::Manifest& manifest = *snapshot_->manifest;
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    const table::Fragment& fragment = manifest.fragment(i);
    if (!fragment.proto().has_inline_row_ids()) return;
    rows::DeletionVectorPtr deleted;
    try {
      deleted = table::ReadDeletions(*snapshot_, fragment, fragment.physical_rows());
    } catch (const Error&) {
      return;  // reported where the fragment was checked
    }
    index.Add(rows::RowIdSequence::Parse(SpanOf(fragment.proto().inline_row_ids()), fragment.physical_rows()), deleted.get());
  }
  index.Finish();
}

void VersionCheck::CheckIndices() {
  const table::Manifest& manifest = *snapshot_->manifest;
  const ByteSpan section = manifest.index_section();
  if (section.empty()) return;
  table::IndexSectionProto indices;
  if (!ParseMessage(section, &indices)) throw Corrupt("the index section of {} bytes does not parse", section.size());
  const std::set<int32_t> ids = manifest.schema().Ids();
  for (const ::lance::table::IndexMetadata& index : indices.indices()) {
    findings_.Try(At(Kind::kIndex), [&] {
      if (index.uuid().uuid().size() != 16) throw Corrupt("index '{}': a uuid of {} bytes", index.name(), index.uuid().uuid().size());
      if (index.has_fragment_bitmap()) {
        rows::VisitPortableRoaring(SpanOf(index.fragment_bitmap()), [&](uint32_t first, uint32_t count) {
          const uint64_t last = uint64_t{first} + count - 1;
          // A fragment that is no more has an id below the greatest one that was given.
          if (!manifest.head().has_max_fragment_id() || last <= manifest.head().max_fragment_id()) return;
          throw Corrupt("index '{}': it covers fragment {}, the greatest id that was given is {}", index.name(), last, manifest.head().max_fragment_id());
        });
      }
      for (const int32_t field : index.fields()) {
        if (!ids.contains(field)) Report(Kind::kIndex, fmt::format("index '{}': field {} is not in the schema; the next commit of Eider drops it", index.name(), field));
      }
      CheckIndexFiles(index);
    });
  }
}

void VersionCheck::CheckIndexFiles(const ::lance::table::IndexMetadata& index) {
  const std::string uuid = table::UuidText(index.uuid().uuid());
  if (!seen_indices_.insert(snapshot_->store->root() + uuid).second) return;
  for (const auto& file : index.files()) {
    const table::FileLocation place = table::LocateFile(*snapshot_, BaseOf(index), "_indices", uuid + "/" + file.path());
    const uint64_t size = place.store->Open(place.path)->size();
    if (file.size_bytes() != 0 && size != file.size_bytes()) {
      Report(Kind::kIndex, fmt::format("index '{}': {} bytes, {} were recorded", index.name(), size, file.size_bytes()), ShownPath(*snapshot_, place));
    }
  }
}

void VersionCheck::CheckTransaction() {
  const table::Manifest& manifest = *snapshot_->manifest;
  table::ReadTransaction(*snapshot_);
  const std::string& name = manifest.head().transaction_file();
  const ByteSpan section = manifest.inline_transaction();
  if (name.empty() || section.empty()) return;
  const table::FileLocation place = table::LocateFile(*snapshot_, std::nullopt, "_transactions", name);
  if (!place.store->Exists(place.path)) return;  // the section is enough
  const io::ReadableFilePtr file = place.store->Open(place.path);
  const Buffer bytes = file->Read({0, file->size()});
  if (bytes.size() == section.size() && std::equal(section.begin(), section.end(), bytes.data())) return;
  Report(Kind::kTransaction, "it is not what the manifest holds of it", ShownPath(*snapshot_, place));
}

std::vector<NamedDataFile> VersionCheck::TakeDataFiles() {
  std::vector<NamedDataFile> files;
  for (auto& [key, file] : files_) files.push_back(std::move(file));
  files_.clear();
  return files;
}

}  // namespace eider::verify
