#include "eider/schema/blob_columns.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/schema/logical_type.h"

namespace eider {
namespace {

LanceField Child(std::string_view name, std::string_view type, bool nullable, int32_t encoding) {
  return {.name = std::string(name), .logical_type = std::string(type), .nullable = nullable, .legacy_encoding = encoding};
}

/// The field with `convert` applied to each blob in it.
template <typename Convert>
LanceField ConvertBlobs(const LanceField& field, const Convert& convert) {
  LanceField out = field;
  if (BlobFormOf(field) != BlobForm::kNone) {
    convert(out);
    return out;
  }
  for (LanceField& child : out.children) child = ConvertBlobs(child, convert);
  return out;
}

void Describe(LanceField& field) {
  const BlobForm form = BlobFormOf(field);
  field.logical_type = "struct";
  field.extension_name.clear();
  if (form == BlobForm::kV1) {
    field.children = {Child("position", "uint64", true, 1), Child("size", "uint64", true, 1)};
    return;
  }
  field.metadata = {{"lance-encoding:packed", "true"}, {std::string(kBlobKey), "true"}};
  field.children = {Child("kind", "uint8", false, 1), Child("position", "uint64", false, 1), Child("size", "uint64", false, 1),
                    Child("blob_id", "uint32", false, 1), Child("blob_uri", "string", false, 2)};
}

void Materialize(LanceField& field) {
  const BlobForm form = BlobFormOf(field);
  field.logical_type = "large_binary";
  field.children.clear();
  if (form == BlobForm::kV1) return;
  field.extension_name.clear();
  std::erase_if(field.metadata, [](const auto& entry) {
    return entry.first == kExtensionNameKey || entry.first == kExtensionMetadataKey || entry.first.starts_with("lance-encoding:");
  });
}

bool IsV1(const Field& field) { return field.type->id == TypeId::kLargeBinary && FindValue(field.metadata, kBlobKey) == "true"; }

}  // namespace

BlobForm BlobFormOf(const LanceField& field) {
  if (field.extension_name == kBlobV2Extension) return BlobForm::kV2;
  if (FindValue(field.metadata, kBlobKey) != "true") return BlobForm::kNone;
  if (field.logical_type == "struct") return field.children.size() == 2 ? BlobForm::kV1 : BlobForm::kV2;
  return field.logical_type == "large_binary" || field.logical_type == "blob" ? BlobForm::kV1 : BlobForm::kNone;
}

bool HasBlobs(const LanceField& field) {
  return BlobFormOf(field) != BlobForm::kNone || std::any_of(field.children.begin(), field.children.end(), HasBlobs);
}

bool HasBlobsOf(const LanceField& field, BlobForm form) {
  return BlobFormOf(field) == form || std::any_of(field.children.begin(), field.children.end(), [&](const auto& f) { return HasBlobsOf(f, form); });
}

LanceField DescribeBlobs(const LanceField& field) { return ConvertBlobs(field, Describe); }
LanceField StoreBlobFields(const LanceField& field) {
  return ConvertBlobs(field, [](LanceField& blob) {
    if (BlobFormOf(blob) == BlobForm::kV2) Describe(blob);
  });
}

void RequireBlobVersion(const LanceField& field, uint16_t minor) {
  const BlobForm form = BlobFormOf(field);
  if (form == BlobForm::kV2 && minor < 2) {
    throw Unsupported("column '{}': extension {} needs files of version 2.2 or later", field.name, kBlobV2Extension);
  }
  if (form != BlobForm::kNone) return;
  for (const LanceField& child : field.children) RequireBlobVersion(child, minor);
}

Field UpgradeBlobs(const Field& field) {
  Field out = field;
  if (IsV1(field)) {
    std::erase_if(out.metadata, [](const auto& entry) { return entry.first == kBlobKey; });
    out.metadata.emplace_back(kExtensionNameKey, kBlobV2Extension);
    out.type = std::make_shared<const DataType>(
        DataType{.id = TypeId::kStruct, .children = {{"data", MakeType(TypeId::kLargeBinary)}, {"uri", MakeType(TypeId::kUtf8)}}});
  } else if (FindValue(field.metadata, kExtensionNameKey) != kBlobV2Extension && !field.type->children.empty()) {
    auto type = std::make_shared<DataType>(*field.type);
    for (Field& child : type->children) child = UpgradeBlobs(child);
    out.type = std::move(type);
  }
  return out;
}

LanceField MaterializeBlobs(const LanceField& field) { return ConvertBlobs(field, Materialize); }

std::string SideCarPath(std::string_view data_file, uint32_t blob_id) {
  if (data_file.ends_with(".lance")) data_file.remove_suffix(6);
  std::string path(data_file);
  path += '/';
  for (int bit = 0; bit < 32; ++bit) path += (blob_id >> bit & 1) ? '1' : '0';
  return path + ".blob";
}

}  // namespace eider
