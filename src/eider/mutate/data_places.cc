#include "eider/mutate/data_places.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/table/base_paths.h"

namespace eider::mutate {
namespace {

using BaseProto = ::lance::table::BasePath;

constexpr std::string_view kDataFolder = "data";
constexpr std::string_view kMemory = "memory://";

/// nullopt in another dataset, such as the source of a clone: its cleanup knows nothing of files that others put there.
std::optional<DataPlace> PlaceIn(const BaseProto& base) {
  DataPlace place{io::OpenStore(base.path()), base.is_dataset_root() ? std::string(kDataFolder) : std::string(), base.id()};
  if (table::TableExists(*place.store)) return std::nullopt;
  return place;
}

DataPlace PlaceNamed(const std::string& reference, const io::ObjectStorePtr& table, const std::vector<BaseProto>& bases) {
  const auto by_name = [&](const BaseProto& base) { return base.has_name() && base.name() == reference; };
  auto found = std::find_if(bases.begin(), bases.end(), by_name);
  const std::string root = table::RootOf(reference);
  if (found == bases.end() && root == table->root()) return OwnPlace(table);
  const auto by_path = [&](const BaseProto& base) { return table::RootOf(base.path()) == root; };
  if (found == bases.end()) found = std::find_if(bases.begin(), bases.end(), by_path);
  if (found != bases.end()) {
    if (std::optional<DataPlace> place = PlaceIn(*found)) return *std::move(place);
    throw Invalid("target_bases: '{}' at '{}' is a dataset of its own, whose cleanup would remove the files", reference, found->path());
  }
  std::string known;
  for (const BaseProto& base : bases) known += fmt::format("{}'{}'", known.empty() ? "" : ", ", base.has_name() ? base.name() : base.path());
  if (known.empty()) known = "none";
  throw Invalid("target_bases: base path '{}' not found in '{}', which has {}", reference, table->root(), known);
}

/// Refuses what cannot be written to, or would be gone before the table is.
void RequireUsable(const io::ObjectStore& table, const BasePath& base) {
  if (std::ranges::any_of(base.path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    throw Invalid("base path '{}': '{}' holds control characters", base.name.value_or(""), base.path);
  }
  if (!table::IsAbsolute(base.path)) return;  // refused where it is registered
  const std::string root = io::OpenStore(base.path)->root();
  if (root.starts_with(kMemory) && !table.root().starts_with(kMemory)) {
    throw Invalid("base path '{}': '{}' is in the memory of this process, the table '{}' is not", base.name.value_or(""), base.path, table.root());
  }
}

}  // namespace

DataPlace OwnPlace(const io::ObjectStorePtr& table) { return {table, std::string(kDataFolder)}; }

std::vector<BaseProto> NewBases(const io::ObjectStore& table, const std::vector<BasePath>& bases) {
  ::google::protobuf::RepeatedPtrField<BaseProto> added, registered;
  for (const BasePath& base : bases) {
    BaseProto* proto = added.Add();
    if (base.name) proto->set_name(*base.name);
    proto->set_path(base.path);
    proto->set_is_dataset_root(base.is_dataset_root);
    RequireUsable(table, base);
  }
  table::AddBases(added, &registered);
  return {registered.begin(), registered.end()};
}

DataPlaces PlacesOf(const io::ObjectStorePtr& table, const std::vector<BaseProto>& bases, const TargetBases& targets) {
  if (targets.all && !targets.references.empty()) throw Invalid("target_bases and target_all_bases exclude each other");
  DataPlaces places;
  if (targets.all) {
    if (*targets.all) places.push_back(OwnPlace(table));
    for (const BaseProto& base : bases) {
      if (std::optional<DataPlace> place = PlaceIn(base)) places.push_back(*std::move(place));
    }
    if (places.empty()) throw Invalid("target_all_bases: '{}' has no base paths that files may go to", table->root());
  }
  for (const std::string& reference : targets.references) places.push_back(PlaceNamed(reference, table, bases));
  return places;
}

DataPlaces PlacesOf(const table::Snapshot& read, const TargetBases& targets) {
  const auto& bases = read.manifest->head().base_paths();
  return PlacesOf(read.store, {bases.begin(), bases.end()}, targets);
}

}  // namespace eider::mutate
