#include "eider/mutate/missing_fields.h"

#include <algorithm>
#include <numeric>

#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

const Field* FindField(const std::vector<Field>& fields, const std::string& name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

/// What a source says of a list replaces it: a part that its items lack would be lost.
void RequireWholeItems(const LanceField& field, const DataType& type, const std::string& path) {
  if (BlobFormOf(field) != BlobForm::kNone) return;
  for (size_t i = 0; i < field.children.size(); ++i) {
    const LanceField& child = field.children[i];
    const Field* known = type.id == TypeId::kStruct ? FindField(type.children, child.name) : i < type.children.size() ? &type.children[i] : nullptr;
    if (!known) throw Invalid("updating column '{}': the items of its lists lack '{}' in the source, and lists are replaced as a whole", path, child.name);
    RequireWholeItems(child, *known->type, path);
  }
}

std::vector<LanceField> LackingFields(const std::vector<LanceField>& table, const std::vector<Field>& source) {
  std::vector<LanceField> missing;
  for (const LanceField& field : table) {
    const Field* known = FindField(source, field.name);
    if (known && (known->type->id != TypeId::kStruct || field.logical_type != "struct" || BlobFormOf(field) != BlobForm::kNone)) {
      if (!known->type->children.empty()) RequireWholeItems(field, *known->type, field.name);
      continue;
    }
    LanceField lacking = field;
    if (known) lacking.children = LackingFields(field.children, known->type->children);
    if (!known || !lacking.children.empty()) missing.push_back(std::move(lacking));
  }
  return missing;
}

void AddPaths(const std::vector<LanceField>& missing, const std::vector<Field>& source, const std::string& prefix, std::vector<std::string>* paths) {
  for (const LanceField& field : missing) {
    const Field* known = FindField(source, field.name);
    if (known) AddPaths(field.children, known->type->children, prefix + QuoteSegment(field.name) + ".", paths);
    else paths->push_back(prefix + QuoteSegment(field.name));
  }
}

std::vector<Field> JoinFieldLists(const std::vector<Field>& source, const std::vector<Field>& missing) {
  std::vector<Field> joined = source;
  for (Field& field : joined) {
    if (const Field* more = FindField(missing, field.name)) field.type = StructType(JoinFieldLists(field.type->children, more->type->children));
  }
  for (const Field& field : missing) {
    if (!FindField(source, field.name)) joined.push_back(field);
  }
  return joined;
}

ArrayPtr WithoutOffset(const ArrayPtr& array) {
  if (array->offset == 0) return array;
  std::vector<int64_t> rows(static_cast<size_t>(array->length));
  std::iota(rows.begin(), rows.end(), 0);
  return TakeArray(array, rows);
}

ArrayPtr JoinStructs(const ArrayPtr& source, const ArrayPtr& missing) {
  const ArrayPtr left = WithoutOffset(source), right = WithoutOffset(missing);
  auto joined = std::make_shared<Array>(*left);
  joined->children = JoinColumns({left->type->children, {}}, left->children, {right->type->children, {}}, right->children);
  joined->type = StructType(JoinFieldLists(left->type->children, right->type->children));
  return joined;
}

}  // namespace

LanceSchema MissingFields(const LanceSchema& table, const Schema& source) { return {.fields = LackingFields(table.fields, source.fields), .metadata = {}}; }

std::vector<std::string> PathsOf(const LanceSchema& missing, const Schema& source) {
  std::vector<std::string> paths;
  AddPaths(missing.fields, source.fields, "", &paths);
  return paths;
}

Schema JoinFields(const Schema& source, const Schema& missing) { return {.fields = JoinFieldLists(source.fields, missing.fields), .metadata = source.metadata}; }

std::vector<ArrayPtr> JoinColumns(const Schema& source, const std::vector<ArrayPtr>& columns, const Schema& missing,
                                  const std::vector<ArrayPtr>& missing_columns) {
  std::vector<ArrayPtr> joined = columns;
  for (size_t i = 0; i < missing.fields.size(); ++i) {
    const int at = source.FieldIndex(missing.fields[i].name);
    if (at < 0) joined.push_back(missing_columns[i]);
    else joined[static_cast<size_t>(at)] = JoinStructs(joined[static_cast<size_t>(at)], missing_columns[i]);
  }
  return joined;
}

}  // namespace eider::mutate
