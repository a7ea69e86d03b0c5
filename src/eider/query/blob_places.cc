#include "eider/query/blob_places.h"

#include <algorithm>
#include <limits>

#include "eider/array/string_values.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider::query {
namespace {

template <typename T>
T ValueAt(const Array& array, size_t child, int64_t row) {
  const Array& values = *array.children[child];
  return values.buffers[0].as<T>()[values.offset + array.offset + row];
}

std::string TextAt(const Array& array, size_t child, int64_t row) {
  const ByteSpan text = StringValues(*array.children[child]).At(array.offset + row);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

ArrayPtr BinaryArray(std::span<const Buffer> values) {
  BufferBuilder offsets((values.size() + 1) * 8), bytes;
  BitBuilder validity;
  validity.AppendFill(values.size(), true);
  int64_t nulls = 0;
  uint64_t total = 0;
  for (const Buffer& value : values) total = CheckedAdd(total, value.size(), "blobs of one batch");
  bytes.Reserve(total);
  offsets.AppendValue<int64_t>(0);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].present()) ClearBit(validity.data(), i), ++nulls;
    bytes.Append(values[i].span());
    offsets.AppendValue(static_cast<int64_t>(bytes.size()));
  }
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kLargeBinary);
  array->length = static_cast<int64_t>(values.size());
  array->null_count = nulls;
  if (nulls > 0) array->validity = validity.Finish();
  array->buffers = {offsets.Finish(), bytes.Finish()};
  return array;
}

constexpr uint8_t kNothing = 0;

void RequireInside(const BlobPlace& place) {
  const auto [position, size] = place.range;
  const uint64_t end = place.file->size();
  if (size > 0 && (position > end || size > end - position)) {
    throw Corrupt("blob: bytes [{}, +{}) of '{}', which has {}", position, size, place.file->path(), end);
  }
}

/// Checks bytes of the blob from `offset`.
void CheckRead(const BlobPlace& place, uint64_t offset, ByteSpan bytes, ScanStats* stats) {
  if (!place.column || !place.column->sums) return;
  InContext([&] { return fmt::format("column '{}', file '{}'", place.column->name, place.file->path()); }, [&] {
    place.column->sums->Check({place.side_car, place.range, offset, bytes, place.file->Mapped().present()}, stats);
  });
}

/// The array with the blobs in it replaced by the bytes at their places.
template <typename Places>
ArrayPtr ReplaceDescriptors(const ArrayPtr& array, const LanceField& field, const Places& places, ScanStats* stats) {
  if (BlobFormOf(field) != BlobForm::kNone) return BinaryArray(ReadBlobs(places(*array, field.name), stats));
  if (!HasBlobs(field)) return array;
  auto out = std::make_shared<Array>(*array);
  auto type = std::make_shared<DataType>(*array->type);
  for (size_t i = 0; i < out->children.size(); ++i) {
    out->children[i] = ReplaceDescriptors(out->children[i], field.children.at(i), places, stats);
    type->children[i] = ToArrowField(eider::MaterializeBlobs(field.children[i]));
  }
  out->type = std::move(type);
  return out;
}

}  // namespace

io::ReadableFilePtr BlobFiles::Open(BlobKind kind, uint32_t blob_id, const std::string& uri) const {
  const auto key = std::pair(kind == BlobKind::kInline ? 0 : blob_id, uri);
  std::lock_guard lock(mutex_);
  io::ReadableFilePtr& file = open_[key];
  if (file) return file;
  if (kind == BlobKind::kExternal) {
    if (blob_id == 0) return file = io::OpenObject(uri);
    const table::FileLocation place = table::LocateFile(snapshot_, blob_id, "", uri);
    const std::string_view path = place.path;
    return file = place.store->Open(path.starts_with('/') ? path.substr(1) : path);
  }
  const table::FileLocation place = table::LocateDataFile(snapshot_, data_file_);
  return file = place.store->Open(kind == BlobKind::kInline ? place.path : SideCarPath(place.path, blob_id));
}

BlobPlace BlobFiles::Place(BlobKind kind, ByteRange range, uint32_t blob_id, const std::string& uri,
                           const std::shared_ptr<const BlobColumn>& column) const {
  const bool side_car = kind == BlobKind::kPacked || kind == BlobKind::kDedicated;
  if (kind > BlobKind::kExternal) throw Unsupported("blob of kind {}", static_cast<int>(kind));
  if (side_car && (blob_id == 0 || !uri.empty())) throw Corrupt("blob: kind {} with id {} and uri '{}'", static_cast<int>(kind), blob_id, uri);
  if (kind == BlobKind::kExternal && uri.empty()) throw Corrupt("blob: external, without a uri");
  const bool external = kind == BlobKind::kExternal;
  BlobPlace place{.file = Open(kind, blob_id, external ? uri : std::string()), .range = range};
  if (!external) place.side_car = side_car ? blob_id : 0, place.column = column;
  if (external && range == ByteRange{}) place.range.length = place.file->size();
  RequireInside(place);
  return place;
}

std::vector<BlobPlace> BlobFiles::Places(const Array& descriptors, const std::string& column) const {
  const size_t fields = descriptors.children.size();
  if (fields != 2 && fields != 5) throw Corrupt("blob: descriptors of {} fields", fields);
  const auto shared = std::make_shared<const BlobColumn>(BlobColumn{column, sums_});
  std::vector<BlobPlace> places(static_cast<size_t>(descriptors.length));
  for (int64_t i = 0; i < descriptors.length; ++i) {
    if (!descriptors.IsValid(i)) continue;
    BlobPlace& place = places[static_cast<size_t>(i)];
    if (fields == 2) {
      place = Place(BlobKind::kInline, {ValueAt<uint64_t>(descriptors, 0, i), ValueAt<uint64_t>(descriptors, 1, i)}, 0, "", shared);
    } else {
      place = Place(static_cast<BlobKind>(ValueAt<uint8_t>(descriptors, 0, i)),
                    {ValueAt<uint64_t>(descriptors, 1, i), ValueAt<uint64_t>(descriptors, 2, i)}, ValueAt<uint32_t>(descriptors, 3, i),
                    TextAt(descriptors, 4, i), shared);
    }
  }
  return places;
}

ArrayPtr BlobFiles::Materialize(const ArrayPtr& array, const LanceField& field, ScanStats* stats) const {
  const auto places = [this](const Array& descriptors, const std::string& column) { return Places(descriptors, column); };
  return ReplaceDescriptors(array, field, places, stats);
}

ArrayPtr MaterializeBlobs(const ArrayPtr& array, const LanceField& field, const io::ReadableFilePtr& file,
                          const std::shared_ptr<const file::BlobSums>& sums, ScanStats* stats) {
  const auto places = [&](const Array& descriptors, const std::string& name) {
    const auto column = std::make_shared<const BlobColumn>(BlobColumn{name, sums});
    std::vector<BlobPlace> out(static_cast<size_t>(descriptors.length));
    for (int64_t i = 0; i < descriptors.length; ++i) {
      if (!descriptors.IsValid(i)) continue;
      const ByteRange range{ValueAt<uint64_t>(descriptors, 0, i), ValueAt<uint64_t>(descriptors, 1, i)};
      out[static_cast<size_t>(i)] = {.file = file, .range = range, .column = column};
      RequireInside(out[static_cast<size_t>(i)]);
    }
    return out;
  };
  return ReplaceDescriptors(array, field, places, stats);
}

std::vector<Buffer> ReadBlobs(std::span<const BlobPlace> places, ScanStats* stats) {
  std::vector<Buffer> out(places.size());
  std::map<const io::ReadableFile*, std::vector<size_t>> by_file;
  for (size_t i = 0; i < places.size(); ++i) {
    if (!places[i].file) continue;
    out[i] = Buffer(&kNothing, 0, nullptr);
    if (places[i].range.length > 0) by_file[places[i].file.get()].push_back(i);
  }
  for (const auto& [file, rows] : by_file) {
    std::vector<ByteRange> ranges;
    for (const size_t i : rows) ranges.push_back(places[i].range);
    std::vector<ByteSpan> spans(ranges.size());
    auto batch = std::make_shared<io::RangeBatch>();
    file->CheckNotCut();
    batch->Read(*file, ranges, spans, stats);
    for (size_t k = 0; k < rows.size(); ++k) {
      CheckRead(places[rows[k]], 0, spans[k], stats);
      out[rows[k]] = Buffer(spans[k].data(), spans[k].size(), batch);
    }
  }
  return out;
}

Buffer ReadBlobPart(const BlobPlace& place, uint64_t offset, uint64_t length, ScanStats* stats) {
  if (length == 0) return Buffer(&kNothing, 0, nullptr);
  const ByteRange range{place.range.offset + offset, length};
  ByteSpan bytes;
  auto batch = std::make_shared<io::RangeBatch>();
  place.file->CheckNotCut();
  batch->Read(*place.file, {&range, 1}, {&bytes, 1}, stats);
  CheckRead(place, offset, bytes, stats);
  return Buffer(bytes.data(), bytes.size(), batch);
}

}  // namespace eider::query
