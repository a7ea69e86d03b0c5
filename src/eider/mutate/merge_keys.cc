#include "eider/mutate/merge_keys.h"

#include <algorithm>
#include <cctype>

#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"
#include "eider/schema/json_columns.h"
#include "eider/schema/match.h"

namespace eider::mutate {
namespace {

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// By name, or by the one name that differs from it in case alone.
const LanceField* FindColumn(const LanceSchema& schema, const std::string& name, const char* operation) {
  auto found = std::ranges::find(schema.fields, name, &LanceField::name);
  const auto is_alike = [&](const LanceField& field) { return EqualIgnoringCase(field.name, name); };
  if (found == schema.fields.end() && std::ranges::count_if(schema.fields, is_alike) == 1) found = std::ranges::find_if(schema.fields, is_alike);
  if (found == schema.fields.end()) throw NotFound("{}: {}", operation, NoColumn(name, schema.Names()));
  if (HasBlobs(*found) || IsJson(*found)) throw Unsupported("{}: the key column '{}' holds {}", operation, name, HasBlobs(*found) ? "blobs" : "JSON");
  return &*found;
}

}  // namespace

KeyColumns PrimaryKey(const LanceSchema& schema) {
  KeyColumns fields;
  for (const LanceField& field : schema.fields) {
    if (field.unenforced_primary_key) fields.push_back(&field);
  }
  std::ranges::stable_sort(fields, {}, [](const LanceField* field) { return field->unenforced_primary_key_position; });
  return fields;
}

KeyColumns KeyFields(const LanceSchema& schema, const std::vector<std::string>& on, const char* operation) {
  KeyColumns fields;
  for (const std::string& name : on) {
    const LanceField* field = FindColumn(schema, name, operation);
    if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
  }
  if (on.empty()) fields = PrimaryKey(schema);
  if (fields.empty()) throw Invalid("{}: name the key columns: the table has no primary key", operation);
  return fields;
}

std::vector<std::string> KeyPaths(const KeyColumns& keys, const Schema& source) {
  std::vector<std::string> paths;
  for (const LanceField* key : keys) {
    const int at = source.FieldIndex(key->name);
    if (at < 0) throw Invalid("merge_insert: the source has no column '{}', which is a key", key->name);
    LanceSchema column{.fields = {*key}, .metadata = {}};
    MatchForAppend(column, {.fields = {source.fields[static_cast<size_t>(at)]}, .metadata = {}});
    paths.push_back(QuoteSegment(key->name));
  }
  return paths;
}

}  // namespace eider::mutate
