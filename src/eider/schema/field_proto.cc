#include "eider/schema/field_proto.h"

#include <algorithm>
#include <unordered_map>

#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/base/parse_message.h"
#include "eider/schema/logical_type.h"

namespace eider {
namespace {

using FieldProto = ::lance::file::Field;

/// Sorted by key: the wire order of a map is arbitrary.
KeyValues MetadataFromProto(const MetadataProto& proto) {
  KeyValues metadata(proto.begin(), proto.end());
  std::sort(metadata.begin(), metadata.end());
  return metadata;
}

std::string UnknownPart(FieldProto proto) {
  proto.clear_name();
  proto.clear_id();
  proto.clear_parent_id();
  proto.clear_logical_type();
  proto.clear_nullable();
  proto.clear_encoding();
  proto.clear_extension_name();
  proto.clear_metadata();
  proto.clear_unenforced_primary_key();
  proto.clear_unenforced_primary_key_position();
  return proto.SerializeAsString();
}

LanceField FieldFromProto(const FieldProto& proto) {
  LanceField field;
  field.name = proto.name();
  field.id = proto.id();
  field.parent_id = proto.parent_id();
  field.logical_type = proto.logical_type();
  field.nullable = proto.nullable();
  field.legacy_encoding = proto.encoding();
  field.extension_name = proto.extension_name();
  field.unenforced_primary_key = proto.unenforced_primary_key();
  field.unenforced_primary_key_position = proto.unenforced_primary_key_position();
  field.metadata = MetadataFromProto(proto.metadata());
  field.unknown_fields = UnknownPart(proto);
  return field;
}

/// The children of `node` (an index into `protos`, or -1 for the roots), from per-parent lists of indexes.
std::vector<LanceField> BuildChildren(const FieldProtos& protos, const std::vector<std::vector<int>>& children, int node,
                                      int depth) {
  if (depth > kMaxSchemaDepth) throw Corrupt("schema: fields nested more than {} deep", kMaxSchemaDepth);
  std::vector<LanceField> out;
  for (const int child : children[static_cast<size_t>(node + 1)]) {
    out.push_back(FieldFromProto(protos.Get(child)));
    out.back().children = BuildChildren(protos, children, child, depth + 1);
  }
  return out;
}

bool IsDescribedBlob(const FieldProto& field) {
  const auto found = field.metadata().find(std::string(kBlobKey));
  return field.logical_type() == "struct" && found != field.metadata().end() && found->second == "true";
}

void FieldToProto(const LanceField& field, FieldProtos* out) {
  FieldProto* proto = out->Add();
  if (!field.unknown_fields.empty() && !ParseMessage(SpanOf(field.unknown_fields), proto)) {
    throw Corrupt("schema: field '{}': the kept unknown fields do not parse", field.name);
  }
  proto->set_name(field.name);
  proto->set_id(field.id);
  proto->set_parent_id(field.parent_id);
  proto->set_logical_type(field.logical_type);
  proto->set_nullable(field.nullable);
  proto->set_encoding(field.legacy_encoding);
  proto->set_extension_name(field.extension_name);
  proto->set_unenforced_primary_key(field.unenforced_primary_key);
  proto->set_unenforced_primary_key_position(field.unenforced_primary_key_position);
  for (const auto& [key, value] : field.metadata) (*proto->mutable_metadata())[key] = value;
  for (const LanceField& child : field.children) FieldToProto(child, out);
}

}  // namespace

LanceSchema SchemaFromProto(const FieldProtos& fields, const MetadataProto& metadata) {
  std::vector<std::vector<int>> children(static_cast<size_t>(fields.size()) + 1);
  std::unordered_map<int32_t, int> index_of_id;
  int blob = -1;  // in files, descriptors follow their blob as fields without ids
  for (int i = 0; i < fields.size(); ++i) {
    const FieldProto& field = fields.Get(i);
    int parent = -1;
    if (field.id() == -1 && blob >= 0) {
      children[static_cast<size_t>(blob + 1)].push_back(i);
      continue;
    }
    blob = IsDescribedBlob(field) ? i : -1;
    if (field.parent_id() != -1) {
      const auto found = index_of_id.find(field.parent_id());
      if (found == index_of_id.end()) {
        throw Corrupt("schema: field '{}' (id {}): its parent {} does not come before it", field.name(), field.id(),
                      field.parent_id());
      }
      parent = found->second;
    }
    children[static_cast<size_t>(parent + 1)].push_back(i);
    // Very old writers reused ids: a child belongs to the nearest field before it.
    index_of_id[field.id()] = i;
  }
  LanceSchema schema;
  schema.fields = BuildChildren(fields, children, -1, 0);
  schema.metadata = MetadataFromProto(metadata);
  return schema;
}

void SchemaToProto(const LanceSchema& schema, FieldProtos* fields, MetadataProto* metadata) {
  fields->Clear();
  for (const LanceField& field : schema.fields) FieldToProto(field, fields);
  metadata->clear();
  for (const auto& [key, value] : schema.metadata) (*metadata)[key] = value;
}

}  // namespace eider
