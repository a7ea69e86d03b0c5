#include "eider/mutate/deep_clone.h"

#include <set>

#include "eider/base/error.h"
#include "eider/base/parse_message.h"
#include "eider/io/store_path.h"
#include "eider/mutate/commit_files.h"
#include "eider/table/named_files.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kPieceBytes = 8 << 20;
constexpr std::string_view kDataSuffix = ".lance";

/// Files copied for a commit in the making: those not Kept() are removed again.
class CopiedFiles {
 public:
  CopiedFiles(io::ObjectStorePtr target, bool sync) : target_(std::move(target)), sync_(sync) {}
  ~CopiedFiles() {
    for (const std::string& path : paths_) {
      try {
        target_->Delete(path);
      } catch (const Error&) {
        // An orphan is harmless: no manifest names it.
      }
    }
  }
  CopiedFiles(const CopiedFiles&) = delete;
  CopiedFiles& operator=(const CopiedFiles&) = delete;

  void Copy(const table::FileLocation& from, const std::string& to) {
    if (!paths_.insert(to).second) return;
    const io::ReadableFilePtr file = from.store->Open(from.path);
    const std::unique_ptr<io::WritableFile> copy = target_->Create(to);
    for (uint64_t at = 0; at < file->size(); at += kPieceBytes) {
      copy->Append(file->Read({at, std::min(kPieceBytes, file->size() - at)}).span());
    }
    copy->Close(sync_);
  }
  /// The files in a folder, and in those below it.
  void CopyFolder(const table::FileLocation& from, const std::string& to) {
    const auto name = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
    for (const io::FileInfo& file : from.store->List(from.path)) Copy({from.store, file.path}, io::JoinPath(to, name(file.path)));
    for (const std::string& inner : from.store->ListFolders(from.path)) CopyFolder({from.store, inner}, io::JoinPath(to, name(inner)));
  }
  void Keep() { paths_.clear(); }

 private:
  const io::ObjectStorePtr target_;
  const bool sync_;
  std::set<std::string> paths_;
};

template <typename File>
std::optional<uint32_t> BaseOf(const File& file) {
  return file.has_base_id() ? std::optional(file.base_id()) : std::nullopt;
}

void CopyFragment(const table::Snapshot& source, const table::Fragment& fragment, CopiedFiles* files) {
  for (int i = 0; i < fragment.num_files(); ++i) {
    const std::string& name = fragment.file(i).path();
    const table::FileLocation place = table::LocateDataFile(source, fragment.file(i));
    files->Copy(place, "data/" + name);
    if (!name.ends_with(kDataSuffix)) continue;
    const auto stem = [](const std::string& path) { return path.substr(0, path.size() - kDataSuffix.size()); };
    files->CopyFolder({place.store, stem(place.path)}, "data/" + stem(name));
  }
  if (!fragment.has_deletions()) return;
  const auto& deletions = fragment.proto().deletion_file();
  const std::string name = table::DeletionFileName(fragment.id(), deletions);
  files->Copy(table::LocateFile(source, BaseOf(deletions), "_deletions", name), "_deletions/" + name);
}

void CopyIndices(const table::Snapshot& source, CopiedFiles* files) {
  const ByteSpan section = source.manifest->index_section();
  table::IndexSectionProto indices;
  if (!section.empty() && !ParseMessage(section, &indices)) throw Corrupt("version {}: the index section does not parse", source.version());
  for (const auto& index : indices.indices()) {
    const std::string uuid = table::UuidText(index.uuid().uuid());
    if (uuid.empty()) continue;
    files->CopyFolder(table::LocateFile(source, BaseOf(index), "_indices", uuid), "_indices/" + uuid);
  }
}

}  // namespace

table::Snapshot DeepClone(const table::Snapshot& source, const io::ObjectStorePtr& target, bool sync) {
  if (table::TableExists(*target)) throw AlreadyExists("Dataset already exists: '{}'", target->root());
  CopiedFiles files(target, sync);
  for (size_t i = 0; i < source.manifest->num_fragments(); ++i) CopyFragment(source, source.manifest->fragment(i), &files);
  CopyIndices(source, &files);
  return CommitFiles(&files, [&] { return table::CommitClone(target, source, {.is_shallow = false}, {.sync = sync}); });
}

}  // namespace eider::mutate
