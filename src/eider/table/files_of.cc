#include "eider/table/files_of.h"

#include <map>
#include <set>

#include "eider/base/error.h"
#include "eider/base/parse_message.h"
#include "eider/io/store_path.h"
#include "eider/table/commit.h"
#include "eider/table/named_files.h"

namespace eider::table {
namespace {

using TrackedKind = TrackedFile::Kind;

constexpr std::string_view kLanceSuffix = ".lance";

template <typename File>
std::optional<uint32_t> FileBase(const File& file) {
  return file.has_base_id() ? std::optional<uint32_t>(file.base_id()) : std::nullopt;
}

class FileList {
 public:
  explicit FileList(const Snapshot& snapshot) : snapshot_(snapshot) {}

  std::vector<TrackedFile> Take() {
    Add({snapshot_.store, snapshot_.manifest_path}, TrackedKind::kManifest);
    const std::string& transaction = snapshot_.manifest->head().transaction_file();
    if (!transaction.empty()) AddThere(LocateFile(snapshot_, std::nullopt, "_transactions", transaction), TrackedKind::kTransaction);
    for (size_t i = 0; i < snapshot_.manifest->num_fragments(); ++i) AddFragment(snapshot_.manifest->fragment(i));
    AddIndices();
    return std::move(files_);
  }

 private:
  void Add(const FileLocation& place, TrackedKind kind) { files_.push_back({.base = place.store->root(), .path = place.path, .kind = kind}); }
  /// What cleanup may have removed since, and the version does not need.
  void AddThere(const FileLocation& place, TrackedKind kind) {
    if (place.store->Exists(place.path)) Add(place, kind);
  }

  void AddFragment(const Fragment& fragment) {
    for (int f = 0; f < fragment.num_files(); ++f) AddData(LocateDataFile(snapshot_, fragment.file(f)));
    for (const auto& overlay : fragment.proto().overlays()) AddData(LocateDataFile(snapshot_, overlay.data_file()));
    if (!fragment.has_deletions()) return;
    const auto& deletions = fragment.proto().deletion_file();
    Add(LocateFile(snapshot_, FileBase(deletions), "_deletions", DeletionFileName(fragment.id(), deletions)), TrackedKind::kDeletion);
  }

  /// With the blobs in the folder named after it.
  void AddData(const FileLocation& place) {
    Add(place, TrackedKind::kData);
    if (!place.path.ends_with(kLanceSuffix)) return;
    const std::string folder = place.path.substr(0, place.path.size() - kLanceSuffix.size());
    auto [found, is_new] = folders_.try_emplace(place.store->root());
    if (is_new) {
      for (std::string& path : place.store->ListFolders(io::ParentPath(folder))) found->second.insert(std::move(path));
    }
    if (!found->second.contains(folder)) return;
    for (const io::FileInfo& blob : place.store->List(folder)) Add({place.store, blob.path}, TrackedKind::kData);
  }

  void AddIndices() {
    const ByteSpan section = snapshot_.manifest->index_section();
    if (section.empty()) return;
    IndexSectionProto indices;
    if (!ParseMessage(section, &indices)) throw Corrupt("version {}: the index section does not parse", snapshot_.version());
    std::set<std::string> seen;
    for (const auto& index : indices.indices()) {
      const std::string uuid = UuidText(index.uuid().uuid());
      if (seen.insert(uuid).second) AddFolder(LocateFile(snapshot_, FileBase(index), "_indices", uuid));
    }
  }
  void AddFolder(const FileLocation& folder) {
    for (const io::FileInfo& file : folder.store->List(folder.path)) Add({folder.store, file.path}, TrackedKind::kIndex);
    for (const std::string& inner : folder.store->ListFolders(folder.path)) AddFolder({folder.store, inner});
  }

  const Snapshot& snapshot_;
  std::vector<TrackedFile> files_;
  std::map<std::string, std::set<std::string>> folders_;  ///< those beside data files, by root
};

}  // namespace

std::vector<TrackedFile> FilesOf(const Snapshot& snapshot) { return FileList(snapshot).Take(); }

}  // namespace eider::table
