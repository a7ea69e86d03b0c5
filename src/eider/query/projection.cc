#include "eider/query/projection.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/base/memory.h"

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

bool HasListAboveStruct(const LanceField& field) {
  if (field.IsLeaf()) return false;
  return field.logical_type != "struct";
}

}  // namespace

void CollectLeaves(const LanceField& field, std::vector<const LanceField*>* leaves) {
  if (field.IsLeaf()) {
    leaves->push_back(&field);
    return;
  }
  for (const LanceField& child : field.children) CollectLeaves(child, leaves);
}

FragmentProjection ResolveProjection(const lance::table::DataFragment& fragment, const LanceSchema& projected) {
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
    std::vector<const LanceField*> leaves;
    CollectLeaves(field, &leaves);
    std::vector<int> files;
    std::vector<int32_t> columns;
    for (const LanceField* leaf : leaves) {
      const LeafPlace place = FindLeaf(fragment, leaf->id);
      columns.push_back(place.column);
      if (place.file >= 0 && std::find(files.begin(), files.end(), place.file) == files.end()) files.push_back(place.file);
    }
    if (files.empty()) {
      result.all_null.push_back(static_cast<int>(output));
    } else if (files.size() == 1) {
      FileProjection& f = file_projection(files[0]);
      f.columns.push_back({.field = field, .leaf_columns = std::move(columns)});
      if (IsBefore21(fragment.files(files[0]))) CollectListColumns(field, fragment, &f.columns.back().list_columns);
      f.outputs.push_back(static_cast<int>(output));
    } else {
      if (HasListAboveStruct(field)) {
        throw Unsupported("column '{}': a {} whose children lie in {} data files of fragment {}", field.name,
                          field.logical_type, files.size(), fragment.id());
      }
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
  for (size_t f = 0; f < result.files.size(); ++f) {
    for (size_t c = 0; c < result.files[f].outputs.size(); ++c) {
      const auto output = static_cast<size_t>(result.files[f].outputs[c]);
      result.places[output] = ++holders[output] == 1 ? FragmentProjection::Place{static_cast<int>(f), static_cast<int>(c)}
                                                     : FragmentProjection::Place{};
    }
  }
  return result;
}

namespace {

ArrayPtr ChildWindow(const Array& parent, int index) {
  const ArrayPtr& child = parent.children[static_cast<size_t>(index)];
  return parent.offset == 0 && child->length == parent.length ? child : SliceArray(child, parent.offset, parent.length);
}

/// The validity bits of the array's window, moved to bit 0.
Buffer ValidityFromStart(const Array& array) {
  if (array.offset == 0 || !array.validity.present()) return array.validity;
  BufferBuilder bits;
  bits.Resize(static_cast<size_t>(array.length + 7) / 8);
  std::fill_n(bits.data(), bits.size(), uint8_t{0});
  for (int64_t i = 0; i < array.length; ++i) {
    if (array.IsValid(i)) bits.data()[i >> 3] |= static_cast<uint8_t>(1 << (i & 7));
  }
  return bits.Finish();
}

}  // namespace

ArrayPtr MergeStructs(const LanceField& field, const ArrayPtr& a, const ArrayPtr& b) {
  if (a->type->id != TypeId::kStruct || b->type->id != TypeId::kStruct) {
    throw Unsupported("column '{}': a {} whose children lie in several data files", field.name, field.logical_type);
  }
  if (a->length != b->length) throw Corrupt("column '{}': {} rows in one data file, {} in another", field.name, a->length, b->length);
  auto merged = std::make_shared<Array>(*a);
  merged->offset = 0;
  merged->validity = ValidityFromStart(*a);
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kStruct;
  merged->children.clear();
  auto child_of = [](const Array& array, const std::string& name) -> int {
    for (size_t i = 0; i < array.type->children.size(); ++i) {
      if (array.type->children[i].name == name) return static_cast<int>(i);
    }
    return -1;
  };
  for (const LanceField& child : field.children) {
    const int in_a = child_of(*a, child.name);
    const int in_b = child_of(*b, child.name);
    if (in_a >= 0 && in_b >= 0) {
      merged->children.push_back(MergeStructs(child, ChildWindow(*a, in_a), ChildWindow(*b, in_b)));
    } else if (in_a >= 0 || in_b >= 0) {
      merged->children.push_back(in_a >= 0 ? ChildWindow(*a, in_a) : ChildWindow(*b, in_b));
    } else {
      continue;  // in a third file; merged next
    }
    type->children.push_back(ToArrowField(child));
    type->children.back().type = merged->children.back()->type;
  }
  merged->type = std::move(type);
  return merged;
}

}  // namespace eider::query
