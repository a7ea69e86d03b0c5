#include <eider/schema.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "eider/base/error.h"
#include "eider/base/utf8.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/json_columns.h"
#include "eider/schema/logical_type.h"

namespace eider {
namespace {

bool IsPacked(const LanceField& field) {
  for (const std::string_view key : {"lance-encoding:packed", "packed"}) {
    if (FindValue(field.metadata, key) == "true") return true;
  }
  return false;
}

void CollectIds(const std::vector<LanceField>& fields, std::set<int32_t>* ids) {
  for (const LanceField& field : fields) {
    ids->insert(field.id);
    CollectIds(field.children, ids);
  }
}

int32_t MaxIdIn(const std::vector<LanceField>& fields) {
  int32_t max = -1;
  for (const LanceField& field : fields) max = std::max({max, field.id, MaxIdIn(field.children)});
  return max;
}

/// Protobuf writes other bytes into a string, but no reader takes them back.
void RequireUtf8(std::string_view text, std::string_view what) {
  if (!IsUtf8(text)) throw Invalid("{} '{}' is not UTF-8", what, text);
}

/// Values may be any bytes in the format, but the reference reads those that are no text as others, and would write them so.
void RequireText(const KeyValues& metadata, std::string_view column = "") {
  const auto of = [&] { return column.empty() ? std::string("of the schema") : fmt::format("of column '{}'", column); };
  for (const auto& [key, value] : metadata) {
    if (!IsUtf8(key)) throw Invalid("metadata {}: the key '{}' is not UTF-8", of(), key);
    if (!IsUtf8(value)) throw Invalid("metadata {}: the value of '{}' is not UTF-8; bytes can be kept as base64", of(), key);
  }
}

/// Hands out ids depth-first.
class FieldMaker {
 public:
  explicit FieldMaker(int32_t next_id) : next_id_(next_id) {}

  LanceField Make(const Field& arrow, int32_t parent_id, int depth = 0) {
    if (depth >= kMaxSchemaDepth) throw Unsupported("field '{}': nested more than {} deep", arrow.name, kMaxSchemaDepth);
    RequireUtf8(arrow.name, "column name");
    RequireText(arrow.metadata, arrow.name);
    LanceField field;
    field.name = arrow.name;
    field.id = next_id_++;
    field.parent_id = parent_id;
    field.nullable = arrow.nullable;
    field.metadata = arrow.metadata;
    field.extension_name = FindValue(arrow.metadata, kExtensionNameKey).value_or("");
    field.logical_type = InContext([&] { return fmt::format("column '{}'", arrow.name); },
                                   [&] { return LogicalTypeOf(*arrow.type); });
    if (field.extension_name == kArrowJsonExtension || field.extension_name == kJsonExtension) SetJson(&field);
    RequireUtf8(field.logical_type, "type");
    field.legacy_encoding = LegacyEncodingOf(*arrow.type);
    SetPrimaryKey(&field);
    if (HasChildFields(field.logical_type)) AddChildren(*arrow.type, &field, depth + 1);
    return field;
  }

 private:
  /// Whatever strings the text comes in, it is stored as JSONB.
  static void SetJson(LanceField* field) {
    const std::string& given = field->logical_type;
    const bool text = given == "string" || given == "large_string";
    if (!(field->extension_name == kArrowJsonExtension ? text : given == "large_binary")) {
      throw Invalid("column '{}': extension {} over {}", field->name, field->extension_name, given);
    }
    field->logical_type = "json";
    field->extension_name = kJsonExtension;
    std::erase_if(field->metadata, [](const auto& entry) { return entry.first == kExtensionNameKey || entry.first == kExtensionMetadataKey; });
    field->metadata.emplace_back(kExtensionNameKey, kJsonExtension);
    field->metadata.emplace_back(kExtensionMetadataKey, "");
  }

  static void SetPrimaryKey(LanceField* field) {
    const std::optional<std::string> position = FindValue(field->metadata, kPrimaryKeyPositionKey);
    field->unenforced_primary_key = FindValue(field->metadata, kPrimaryKeyKey) == "true" || position.has_value();
    if (position) {
      uint32_t value = 0;
      const auto [end, error] = std::from_chars(position->data(), position->data() + position->size(), value);
      if (error != std::errc() || end != position->data() + position->size()) {
        throw Invalid("column '{}': {} = '{}' is not a number", field->name, kPrimaryKeyPositionKey, *position);
      }
      field->unenforced_primary_key_position = value;
    }
    if (field->unenforced_primary_key && field->nullable) {
      throw Invalid("column '{}': a primary key column must not be nullable", field->name);
    }
  }

  void AddChildren(const DataType& type, LanceField* field, int depth) {
    std::unordered_set<std::string_view> names;
    for (const Field& child : type.children) {
      if (!names.insert(child.name).second) throw Invalid("field '{}': two children named '{}'", field->name, child.name);
      field->children.push_back(Make(child, field->id, depth));
    }
  }

  int32_t next_id_;
};

void RequireChildren(const LanceField& field, size_t count) {
  if (field.children.size() != count) {
    throw Corrupt("field '{}' (id {}, {}): {} children where there must be {}", field.name, field.id, field.logical_type,
                  field.children.size(), count);
  }
}

int32_t FixedSizeListSize(const LanceField& field) {
  const std::string_view text = std::string_view(field.logical_type).substr(field.logical_type.rfind(':') + 1);
  int32_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size <= 0) {
    throw Corrupt("field '{}': logical type '{}': dimension '{}'", field.name, field.logical_type, text);
  }
  return size;
}

TypePtr ToArrowType(const LanceField& field) {
  const std::string& logical = field.logical_type;
  if (!HasChildFields(logical)) {
    return InContext([&] { return fmt::format("field '{}' (id {})", field.name, field.id); },
                     [&] { return ParsePrimitiveType(logical); });
  }
  DataType type;
  if (logical == "struct") {
    type.id = TypeId::kStruct;
  } else if (logical.starts_with("fixed_size_list:")) {
    type.id = TypeId::kFixedSizeList;
    type.list_size = FixedSizeListSize(field);
    RequireChildren(field, 1);
  } else if (logical == "map") {
    type.id = TypeId::kMap;
    RequireChildren(field, 1);
    if (field.children[0].logical_type != "struct") {
      throw Corrupt("field '{}' (id {}): the entries of a map are '{}'", field.name, field.id, field.children[0].logical_type);
    }
    RequireChildren(field.children[0], 2);
  } else {
    type.id = logical.starts_with("large_") ? TypeId::kLargeList : TypeId::kList;
    RequireChildren(field, 1);
  }
  for (const LanceField& child : field.children) type.children.push_back(ToArrowField(child));
  return std::make_shared<const DataType>(std::move(type));
}

}  // namespace

bool LanceField::IsLeaf() const {
  if (!HasChildFields(logical_type)) return true;
  if (logical_type != "struct") return false;
  return children.empty() || IsPacked(*this) || BlobFormOf(*this) != BlobForm::kNone;
}


int32_t LanceSchema::MaxId() const { return MaxIdIn(fields); }

std::set<int32_t> LanceSchema::Ids() const {
  std::set<int32_t> ids;
  CollectIds(fields, &ids);
  return ids;
}

LanceSchema ToLanceSchema(const Schema& schema, int32_t first_id) {
  LanceSchema lance;
  RequireText(schema.metadata);
  lance.metadata = schema.metadata;
  FieldMaker maker(first_id);
  std::unordered_set<std::string_view> names;
  for (const Field& field : schema.fields) {
    if (!names.insert(field.name).second) throw Invalid("two columns named '{}'", field.name);
    if (field.name.empty() || field.name.find('.') != std::string::npos) {
      throw Invalid("column '{}': the name of a top-level column must not be empty and must not contain '.'", field.name);
    }
    lance.fields.push_back(maker.Make(field, -1));
  }
  return lance;
}

Field ToArrowField(const LanceField& field) {
  Field arrow{.name = field.name, .type = ToArrowType(field), .nullable = field.nullable, .metadata = field.metadata};
  if (!field.extension_name.empty() && !FindValue(field.metadata, kExtensionNameKey)) {
    arrow.metadata.emplace_back(kExtensionNameKey, field.extension_name);
  }
  return arrow;
}

Field ToShownField(const LanceField& field) {
  Field shown = ToArrowField(field);
  if (IsJson(field)) {
    shown.type = MakeType(TypeId::kUtf8);
    for (auto& [key, value] : shown.metadata) {
      if (key == kExtensionNameKey) value = kArrowJsonExtension;
    }
  } else if (HasJson(field)) {
    auto type = std::make_shared<DataType>(*shown.type);
    for (size_t i = 0; i < type->children.size(); ++i) type->children[i] = ToShownField(field.children[i]);
    shown.type = std::move(type);
  }
  return shown;
}

Schema ToShownSchema(const LanceSchema& schema) {
  Schema shown;
  shown.metadata = schema.metadata;
  for (const LanceField& field : schema.fields) shown.fields.push_back(ToShownField(field));
  return shown;
}

Schema ToArrowSchema(const LanceSchema& schema) {
  Schema arrow;
  arrow.metadata = schema.metadata;
  for (const LanceField& field : schema.fields) arrow.fields.push_back(ToArrowField(field));
  return arrow;
}

}  // namespace eider
