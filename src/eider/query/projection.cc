#include "eider/query/projection.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"

namespace eider::query {
namespace {

struct LeafPlace {
  int file = -1;
  int32_t column = -1;
};

// The live file of a field: the last one that lists it, for a field may be listed again after its column was rewritten.
// Files of version 0.1: the first.
LeafPlace FindLeaf(const lance::table::DataFragment& fragment, int32_t field_id) {
  LeafPlace legacy;
  for (int f = fragment.files_size() - 1; f >= 0; --f) {
    const lance::table::DataFile& file = fragment.files(f);
    for (int i = 0; i < file.fields_size(); ++i) {
      if (file.fields(i) != field_id) continue;
      if (file.column_indices_size() == 0) {
        legacy = {f, field_id};  // 0.1: columns are called by field
        break;
      }
      if (file.column_indices_size() != file.fields_size()) {
        throw Corrupt("data file '{}': {} fields but {} column indices", file.path(), file.fields_size(),
                      file.column_indices_size());
      }
      if (file.column_indices(i) >= 0) return {f, file.column_indices(i)};
    }
  }
  return legacy;
}

bool IsBefore21(const lance::table::DataFile& file) {
  return file.file_major_version() < 2 || (file.file_major_version() == 2 && file.file_minor_version() == 0);
}

// Before 2.1 lists have columns of their own.
void CollectListColumns(const LanceField& field, const lance::table::DataFragment& fragment, std::vector<int32_t>* columns) {
  if (field.IsLeaf()) return;
  if (field.logical_type != "struct") columns->push_back(FindLeaf(fragment, field.id).column);
  for (const LanceField& child : field.children) CollectListColumns(child, fragment, columns);
}

// `field` without the leaves that are not in `file`; false when nothing is left. Leaves that no file holds read as null
// from the file that `takes_missing`.
bool PruneToFile(const LanceField& field, const lance::table::DataFragment& fragment, int file, bool takes_missing,
                 LanceField* out, std::vector<int32_t>* columns) {
  if (field.IsLeaf()) {
    const LeafPlace place = FindLeaf(fragment, field.id);
    if (place.file != file && !(place.file < 0 && takes_missing)) return false;
    *out = field;
    columns->push_back(place.column);
    return true;
  }
  *out = field;
  out->children.clear();
  for (const LanceField& child : field.children) {
    LanceField kept;
    if (PruneToFile(child, fragment, file, takes_missing, &kept, columns)) out->children.push_back(std::move(kept));
  }
  return !out->children.empty();
}

/// Which files hold leaves of a field, in the order of the leaves; adds the column of each leaf to `columns`.
std::vector<int> FilesOf(const LanceField& field, const lance::table::DataFragment& fragment, std::vector<int32_t>& columns) {
  std::vector<const LanceField*> leaves;
  CollectLeaves(field, &leaves);
  std::vector<int> files;
  for (const LanceField* leaf : leaves) {
    const LeafPlace place = FindLeaf(fragment, leaf->id);
    columns.push_back(place.column);
    if (place.file >= 0 && std::find(files.begin(), files.end(), place.file) == files.end()) files.push_back(place.file);
  }
  return files;
}

// A part of a map would lack its keys. A file of 2.0 no longer says which of its columns holds lists that a later file holds
// as well.
void RefuseSplit(const LanceField& field, const lance::table::DataFragment& fragment, const std::string& path) {
  std::vector<int32_t> columns;
  const std::vector<int> files = FilesOf(field, fragment, columns);
  if (field.IsLeaf() || files.size() < 2) return;
  const bool in_2_0 = std::ranges::any_of(files, [&](int file) {
    return IsBefore21(fragment.files(file)) && fragment.files(file).column_indices_size() > 0;
  });
  if (field.logical_type == "map" || (field.logical_type != "struct" && in_2_0)) {
    throw Unsupported("column '{}': a {} whose children lie in {} data files{} of fragment {}", path, field.logical_type,
                      files.size(), in_2_0 ? " of version 2.0" : "", fragment.id());
  }
  for (const LanceField& child : field.children) RefuseSplit(child, fragment, path + "." + child.name);
}

bool HasLeaf(const LanceField& field, int32_t leaf) {
  if (field.IsLeaf()) return field.id == leaf;
  return std::ranges::any_of(field.children, [leaf](const LanceField& child) { return HasLeaf(child, leaf); });
}

// Leaves `field` with the one leaf; maps stay whole.
bool KeepLeaf(const LanceField& field, int32_t leaf, LanceField* out) {
  *out = field;
  if (field.IsLeaf() || field.logical_type == "map") return HasLeaf(field, leaf);
  out->children.clear();
  for (const LanceField& child : field.children) {
    LanceField kept;
    if (out->children.empty() && KeepLeaf(child, leaf, &kept)) out->children.push_back(std::move(kept));
  }
  return !out->children.empty();
}

/// Finds the witnesses of one column.
class WitnessFinder {
 public:
  explicit WitnessFinder(const lance::table::DataFragment& fragment) : fragment_(fragment) {}

  /// The files that say whether `whole`, of which `shown` is a part, is null, once the leaves found are read as well.
  std::vector<int> Visit(const LanceField& shown, const LanceField& whole) {
    std::vector<int32_t> columns;
    std::vector<int> files = FilesOf(whole, fragment_, columns);
    if (shown.IsLeaf()) return files;
    std::vector<int> told;
    for (const LanceField& child : shown.children) {
      const auto found = std::ranges::find(whole.children, child.id, &LanceField::id);
      if (found == whole.children.end()) continue;
      const std::vector<int> below = Visit(child, *found);
      told.insert(told.end(), below.begin(), below.end());
    }
    for (const int file : files) {
      const bool is_new = std::ranges::find(told, file) == told.end() && !IsBefore21(fragment_.files(file));
      if (is_new) found_.push_back(Narrowest(whole, file));
    }
    return files;
  }
  const std::vector<const LanceField*>& found() const { return found_; }

 private:
  const LanceField* Narrowest(const LanceField& field, int file) const {
    std::vector<const LanceField*> leaves;
    CollectLeaves(field, &leaves);
    std::erase_if(leaves, [&](const LanceField* leaf) { return FindLeaf(fragment_, leaf->id).file != file; });
    // Texts and lists have no fixed width: last.
    const auto width = [](const LanceField* leaf) { return FixedBitWidth(*ToArrowField(*leaf).type) - 1; };
    return *std::ranges::min_element(leaves, {}, width);
  }

  const lance::table::DataFragment& fragment_;
  std::vector<const LanceField*> found_;
};

size_t CountLeaves(const LanceField& field) {
  std::vector<const LanceField*> leaves;
  CollectLeaves(field, &leaves);
  return leaves.size();
}

void AddWitnesses(const lance::table::DataFragment& fragment, const LanceField& shown, const LanceSchema& table, int output,
                  FragmentProjection& result) {
  if (shown.IsLeaf()) return;
  const bool in_order = output < std::ssize(table.fields) && table.fields[static_cast<size_t>(output)].id == shown.id;
  const auto found = in_order ? table.fields.begin() + output : std::ranges::find(table.fields, shown.id, &LanceField::id);
  if (found == table.fields.end() || CountLeaves(*found) == CountLeaves(shown)) return;
  const LanceField whole = DescribeBlobs(*found);
  WitnessFinder finder(fragment);
  finder.Visit(shown, whole);
  for (const LanceField* leaf : finder.found()) {
    FragmentProjection::Witness witness{.file_index = FindLeaf(fragment, leaf->id).file, .output = output, .column = {}};
    KeepLeaf(whole, leaf->id, &witness.column.field);
    RefuseSplit(witness.column.field, fragment, shown.name);
    FilesOf(witness.column.field, fragment, witness.column.leaf_columns);
    result.witnesses.push_back(std::move(witness));
  }
}

}  // namespace

void CollectLeaves(const LanceField& field, std::vector<const LanceField*>* leaves) {
  if (field.IsLeaf()) {
    leaves->push_back(&field);
    return;
  }
  for (const LanceField& child : field.children) CollectLeaves(child, leaves);
}

FragmentProjection ResolveProjection(const lance::table::DataFragment& fragment, const LanceSchema& projected,
                                     const LanceSchema& table) {
  FragmentProjection result;
  auto file_projection = [&result](int file) -> FileProjection& {
    for (FileProjection& f : result.files) {
      if (f.file_index == file) return f;
    }
    result.files.push_back({.file_index = file});
    return result.files.back();
  };
  for (size_t output = 0; output < projected.fields.size(); ++output) {
    const LanceField& field = projected.fields[output];
    std::vector<int32_t> columns;
    const std::vector<int> files = FilesOf(field, fragment, columns);
    if (files.empty()) {
      result.all_null.push_back(static_cast<int>(output));
    } else if (files.size() == 1) {
      FileProjection& f = file_projection(files[0]);
      f.columns.push_back({.field = field, .leaf_columns = std::move(columns)});
      if (IsBefore21(fragment.files(files[0]))) CollectListColumns(field, fragment, &f.columns.back().list_columns);
      f.outputs.push_back(static_cast<int>(output));
    } else {
      RefuseSplit(field, fragment, field.name);
      for (const int file : files) {
        file::ColumnProjection part;
        PruneToFile(field, fragment, file, file == files[0], &part.field, &part.leaf_columns);
        if (IsBefore21(fragment.files(file))) CollectListColumns(part.field, fragment, &part.list_columns);
        FileProjection& f = file_projection(file);
        f.columns.push_back(std::move(part));
        f.outputs.push_back(static_cast<int>(output));
      }
    }
  }
  result.places.resize(projected.fields.size());
  std::vector<int> holders(projected.fields.size());
  for (size_t output = 0; output < projected.fields.size(); ++output) {
    AddWitnesses(fragment, projected.fields[output], table, static_cast<int>(output), result);
  }
  for (const FragmentProjection::Witness& witness : result.witnesses) holders[static_cast<size_t>(witness.output)] = 1;
  for (size_t f = 0; f < result.files.size(); ++f) {
    for (size_t c = 0; c < result.files[f].outputs.size(); ++c) {
      const auto output = static_cast<size_t>(result.files[f].outputs[c]);
      result.places[output] = ++holders[output] == 1 ? FragmentProjection::Place{static_cast<int>(f), static_cast<int>(c)}
                                                     : FragmentProjection::Place{};
    }
  }
  return result;
}

}  // namespace eider::query
