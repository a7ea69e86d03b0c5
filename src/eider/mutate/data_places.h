#pragma once
/// \file
/// Where new data files go: the table's own folder, or base paths that its manifest lists.

#include <eider/write_options.h>

#include <optional>
#include <string>
#include <vector>

#include "eider/io/store.h"
#include "eider/io/store_path.h"
#include "eider/table/snapshot.h"

namespace eider::mutate {

struct DataPlace {
  io::ObjectStorePtr store;
  std::string folder;                    ///< of the data files, below the store
  std::optional<uint32_t> base_id = {};  ///< unset: the table's own

  std::string PathOf(std::string_view file) const { return io::JoinPath(folder, file); }
};
using DataPlaces = std::vector<DataPlace>;

DataPlace OwnPlace(const io::ObjectStorePtr& table);

/// The base paths that a new table begins with, with the ids that it gives them. \throws Error(kInvalid) for a path that is empty, relative
/// or holds control characters, one in the memory of this process for a table that lasts, and for names and paths that come twice.
std::vector<::lance::table::BasePath> NewBases(const io::ObjectStore& table, const std::vector<BasePath>& bases);

/// The places that files of a write to `table` go to in turn; empty when none are named. `bases`: those that the manifest lists.
/// \throws Error(kInvalid) for a reference that names none of them
DataPlaces PlacesOf(const io::ObjectStorePtr& table, const std::vector<::lance::table::BasePath>& bases, const TargetBases& targets);
DataPlaces PlacesOf(const table::Snapshot& read, const TargetBases& targets);

}  // namespace eider::mutate
