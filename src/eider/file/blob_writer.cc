#include "eider/file/blob_writer.h"

#include <eider/interrupt.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "eider/array/string_values.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/schema/blob_columns.h"

namespace eider::file {
namespace {

constexpr uint64_t kInlineBytes = 64 << 10;
constexpr uint64_t kSharedBytes = 4 << 20;
constexpr uint64_t kPackBytes = uint64_t{1} << 30;

uint64_t LimitOf(const LanceField& field, const std::string& path, std::string_view name, uint64_t least, uint64_t otherwise) {
  const std::string key = fmt::format("lance-encoding:blob-{}-size-threshold", name);
  const std::optional<std::string> text = FindValue(field.metadata, key);
  if (!text) return otherwise;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least) {
    throw Invalid("field '{}': metadata {} = '{}' is not a number of at least {}", path, key, *text, least);
  }
  return value;
}

/// The array's window of its validity, from bit 0.
Buffer OwnValidity(const Array& array) {
  if (!array.validity.present()) return {};
  BitBuilder bits;
  bits.Append(array.validity.data(), array.offset, array.length);
  return bits.Finish();
}

template <typename T>
ArrayPtr NumberArray(TypeId type, std::vector<T>& values) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(type);
  array->length = static_cast<int64_t>(values.size());
  array->null_count = 0;
  array->buffers = {CopyToBuffer({reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)})};
  return array;
}

/// An array of the field's type with descriptors in place of blobs.
std::shared_ptr<Array> Described(const LanceField& field, int64_t length, Buffer validity, std::vector<ArrayPtr> children) {
  auto array = std::make_shared<Array>();
  array->type = ToArrowField(DescribeBlobs(field)).type;
  array->length = length;
  if (!validity.present()) array->null_count = 0;
  array->validity = std::move(validity);
  array->children = std::move(children);
  return array;
}

const Array* ChildNamed(const Array& array, std::string_view name) {
  for (size_t i = 0; i < array.children.size(); ++i) {
    if (array.type->children[i].name == name) return array.children[i].get();
  }
  return nullptr;
}

/// A struct of data and uri, and perhaps a range of the uri's object.
bool IsBlobStruct(const DataType& type) {
  if (type.id != TypeId::kStruct || type.children.size() < 2) return false;
  size_t required = 0;
  for (const Field& child : type.children) {
    const TypeId id = child.type->id;
    const bool data = child.name == "data" && (id == TypeId::kLargeBinary || id == TypeId::kBinary || id == TypeId::kBinaryView);
    const bool uri = child.name == "uri" && (id == TypeId::kUtf8 || id == TypeId::kLargeUtf8 || id == TypeId::kUtf8View);
    const bool range = (child.name == "position" || child.name == "size") && id == TypeId::kUInt64;
    if (!data && !uri && !range) return false;
    required += !range;
  }
  return required == 2;
}

/// Whether the blobs can be found: other fields are checked with the pages.
bool Fits(const LanceField& field, const DataType& type) {
  switch (BlobFormOf(field)) {
    case BlobForm::kV1: return type.id == TypeId::kLargeBinary;
    case BlobForm::kV2: return IsBlobStruct(type);
    case BlobForm::kNone: break;
  }
  if (!HasBlobs(field)) return true;
  if (ToArrowField(field).type->id != type.id || field.children.size() != type.children.size()) return false;
  for (size_t i = 0; i < field.children.size(); ++i) {
    if (!Fits(field.children[i], *type.children[i].type)) return false;
  }
  return true;
}

std::optional<uint64_t> NumberAt(const Array* values, int64_t row) {
  if (values == nullptr || !values->IsValid(row)) return std::nullopt;
  return values->buffers[0].as<uint64_t>()[values->offset + row];
}

/// True for "scheme://...", as other engines demand it.
bool IsAbsoluteUri(std::string_view uri) {
  const size_t colon = uri.find("://");
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto is_scheme = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.'; };
  return std::all_of(uri.begin(), uri.begin() + colon, is_scheme);
}

}  // namespace

/// Columns of v2 descriptors.
class BlobWriter::Descriptors {
 public:
  void AddNull() { Add(BlobKind::kInline, {}, 0, ""), ClearBit(validity_.data(), validity_.size() - 1), has_nulls_ = true; }
  void Add(BlobKind kind, SideCarPlace place, uint64_t size, std::string_view uri) {
    kinds_.push_back(static_cast<uint8_t>(kind));
    positions_.push_back(place.position);
    sizes_.push_back(size);
    ids_.push_back(place.blob_id);
    uris_.Append(uri.data(), uri.size());
    if (uris_.size() > INT32_MAX) throw Invalid("blobs of one batch: URIs of more than {} bytes", INT32_MAX);
    uri_ends_.push_back(static_cast<int32_t>(uris_.size()));
    validity_.AppendBit(true);
  }
  ArrayPtr Finish(const LanceField& field) {
    auto uris = std::make_shared<Array>(*NumberArray(TypeId::kInt32, uri_ends_));
    uris->type = MakeType(TypeId::kUtf8);
    uris->length -= 1;
    uris->buffers.push_back(uris_.Finish());
    std::vector<ArrayPtr> children{NumberArray(TypeId::kUInt8, kinds_), NumberArray(TypeId::kUInt64, positions_),
                                   NumberArray(TypeId::kUInt64, sizes_), NumberArray(TypeId::kUInt32, ids_), std::move(uris)};
    const int64_t length = children[0]->length;
    return Described(field, length, has_nulls_ ? validity_.Finish() : Buffer(), std::move(children));
  }

 private:
  std::vector<uint8_t> kinds_;
  std::vector<uint64_t> positions_, sizes_;
  std::vector<uint32_t> ids_;
  std::vector<int32_t> uri_ends_{0};
  BufferBuilder uris_;
  BitBuilder validity_;
  bool has_nulls_ = false;
};

BlobWriter::BlobWriter(LanceField field, AppendBuffer append, SideCars* side_cars, BlobSumWriter* sums)
    : field_(std::move(field)), append_(std::move(append)), side_cars_(side_cars), sums_(sums) {
  Plan(field_, field_.name, false);
}

void BlobWriter::Plan(const LanceField& field, const std::string& path, bool in_list) {
  const BlobForm form = BlobFormOf(field);
  if (form == BlobForm::kV1 && in_list) throw Unsupported("field '{}': blobs of form v1 inside lists", path);
  if (form == BlobForm::kV2) {
    if (!side_cars_->available()) throw Unsupported("field '{}': blobs of form v2 outside a dataset", path);
    const uint64_t asked = LimitOf(field, path, "pack-file", 1, kPackBytes);
    const uint64_t pack_bytes = side_cars_->options().pack_file_bytes;
    limits_.emplace(field.id, Limits{.inline_bytes = LimitOf(field, path, "inline", 0, kInlineBytes),
                                     .shared_bytes = LimitOf(field, path, "dedicated", 1, kSharedBytes),
                                     .pack = SideCarPack(side_cars_, pack_bytes ? pack_bytes : asked)});
  }
  if (form != BlobForm::kNone) return;
  if (field.logical_type.starts_with("fixed_size_list") && HasBlobs(field)) throw Unsupported("field '{}': blobs inside fixed-size lists", path);
  for (const LanceField& child : field.children) Plan(child, path + "." + child.name, in_list || field.logical_type != "struct");
}

void BlobWriter::Check(const Array& array) const {
  if (Fits(field_, *array.type)) return;
  throw Invalid("column '{}': expected {}, found {}", field_.name, TypeToString(*ToArrowField(field_).type), TypeToString(*array.type));
}

ArrayPtr BlobWriter::Store(const ArrayPtr& array) { return StoreField(field_, array); }

void BlobWriter::Finish() {
  for (auto& [id, limits] : limits_) limits.pack.Finish();
}

ArrayPtr BlobWriter::StoreField(const LanceField& field, const ArrayPtr& array) {
  switch (BlobFormOf(field)) {
    case BlobForm::kV1: return StoreBytes(field, *array);
    case BlobForm::kV2: return StoreBlobs(field, *array);
    case BlobForm::kNone: break;
  }
  if (!HasBlobs(field)) return array;
  if (array->type->id == TypeId::kStruct) return StoreStruct(field, *array);
  return array->type->id == TypeId::kLargeList ? StoreLists<int64_t>(field, *array) : StoreLists<int32_t>(field, *array);
}

ArrayPtr BlobWriter::StoreStruct(const LanceField& field, const Array& array) {
  std::vector<ArrayPtr> children;
  // A blob below a null struct is null too: its bytes need not be kept.
  for (size_t i = 0; i < field.children.size(); ++i) children.push_back(StoreField(field.children[i], StructChild(array, i)));
  return Described(field, array.length, OwnValidity(array), std::move(children));
}

template <typename Offset>
ArrayPtr BlobWriter::StoreLists(const LanceField& field, const Array& array) {
  const Offset* offsets = array.length == 0 ? nullptr : array.buffers[0].as<Offset>() + array.offset;
  const Offset first = offsets ? offsets[0] : 0, last = offsets ? offsets[array.length] : 0;
  BufferBuilder own((array.length + 1) * sizeof(Offset));
  for (int64_t i = 0; i <= array.length; ++i) own.AppendValue<Offset>(offsets ? offsets[i] - first : 0);
  auto out = Described(field, array.length, OwnValidity(array), {});
  out->buffers = {own.Finish()};
  out->children = {StoreField(field.children[0], SliceArray(array.children[0], first, last - first))};
  return out;
}

ArrayPtr BlobWriter::StoreBytes(const LanceField& field, const Array& array) {
  std::vector<uint64_t> positions(array.length), sizes(array.length);
  const StringValues values(array);
  for (int64_t i = 0; i < array.length; ++i) {
    if (!array.IsValid(i)) continue;
    const ByteSpan value = values.At(i);
    if (value.empty()) continue;  // no bytes at 0: a position without bytes would be the level of a null
    CheckInterrupt();
    sizes[i] = value.size();
    positions[i] = append_(value);
    Sum({0, positions[i]}, value);
  }
  return Described(field, array.length, OwnValidity(array), {NumberArray(TypeId::kUInt64, positions), NumberArray(TypeId::kUInt64, sizes)});
}

ArrayPtr BlobWriter::StoreBlobs(const LanceField& field, const Array& array) {
  const Array& data = *ChildNamed(array, "data");
  const Array& uris = *ChildNamed(array, "uri");
  const Array *positions = ChildNamed(array, "position"), *sizes = ChildNamed(array, "size");
  Limits& limits = limits_.at(field.id);
  Descriptors out;
  for (int64_t i = 0; i < array.length; ++i) {
    CheckInterrupt();
    if (!array.IsValid(i)) {
      out.AddNull();
      continue;
    }
    const int64_t at = array.offset + i;
    const std::optional<uint64_t> position = NumberAt(positions, at), size = NumberAt(sizes, at);
    const auto refuse = [&](const char* why) { return Invalid("blob column '{}': the value at {} of its batch {}", field.name, i, why); };
    if (data.IsValid(at) == uris.IsValid(at)) throw refuse(data.IsValid(at) ? "has data and a uri" : "has neither data nor a uri");
    if (position.has_value() != size.has_value()) throw refuse("has one of position and size without the other");
    if (position && data.IsValid(at)) throw refuse("has position and size, but no uri");
    if (size == uint64_t{0}) throw refuse("is a range of no bytes");
    if (data.IsValid(at)) {
      StoreValue(StringValues(data).At(at), limits, out);
      continue;
    }
    const ByteSpan uri = StringValues(uris).At(at);
    StoreExternal({reinterpret_cast<const char*>(uri.data()), uri.size()}, position ? std::optional<ByteRange>({*position, *size}) : std::nullopt,
                  limits, out);
  }
  return out.Finish(field);
}

void BlobWriter::Sum(SideCarPlace place, ByteSpan value) {
  if (sums_ != nullptr && !value.empty()) sums_->Add(place.blob_id, place.position, value);
}

void BlobWriter::StoreValue(ByteSpan value, Limits& limits, Descriptors& out) {
  const bool alone = value.size() > limits.shared_bytes, shared = !alone && value.size() > limits.inline_bytes;
  const SideCarPlace place = alone ? side_cars_->Store(value) : shared ? limits.pack.Store(value) : SideCarPlace{0, append_(value)};
  Sum(place, value);
  out.Add(alone ? BlobKind::kDedicated : shared ? BlobKind::kPacked : BlobKind::kInline, place, value.size(), "");
}

void BlobWriter::StoreExternal(const std::string& uri, std::optional<ByteRange> range, Limits& limits, Descriptors& out) {
  if (!IsAbsoluteUri(uri)) throw Invalid("blob of uri '{}': it is not absolute (scheme://...)", uri);
  switch (side_cars_->options().external) {
    case ExternalBlobs::kRefuse:
      throw Invalid("blob of uri '{}': it lies outside the dataset; allow_external_blob_outside_bases keeps the uri", uri);
    case ExternalBlobs::kReference:
      return out.Add(BlobKind::kExternal, {0, range ? range->offset : 0}, range ? range->length : 0, uri);
    case ExternalBlobs::kIngest: break;
  }
  const io::ReadableFilePtr object = io::OpenObject(uri);
  const Buffer bytes = object->Read(range.value_or(ByteRange{0, object->size()}));
  object->CheckNotCut();
  StoreValue(bytes.span(), limits, out);
}

}  // namespace eider::file
