#include "eider/table/cleanup_plan.h"

#include <algorithm>
#include <charconv>

#include "eider/base/error.h"
#include "eider/io/store_path.h"
#include "eider/table/feature_flags.h"
#include "eider/table/open_versions.h"
#include "eider/table/refs.h"

namespace eider::table {
namespace {

using Kind = CleanupFile::Kind;

constexpr auto kDefaultAge = std::chrono::hours(24 * 14);

int64_t Now(const CleanupOptions& options) {
  if (options.clock) return options.clock();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void CheckOptions(const CleanupOptions& options) {
  if (options.retain_versions == 0u) throw Invalid("cleanup: retain_versions must be greater than 0, got 0");
  if (options.versions && options.versions->empty()) throw Invalid("cleanup: versions is an empty list");
  if (options.deletes_per_second == 0u) throw Invalid("cleanup: the limit of deletions for each second must be greater than 0, got 0");
}

/// A manifest of which everything is known that it may name.
ManifestPtr ReadKnown(const io::ObjectStore& store, const VersionEntry& entry) {
  ManifestPtr manifest = ReadManifest(store, entry);
  RequireReadable(*manifest);
  RequireWritable(*manifest);
  return manifest;
}

/// False of one that went, or was repaired, since it was listed.
bool IsStillTorn(const io::ObjectStore& store, const VersionEntry& entry) {
  try {
    return IsTorn(store, entry);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNotFound) throw;
    return false;
  }
}

/// nullptr when it was removed since it was listed, and for what a crash tore: no version names what such a one would have named.
/// One that was whole when this process opened it is no crash's: who has it open needs files that nobody can name now.
ManifestPtr ReadIfThere(const io::ObjectStore& store, const VersionEntry& entry) {
  try {
    return ReadKnown(store, entry);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound) return nullptr;
    if (error.kind() == ErrorKind::kCorrupt && IsStillTorn(store, entry) && !OpenVersions::Process().IsOpen(store.root(), entry.version)) return nullptr;
    throw;
  }
}

void FindBranchFolders(const io::ObjectStore& table, const std::string& folder, std::vector<std::string>* found) {
  for (const std::string& inner : table.ListFolders(folder)) {
    const std::string_view name = std::string_view(inner).substr(inner.rfind('/') + 1);
    if (name == "_versions") found->push_back(folder);
    else if (!name.starts_with('_') && name != "data") FindBranchFolders(table, inner, found);
  }
}

void AddVersions(const io::ObjectStore& store, const std::vector<uint64_t>& but, NamedFiles* names) {
  for (const VersionEntry& entry : ListVersions(store).versions) {
    if (std::binary_search(but.begin(), but.end(), entry.version)) continue;
    if (const ManifestPtr manifest = ReadIfThere(store, entry)) names->Add(*manifest);
  }
  for (const VersionEntry& entry : ListDetached(store)) {
    if (const ManifestPtr manifest = ReadIfThere(store, entry)) names->Add(*manifest);
  }
}

std::set<uint64_t> TaggedVersions(const Snapshot& at, std::string* names = nullptr, const std::set<uint64_t>& of = {}) {
  const std::optional<std::string> branch = BranchOf(at);
  std::set<uint64_t> tagged;
  for (const auto& [name, tag] : ListTags(*TableStore(at))) {
    if (NormalBranch(tag.info.branch) != branch) continue;
    tagged.insert(tag.info.version);
    if (names && of.contains(tag.info.version)) *names += fmt::format("{}'{}' (version {})", names->empty() ? "" : ", ", name, tag.info.version);
  }
  return tagged;
}

/// Looks at each version of the branch against the limits; `entries` are ascending.
class VersionChoice {
 public:
  VersionChoice(const Snapshot& at, const CleanupOptions& options, std::vector<VersionEntry> entries)
      : at_(at), options_(options), entries_(std::move(entries)) {
    const bool no_limit = !options.older_than && !options.retain_versions && !options.versions;
    const std::optional<std::chrono::nanoseconds> age = no_limit ? std::optional<std::chrono::nanoseconds>(kDefaultAge) : options.older_than;
    if (age) before_ns_ = Now(options) - age->count();
  }

  /// Entries that no limit keeps.
  std::vector<VersionEntry> Old() const {
    std::vector<VersionEntry> old;
    for (size_t i = 0; i < entries_.size(); ++i) {
      const VersionEntry& entry = entries_[i];
      if (entry.version >= at_.version() || entry.version == entries_.back().version) continue;
      if (options_.retain_versions && entries_.size() - i <= *options_.retain_versions) continue;
      if (options_.versions && std::find(options_.versions->begin(), options_.versions->end(), entry.version) == options_.versions->end()) continue;
      const ManifestPtr manifest = ReadIfThere(*at_.store, entry);
      if (!manifest || (before_ns_ && manifest->timestamp_ns() >= *before_ns_)) continue;
      old.push_back(entry);
    }
    SpareForRepairs(&old);
    return old;
  }

 private:
  /// The version before a torn one stays: a repair takes its rows (torn.h).
  void SpareForRepairs(std::vector<VersionEntry>* old) const {
    std::set<uint64_t> chosen;
    for (const VersionEntry& entry : *old) chosen.insert(entry.version);
    std::erase_if(*old, [&](const VersionEntry& entry) {
      const auto next = std::ranges::upper_bound(entries_, entry.version, {}, &VersionEntry::version);
      return next != entries_.end() && !chosen.contains(next->version) && IsStillTorn(*at_.store, *next);
    });
  }

  const Snapshot& at_;
  const CleanupOptions& options_;
  const std::vector<VersionEntry> entries_;
  std::optional<int64_t> before_ns_;
};

void RequireUntagged(const Snapshot& at, const std::vector<VersionEntry>& old) {
  std::set<uint64_t> versions;
  for (const VersionEntry& entry : old) versions.insert(entry.version);
  std::string names;
  TaggedVersions(at, &names, versions);
  if (!names.empty()) {
    throw Invalid("cleanup: old versions are tagged, by {}: delete these tags, or let tagged versions stay (error_if_tagged_old_versions=False)", names);
  }
}

/// Lists what may lie around.
class FileListing {
 public:
  FileListing(const io::ObjectStore& store, const NamedFiles& named) : store_(store), named_(named) {}

  std::vector<FoundFile> Run() {
    Folder("_versions", Kind::kTemporaryManifest, [](std::string_view name) { return name.starts_with(".tmp"); });
    Folder("_transactions", Kind::kTransaction, [](std::string_view name) { return name.ends_with(".txn"); });
    Folder("data", Kind::kData, [](std::string_view name) { return name.ends_with(".lance"); });
    for (const std::string& folder : store_.ListFolders("data")) {
      Folder(folder, Kind::kData, [](std::string_view name) { return name.ends_with(".blob"); });
    }
    Folder("_deletions", Kind::kDeletion, [](std::string_view name) { return name.ends_with(".arrow") || name.ends_with(".bin"); });
    for (const std::string& folder : store_.ListFolders("_indices")) Everything(folder);
    return std::move(files_);
  }

 private:
  template <typename Matches>
  void Folder(const std::string& folder, Kind kind, Matches&& matches) {
    for (const io::FileInfo& info : store_.List(folder)) {
      if (!matches(std::string_view(info.path).substr(info.path.rfind('/') + 1))) continue;
      CleanupFile file{.path = info.path, .kind = kind, .size_bytes = info.size};
      if (!IsNamed(named_, file)) files_.push_back({std::move(file), info.modified_ns});
    }
  }
  void Everything(const std::string& folder) {
    Folder(folder, Kind::kIndex, [](std::string_view) { return true; });
    for (const std::string& inner : store_.ListFolders(folder)) Everything(inner);
  }

  const io::ObjectStore& store_;
  const NamedFiles& named_;
  std::vector<FoundFile> files_;
};

/// Of the files that no version that stays has, those that may go: a removed version had them, or no writer can be about to name them.
std::vector<CleanupFile> ChooseFiles(const Snapshot& at, const CleanupOptions& options, const NamedFiles& spared, const NamedFiles& removed) {
  const int64_t before_ns = Now(options) - std::chrono::nanoseconds(kUnverifiedAge).count();
  std::vector<CleanupFile> files;
  for (FoundFile& found : FilesBeside(*at.store, spared)) {
    found.file.is_unverified = !IsNamed(removed, found.file);
    if (found.file.is_unverified && !options.delete_unverified && found.modified_ns >= before_ns) continue;
    files.push_back(std::move(found.file));
  }
  return files;
}

}  // namespace

std::vector<FoundFile> FilesBeside(const io::ObjectStore& store, const NamedFiles& named) { return FileListing(store, named).Run(); }

std::vector<VersionEntry> ListDetached(const io::ObjectStore& store) {
  std::vector<VersionEntry> detached;
  store.VisitNames("_versions", [&](std::string_view file) {
    if (!file.starts_with('d') || !file.ends_with(".manifest")) return;
    const std::string_view digits = file.substr(1, file.size() - 1 - std::string_view(".manifest").size());
    uint64_t version = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (error == std::errc() && end == digits.data() + digits.size()) detached.push_back({version, io::JoinPath("_versions", file)});
  });
  return detached;
}

std::vector<std::string> ListBranchFolders(const io::ObjectStore& table) {
  std::vector<std::string> folders;
  FindBranchFolders(table, "tree", &folders);
  return folders;
}

bool IsNamed(const NamedFiles& names, const CleanupFile& file) {
  const std::string_view path = file.path;
  const std::string_view below = path.substr(path.find('/') + 1);
  switch (file.kind) {
    case Kind::kData: return names.HasData(below);
    case Kind::kDeletion: return names.HasDeletion(below);
    case Kind::kTransaction: return names.HasTransaction(below);
    case Kind::kIndex: return names.HasIndex(below.substr(0, below.find('/')));
    case Kind::kManifest:
    case Kind::kTemporaryManifest: break;
  }
  return false;
}

SparedFiles FilesToSpare(const Snapshot& at, const std::vector<uint64_t>& removed_versions) {
  SparedFiles spared;
  AddVersions(*at.store, removed_versions, &spared.named);
  const io::ObjectStorePtr table = TableStore(at);
  const std::optional<std::string> branch = BranchOf(at);
  if (branch) AddVersions(*table, {}, &spared.named);
  const std::map<std::string, BranchFile> branches = ListBranches(*table);
  for (const std::string& folder : ListBranchFolders(*table)) {
    const std::string name = folder.substr(folder.find('/') + 1);
    if (name == branch) continue;
    NamedFiles files;
    AddVersions(*io::OpenFolder(table, folder), {}, &files);
    spared.named.Add(files);
    const auto found = branches.find(name);
    if (found != branches.end() && NormalBranch(found->second.info.parent) == branch) {
      spared.branches.push_back({name, found->second.info.parent_version, files.any_in_base()});
    }
  }
  return spared;
}

std::set<uint64_t> NamedVersions(const Snapshot& at) {
  std::set<uint64_t> named = TaggedVersions(at);
  const std::optional<std::string> branch = BranchOf(at);
  const io::ObjectStorePtr table = TableStore(at);
  for (const auto& [name, file] : ListBranches(*table)) {
    if (NormalBranch(file.info.parent) != branch) continue;
    NamedFiles files;
    AddVersions(*BranchStore(table, name), {}, &files);
    if (files.any_in_base()) named.insert(file.info.parent_version);
  }
  return named;
}

CleanupPlan PlanCleanup(const Snapshot& at, const CleanupOptions& options) {
  CheckOptions(options);
  RequireWritable(*at.manifest);
  const VersionListing listing = ListVersions(*at.store);
  if (listing.versions.empty()) throw NotFound("'{}': the table is gone", at.store->root());
  const std::vector<VersionEntry> old = VersionChoice(at, options, listing.versions).Old();
  if (options.error_if_tagged) RequireUntagged(at, old);
  const std::set<uint64_t> named = NamedVersions(at);
  CleanupPlan plan;
  std::vector<CleanupFile> manifests;
  NamedFiles removed;
  for (const VersionEntry& entry : old) {
    if (named.contains(entry.version)) continue;
    if (OpenVersions::Process().IsOpen(at.store->root(), entry.version)) {
      plan.warnings.push_back(fmt::format("version {} stays: it is open in this process", entry.version));
      continue;
    }
    const ManifestPtr manifest = ReadIfThere(*at.store, entry);
    if (!manifest) continue;
    removed.Add(*manifest);
    plan.removed_versions.push_back(entry.version);
    manifests.push_back({.path = entry.path, .kind = Kind::kManifest, .size_bytes = manifest->size_bytes()});
  }
  SparedFiles spared = FilesToSpare(at, plan.removed_versions);
  plan.files = ChooseFiles(at, options, spared.named, removed);
  plan.files.insert(plan.files.end(), manifests.begin(), manifests.end());
  plan.branches = std::move(spared.branches);
  return plan;
}

}  // namespace eider::table
