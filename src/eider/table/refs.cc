#include "eider/table/refs.h"

#include <chrono>
#include <set>

#include "eider/base/error.h"
#include "eider/io/store_path.h"
#include "eider/table/commit.h"

namespace eider::table {
namespace {

constexpr std::string_view kTags = "_refs/tags";
constexpr std::string_view kBranches = "_refs/branches";
constexpr std::string_view kTree = "tree";
/// Larger files are no tags: they would only cost memory.
constexpr uint64_t kMaxRefBytes = 1 << 20;

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string RefPath(std::string_view folder, std::string_view name) { return fmt::format("{}/{}", folder, RefFileName(name)); }

std::string TreePath(std::string_view branch) { return fmt::format("{}/{}", kTree, branch); }

std::string ReadRefText(const io::ObjectStore& table, const std::string& path) {
  const io::ReadableFilePtr file = table.Open(path);
  if (file->size() > kMaxRefBytes) throw Corrupt("{} bytes are too many for a reference", file->size());
  const Buffer bytes = file->Read({0, file->size()});
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename File>
File DecodeAt(const io::ObjectStore& table, const std::string& path, File (*decode)(std::string_view)) {
  return InContext([&] { return fmt::format("'{}'", path); }, [&] { return decode(ReadRefText(table, path)); });
}

/// The file of `name`, or kNotFound that says what is missing.
template <typename File>
File ReadRef(const io::ObjectStore& table, std::string_view folder, const char* what, const std::string& name,
             File (*decode)(std::string_view)) {
  const std::string path = name.empty() ? std::string() : RefPath(folder, name);
  if (path.empty() || !table.Exists(path)) throw NotFound("'{}': there is no {} '{}'", table.root(), what, name);
  return DecodeAt(table, path, decode);
}

template <typename File>
std::map<std::string, File> ListRefs(const io::ObjectStore& table, std::string_view folder, File (*decode)(std::string_view)) {
  std::map<std::string, File> files;
  for (const io::FileInfo& file : table.List(folder)) {
    const std::optional<std::string> name = NameOfRefFile(std::string_view(file.path).substr(folder.size() + 1));
    if (!name) continue;
    try {
      files.emplace(*name, DecodeAt(table, file.path, decode));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kNotFound) throw;  // removed since it was listed
    }
  }
  return files;
}

void PutNewRef(io::ObjectStore& table, std::string_view folder, const char* what, const std::string& name, const std::string& text, bool sync) {
  if (!table.PutIfAbsent(RefPath(folder, name), SpanOf(text), sync)) throw AlreadyExists("{} '{}' exists", what, name);
  if (sync) table.SyncFolder(folder);
}

void DeleteRef(io::ObjectStore& table, std::string_view folder, const std::string& name, bool sync) {
  table.Delete(RefPath(folder, name));
  if (sync) table.SyncFolder(folder);
}

std::string NewBranchId() {
  std::string id = NewUuid();
  std::erase(id, '-');
  return id;
}

/// Whether `branch` began, directly or not, on the branch with this lineage.
bool DescendsFrom(const BranchInfo& branch, const std::vector<std::pair<uint64_t, std::string>>& lineage) {
  return !lineage.empty() && branch.lineage.size() > lineage.size() &&
         std::equal(lineage.begin(), lineage.end(), branch.lineage.begin());
}

void RequireUnreferenced(const io::ObjectStore& table, const std::string& name, const BranchInfo& info) {
  for (const auto& [other, file] : ListBranches(table)) {
    if (other != name && (file.info.parent == name || DescendsFrom(file.info, info.lineage))) {
      throw Conflict("branch '{}' cannot be deleted: branch '{}' began on it at version {}", name, other, file.info.parent_version);
    }
  }
  for (const auto& [tag, file] : ListTags(table)) {
    if (file.info.branch == name) throw Conflict("branch '{}' cannot be deleted: tag '{}' names its version {}", name, tag, file.info.version);
  }
}

/// Everything below `folder`, but for the folders `spared`, which are other branches.
void DeleteTree(io::ObjectStore& store, const std::string& folder, const std::set<std::string>& spared) {
  for (const io::FileInfo& file : store.List(folder)) store.Delete(file.path);
  for (const std::string& inner : store.ListFolders(folder)) {
    if (!spared.contains(inner)) DeleteTree(store, inner, spared);
  }
  store.DeleteEmptyFolder(folder);
}

void DeleteBranchFiles(io::ObjectStore& table, const std::string& name) {
  std::set<std::string> spared;
  for (const auto& [other, file] : ListBranches(table)) {
    // The branches that lie below it, and the folders on the way to them.
    for (std::string_view path = other; path.size() > name.size(); path = io::ParentPath(path)) spared.insert(TreePath(path));
  }
  const std::string folder = TreePath(name);
  // Versions first: no version is ever there without its files.
  DeleteTree(table, folder + "/_versions", {});
  DeleteTree(table, folder, spared);
}

Snapshot LoadBranchVersion(const io::ObjectStorePtr& table, const std::optional<std::string>& branch,
                           std::optional<uint64_t> version, Session* session) {
  if (branch) ReadBranch(*table, *branch);
  return LoadSnapshot(BranchStore(table, branch), version, session);
}

}  // namespace

std::optional<std::string> NormalBranch(std::optional<std::string> branch) {
  if (branch == "main") return std::nullopt;
  return branch;
}

std::optional<std::string> BranchOf(const Snapshot& snapshot) {
  const ManifestProto& head = snapshot.manifest->head();
  return head.has_branch() && !head.branch().empty() ? NormalBranch(head.branch()) : std::nullopt;
}

io::ObjectStorePtr TableStore(const Snapshot& snapshot) {
  const std::optional<std::string> branch = BranchOf(snapshot);
  const std::string& root = snapshot.store->root();
  const std::string suffix = branch ? "/" + TreePath(*branch) : std::string();
  // A copy of a branch's folder elsewhere is a table of its own.
  if (!branch || !root.ends_with(suffix) || root.size() == suffix.size()) return snapshot.store;
  if (const io::ObjectStorePtr whole = snapshot.store->Whole(); whole && whole->root() + suffix == root) return whole;
  return io::OpenStore(root.substr(0, root.size() - suffix.size()));
}

io::ObjectStorePtr BranchStore(const io::ObjectStorePtr& table, const std::optional<std::string>& branch) {
  return branch ? io::OpenFolder(table, TreePath(*branch)) : table;
}

std::map<std::string, TagFile> ListTags(const io::ObjectStore& table) { return ListRefs(table, kTags, &DecodeTagFile); }

TagFile ReadTag(const io::ObjectStore& table, const std::string& name) { return ReadRef(table, kTags, "tag", name, &DecodeTagFile); }

void CreateTag(io::ObjectStore& table, const std::string& name, const Snapshot& target, bool sync) {
  CheckTagName(name);
  TagFile tag;
  tag.info.branch = BranchOf(target);
  tag.info.version = target.version();
  tag.info.created_ns = tag.info.updated_ns = NowNs();
  tag.info.manifest_bytes = target.manifest->size_bytes();
  PutNewRef(table, kTags, "tag", name, EncodeTagFile(tag), sync);
}

void MoveTag(io::ObjectStore& table, const std::string& name, const Snapshot& target, bool sync) {
  TagFile tag = ReadTag(table, name);
  tag.info.branch = BranchOf(target);
  tag.info.version = target.version();
  tag.info.updated_ns = NowNs();
  tag.info.manifest_bytes = target.manifest->size_bytes();
  table.Put(RefPath(kTags, name), SpanOf(EncodeTagFile(tag)), sync);
}

void SetTagMetadata(io::ObjectStore& table, const std::string& name, const std::map<std::string, std::string>& metadata, bool sync) {
  TagFile tag = ReadTag(table, name);
  tag.info.metadata = metadata;
  table.Put(RefPath(kTags, name), SpanOf(EncodeTagFile(tag)), sync);
}

void DeleteTag(io::ObjectStore& table, const std::string& name, bool sync) {
  if (name.empty() || !table.Exists(RefPath(kTags, name))) throw NotFound("'{}': there is no tag '{}'", table.root(), name);
  DeleteRef(table, kTags, name, sync);
}

std::map<std::string, BranchFile> ListBranches(const io::ObjectStore& table) { return ListRefs(table, kBranches, &DecodeBranchFile); }

BranchFile ReadBranch(const io::ObjectStore& table, const std::string& name) {
  return ReadRef(table, kBranches, "branch", name, &DecodeBranchFile);
}

Snapshot CreateBranch(const io::ObjectStorePtr& table, const std::string& name, const Snapshot& from, bool sync) {
  CheckBranchName(name);
  if (table->Exists(RefPath(kBranches, name))) throw AlreadyExists("branch '{}' exists", name);
  const io::ObjectStorePtr store = BranchStore(table, name);
  if (TableExists(*store)) {
    throw AlreadyExists("branch '{}': '{}' holds versions that an interrupted creation or deletion left; deleting the branch removes them",
                        name, store->root());
  }
  BranchFile branch;
  branch.info.parent = BranchOf(from);
  if (branch.info.parent) branch.info.lineage = ReadBranch(*table, *branch.info.parent).info.lineage;
  branch.info.lineage.emplace_back(from.version(), NewBranchId());
  branch.info.parent_version = from.version();
  branch.info.created_s = static_cast<uint64_t>(NowNs() / 1'000'000'000);
  branch.info.manifest_bytes = from.manifest->size_bytes();
  const Snapshot first = CommitClone(store, from, {.is_shallow = true, .branch = name}, {.sync = sync});
  PutNewRef(*table, kBranches, "branch", name, EncodeBranchFile(branch), sync);
  return first;
}

void SetBranchMetadata(io::ObjectStore& table, const std::string& name, const std::map<std::string, std::string>& metadata, bool sync) {
  BranchFile branch = ReadBranch(table, name);
  branch.info.metadata = metadata;
  table.Put(RefPath(kBranches, name), SpanOf(EncodeBranchFile(branch)), sync);
}

void DeleteBranch(const io::ObjectStorePtr& table, const std::string& name, bool sync) {
  CheckBranchName(name);
  if (table->Exists(RefPath(kBranches, name))) {
    RequireUnreferenced(*table, name, ReadBranch(*table, name).info);
    DeleteRef(*table, kBranches, name, sync);
  } else if (!TableExists(*BranchStore(table, name))) {
    throw NotFound("'{}': there is no branch '{}'", table->root(), name);
  } else {
    RequireUnreferenced(*table, name, {});
  }
  DeleteBranchFiles(*table, name);
}

Snapshot Resolve(const Snapshot& at, const Reference& reference, Session* session) {
  if (std::holds_alternative<std::monostate>(reference)) return at;
  if (const auto* version = std::get_if<uint64_t>(&reference)) return LoadSnapshot(at.store, *version, session);
  const io::ObjectStorePtr table = TableStore(at);
  if (const auto* name = std::get_if<std::string>(&reference)) {
    const TagInfo tag = ReadTag(*table, *name).info;
    return InContext([&] { return fmt::format("tag '{}'", *name); },
                     [&] { return LoadBranchVersion(table, NormalBranch(tag.branch), tag.version, session); });
  }
  const BranchVersion& branch = std::get<BranchVersion>(reference);
  return LoadBranchVersion(table, NormalBranch(branch.branch), branch.version, session);
}

}  // namespace eider::table
