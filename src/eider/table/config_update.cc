#include "eider/table/config_update.h"

#include <algorithm>
#include <set>

#include "eider/base/error.h"
#include "eider/schema/logical_type.h"

namespace eider::table {
namespace {

using Txn = TransactionProto;
using UpdateMapProto = Txn::UpdateMap;
using FieldProto = ::lance::file::Field;

template <typename Map>
void ApplyMap(const UpdateMapProto& update, Map* map) {
  if (update.replace()) map->clear();
  for (const auto& entry : update.entries()) {
    if (entry.has_value()) (*map)[entry.key()] = entry.value();
    else map->erase(entry.key());
  }
}

/// What the metadata of a field says of it as a key.
std::pair<std::string, std::string> KeyOf(const FieldProto& field) {
  const auto value = [&](std::string_view key) {
    const auto found = field.metadata().find(std::string(key));
    return found == field.metadata().end() ? std::string() : found->second;
  };
  return {value(kPrimaryKeyKey), value(kPrimaryKeyPositionKey)};
}

uint32_t PositionOf(const FieldProto& field, const std::string& text) {
  if (text.empty()) return 0;
  if (text.size() > 9 || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    throw Invalid("field '{}': {} is '{}', not a number", field.name(), kPrimaryKeyPositionKey, text);
  }
  return static_cast<uint32_t>(std::stoul(text));
}

void ApplyToField(const UpdateMapProto& update, bool has_key, FieldProto* field) {
  const auto before = KeyOf(*field);
  ApplyMap(update, field->mutable_metadata());
  const auto after = KeyOf(*field);
  if (after == before) return;
  if (has_key) throw Invalid("metadata of field '{}': the primary key of a table cannot be changed once it is set", field->name());
  const bool is_key = after.first == "true" || !after.second.empty();
  if (is_key && field->nullable()) throw Invalid("metadata of field '{}': a primary key must not be nullable", field->name());
  field->set_unenforced_primary_key(is_key);
  field->set_unenforced_primary_key_position(PositionOf(*field, after.second));
}

std::set<std::string> KeysOf(const UpdateMapProto& update) {
  std::set<std::string> keys;
  for (const auto& entry : update.entries()) keys.insert(entry.key());
  return keys;
}

bool MapsClash(bool in_both, const UpdateMapProto& a, const UpdateMapProto& b) {
  if (!in_both) return false;
  if (a.replace() || b.replace()) return true;
  const std::set<std::string> keys = KeysOf(a);
  return std::any_of(b.entries().begin(), b.entries().end(), [&](const auto& entry) { return keys.contains(entry.key()); });
}

}  // namespace

void ApplyConfigUpdate(const UpdateConfigProto& update, ManifestProto* head) {
  if (update.has_config_updates()) ApplyMap(update.config_updates(), head->mutable_config());
  if (update.has_table_metadata_updates()) ApplyMap(update.table_metadata_updates(), head->mutable_table_metadata());
  if (update.has_schema_metadata_updates()) ApplyMap(update.schema_metadata_updates(), head->mutable_schema_metadata());
  const bool has_key = std::any_of(head->fields().begin(), head->fields().end(), [](const FieldProto& f) { return f.unenforced_primary_key(); });
  for (const auto& [id, map] : update.field_metadata_updates()) {
    const auto field = std::find_if(head->mutable_fields()->begin(), head->mutable_fields()->end(), [id = id](const FieldProto& f) { return f.id() == id; });
    if (field == head->mutable_fields()->end()) throw Invalid("metadata of field {}: the schema has no field of this id", id);
    ApplyToField(map, has_key, &*field);
  }
}

bool Clash(const UpdateConfigProto& a, const UpdateConfigProto& b) {
  if (a.has_schema_metadata_updates() && b.has_schema_metadata_updates()) return true;
  if (MapsClash(a.has_config_updates() && b.has_config_updates(), a.config_updates(), b.config_updates())) return true;
  if (MapsClash(a.has_table_metadata_updates() && b.has_table_metadata_updates(), a.table_metadata_updates(), b.table_metadata_updates())) {
    return true;
  }
  const auto& fields = a.field_metadata_updates();
  return std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return b.field_metadata_updates().contains(field.first); });
}

bool Clash(const UpdateConfigProto& update, const Txn::Overwrite& overwrite) {
  const auto& entries = update.config_updates().entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return overwrite.config_upsert_values().contains(entry.key()); });
}

bool TouchesSchema(const UpdateConfigProto& update) {
  return update.has_schema_metadata_updates() || update.field_metadata_updates_size() > 0;
}

}  // namespace eider::table
