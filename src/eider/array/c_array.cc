#include <limits>

#include <eider/arrow_c.h>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"

namespace eider {
namespace {

alignas(64) constexpr uint8_t kZeros[64] = {};
// Lengths beyond this overflow byte counts of 32-byte values.
constexpr int64_t kMaxLength = std::numeric_limits<int64_t>::max() / 512;

Buffer EmptyBuffer() { return Buffer(kZeros, 0, nullptr); }

/// Builds arrays over the buffers of a foreign structure; all of them share `owner`, whose end calls the release callback.
class ArrayImporter {
 public:
  explicit ArrayImporter(std::shared_ptr<const ArrowArray> owner) : owner_(std::move(owner)) {}

  ArrayPtr Import(const ArrowArray& c, const TypePtr& type) const {
    CheckShape(c, *type);
    auto array = std::make_shared<Array>();
    array->type = type;
    array->length = c.length;
    array->offset = c.length ? c.offset : 0;  // an empty array may have buffers too short for its offset
    array->null_count = c.null_count;
    const Layout layout = LayoutOf(type->id);
    if (layout == Layout::kNull) {
      array->null_count = c.length;
      return array;
    }
    ImportValidity(c, *array);
    ImportChildren(c, ImportBuffers(c, layout, *array), *array);
    if (layout == Layout::kView) RequireViews(*array);
    if (layout == Layout::kDictionary) ImportDictionary(c, *array);
    return array;
  }

 private:
  static void CheckShape(const ArrowArray& c, const DataType& type) {
    const auto fail = [&](const char* what, int64_t value) {
      throw Invalid("arrow array of {}: {} {}", TypeToString(type), what, value);
    };
    if (c.length < 0 || c.length > kMaxLength) fail("length", c.length);
    if (c.offset < 0 || c.offset > kMaxLength) fail("offset", c.offset);
    if (c.null_count < -1 || c.null_count > c.length) fail("null count", c.null_count);
    const int64_t buffers = NumBuffers(type.id);
    const bool views = LayoutOf(type.id) == Layout::kView;
    // Some producers still give null arrays a validity buffer.
    if (type.id != TypeId::kNull && (views ? c.n_buffers < buffers : c.n_buffers != buffers)) fail("number of buffers", c.n_buffers);
    if (c.n_buffers > 0 && !c.buffers) fail("no buffer pointers, number of buffers", c.n_buffers);
    if (c.n_children != int64_t(type.children.size())) fail("number of children", c.n_children);
    if (c.n_children > 0 && !c.children) fail("no child pointers, number of children", c.n_children);
  }

  static int64_t NumBuffers(TypeId id) {
    switch (LayoutOf(id)) {
      case Layout::kNull: return 0;
      case Layout::kStruct: case Layout::kFixedSizeList: return 1;
      case Layout::kVariable32: case Layout::kVariable64: case Layout::kView: return 3;
      default: return 2;
    }
  }

  Buffer Wrap(const ArrowArray& c, int64_t index, uint64_t size, const DataType& type) const {
    const void* data = c.buffers[index];
    if (data) return Buffer(static_cast<const uint8_t*>(data), size, owner_);
    if (size == 0) return EmptyBuffer();
    throw Invalid("arrow array of {}: buffer {} is missing, {} bytes are needed", TypeToString(type), index, size);
  }

  void ImportValidity(const ArrowArray& c, Array& array) const {
    if (c.buffers[0] && c.null_count != 0 && c.length > 0) {
      array.validity = Wrap(c, 0, BytesForBits(uint64_t(c.offset + c.length)), *array.type);
      // The count decides whether a column is all null: it is not taken on trust.
      array.null_count = c.length - int64_t(CountBits(array.validity.data(), uint64_t(c.offset), uint64_t(c.length)));
    } else if (c.null_count > 0) {
      throw Invalid("arrow array of {}: {} nulls but no validity buffer", TypeToString(*array.type), c.null_count);
    } else {
      array.null_count = 0;
    }
  }

  template <typename Offset>
  uint64_t ImportOffsets(const ArrowArray& c, Array& array) const {
    const DataType& type = *array.type;
    if (c.length == 0) {
      // An empty array may come without offsets.
      array.buffers.push_back(Buffer(kZeros, sizeof(Offset), nullptr));
      return 0;
    }
    array.buffers.push_back(Wrap(c, 1, uint64_t(c.offset + c.length + 1) * sizeof(Offset), type));
    const uint8_t* offsets = array.buffers[0].data();
    const Offset first = LoadLe<Offset>(offsets + uint64_t(c.offset) * sizeof(Offset));
    const Offset last = LoadLe<Offset>(offsets + uint64_t(c.offset + c.length) * sizeof(Offset));
    if (first < 0 || last < first) throw Invalid("arrow array of {}: offsets from {} to {}", TypeToString(type), first, last);
    RequireAscending(reinterpret_cast<const Offset*>(offsets) + c.offset, c.length, type);
    return uint64_t(last);
  }

  /// A producer's offsets are followed without a further look: one pass over them is cheap next to the copy that comes.
  template <typename Offset>
  static void RequireAscending(const Offset* offsets, int64_t length, const DataType& type) {
    bool ascending = true;
    for (int64_t i = 0; i < length; ++i) ascending &= offsets[i] <= offsets[i + 1];
    if (ascending) return;
    int64_t at = 0;
    while (offsets[at] <= offsets[at + 1]) ++at;
    throw Invalid("arrow array of {}: offset {} of value {} is above the next, {}", TypeToString(type), offsets[at], at, offsets[at + 1]);
  }

  /// Returns how many values the offsets of a list want its child to have.
  uint64_t ImportBuffers(const ArrowArray& c, Layout layout, Array& array) const {
    const uint64_t end = uint64_t(c.offset + c.length);
    const DataType& type = *array.type;
    switch (layout) {
      case Layout::kBits: array.buffers.push_back(Wrap(c, 1, c.length ? BytesForBits(end) : 0, type)); break;
      case Layout::kFixed: case Layout::kDictionary: {
        const uint64_t width = ByteWidth(type);
        if (width > 0 && end > std::numeric_limits<uint64_t>::max() / width) throw Invalid("arrow array: {} values of {} bytes", end, width);
        array.buffers.push_back(Wrap(c, 1, c.length ? end * width : 0, type));
        break;
      }
      case Layout::kVariable32: {
        const uint64_t size = ImportOffsets<int32_t>(c, array);
        array.buffers.push_back(Wrap(c, 2, size, type));
        break;
      }
      case Layout::kVariable64: {
        const uint64_t size = ImportOffsets<int64_t>(c, array);
        array.buffers.push_back(Wrap(c, 2, size, type));
        break;
      }
      case Layout::kList32: return ImportOffsets<int32_t>(c, array);
      case Layout::kList64: return ImportOffsets<int64_t>(c, array);
      case Layout::kView: ImportViews(c, array); break;
      case Layout::kNull: case Layout::kStruct: case Layout::kFixedSizeList: break;
    }
    return 0;
  }

  /// buffers: validity, views, variadic data..., int64 sizes of the variadic buffers.
  void ImportViews(const ArrowArray& c, Array& array) const {
    const DataType& type = *array.type;
    array.buffers.push_back(Wrap(c, 1, c.length ? uint64_t(c.offset + c.length) * 16 : 0, type));
    const int64_t num_variadic = c.n_buffers - 3;
    if (num_variadic == 0) return;
    const auto* sizes = static_cast<const uint8_t*>(c.buffers[c.n_buffers - 1]);
    if (!sizes) throw Invalid("arrow array of {}: no sizes for {} data buffers", TypeToString(type), num_variadic);
    for (int64_t i = 0; i < num_variadic; ++i) {
      const int64_t size = LoadLe<int64_t>(sizes + 8 * i);
      if (size < 0) throw Invalid("arrow array of {}: data buffer {} has size {}", TypeToString(type), i, size);
      array.buffers.push_back(Wrap(c, 2 + i, uint64_t(size), type));
    }
  }

  /// What a null view says does not count.
  static void RequireViews(const Array& array) {
    constexpr int32_t kInlineBytes = 12;
    for (int64_t i = 0; i < array.length; ++i) {
      const uint8_t* view = array.buffers[0].data() + (array.offset + i) * 16;
      const int32_t size = LoadLe<int32_t>(view);
      if ((size >= 0 && size <= kInlineBytes) || !array.IsValid(i)) continue;
      const int32_t buffer = LoadLe<int32_t>(view + 8), start = LoadLe<int32_t>(view + 12);
      const bool known = size > 0 && buffer >= 0 && uint64_t(buffer) + 1 < array.buffers.size() && start >= 0;
      if (known && uint64_t(start) + uint64_t(size) <= array.buffers[size_t(buffer) + 1].size()) continue;
      throw Invalid("arrow array of {}: value {} is {} bytes at {} of data buffer {}, which does not hold them", TypeToString(*array.type), i,
                    size, start, buffer);
    }
  }

  void ImportChildren(const ArrowArray& c, uint64_t list_end, Array& array) const {
    const DataType& type = *array.type;
    for (int64_t i = 0; i < c.n_children; ++i) {
      if (!c.children[i]) throw Invalid("arrow array of {}: child {} is missing", TypeToString(type), i);
      array.children.push_back(Import(*c.children[i], type.children[size_t(i)].type));
      const uint64_t length = uint64_t(array.children.back()->length);
      uint64_t needed = list_end;
      const uint64_t end = array.length ? uint64_t(array.offset + array.length) : 0;
      if (type.id == TypeId::kStruct) needed = end;
      if (type.id == TypeId::kFixedSizeList && __builtin_mul_overflow(end, uint64_t(type.list_size), &needed)) needed = ~uint64_t{0};
      if (length < needed) {
        throw Invalid("arrow array of {}: child {} has {} values, {} are needed", TypeToString(type), i, length, needed);
      }
    }
  }

  void ImportDictionary(const ArrowArray& c, Array& array) const {
    if (!c.dictionary) throw Invalid("arrow array of {}: no dictionary", TypeToString(*array.type));
    array.dictionary = Import(*c.dictionary, array.type->value_type);
  }

  std::shared_ptr<const ArrowArray> owner_;
};

std::shared_ptr<const ArrowArray> MoveArray(ArrowArray* c) {
  ArrowArray moved = *c;
  c->release = nullptr;
  if (!moved.release) throw Invalid("arrow array: already released");
  const auto release = [](ArrowArray* array) {
    if (array->release) array->release(array);
    delete array;
  };
  ArrowArray* owned = nullptr;
  try {
    owned = new ArrowArray(moved);
  } catch (...) {
    moved.release(&moved);
    throw;
  }
  return std::shared_ptr<const ArrowArray>(owned, release);
}

}  // namespace

ArrayPtr ImportArray(ArrowArray* c, const TypePtr& type) {
  const std::shared_ptr<const ArrowArray> owner = MoveArray(c);
  return ArrayImporter(owner).Import(*owner, type);
}

RecordBatch ImportBatch(ArrowArray* c, const SchemaPtr& schema) {
  const ArrayPtr whole = ImportArray(c, StructType(schema->fields));
  if (CountNulls(*whole) > 0) throw Invalid("arrow batch: {} of its rows are null as a whole", CountNulls(*whole));
  RecordBatch batch{schema, whole->length, {}};
  for (const ArrayPtr& column : whole->children) {
    batch.columns.push_back(SliceArray(column, whole->offset, whole->length));
  }
  return batch;
}

namespace {

struct ExportedArray {
  ArrayPtr array;                   // keeps the buffers alive
  std::vector<const void*> buffers;
  std::vector<int64_t> variadic_sizes;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary{};

  ~ExportedArray() {
    for (ArrowArray& child : children) {
      if (child.release) child.release(&child);
    }
    if (dictionary.release) dictionary.release(&dictionary);
  }
};

void ReleaseArray(ArrowArray* c) {
  delete static_cast<ExportedArray*>(c->private_data);
  c->release = nullptr;
}

void ListBuffers(const Array& array, ExportedArray& owned) {
  const Layout layout = LayoutOf(array.type->id);
  if (layout == Layout::kNull) return;
  owned.buffers.push_back(array.validity.data());
  for (const Buffer& buffer : array.buffers) owned.buffers.push_back(buffer.present() ? buffer.data() : kZeros);
  if (layout == Layout::kView) {
    for (size_t i = 1; i < array.buffers.size(); ++i) owned.variadic_sizes.push_back(int64_t(array.buffers[i].size()));
    owned.buffers.push_back(owned.variadic_sizes.empty() ? static_cast<const void*>(kZeros) : owned.variadic_sizes.data());
  }
}

int64_t ExportedNullCount(const Array& array) {
  if (array.type->id == TypeId::kNull) return array.length;
  return array.validity.present() ? array.null_count : 0;
}

}  // namespace

void ExportArray(const ArrayPtr& array, ArrowArray* out) {
  auto owned = std::make_unique<ExportedArray>();
  owned->array = array;
  ListBuffers(*array, *owned);
  owned->children.resize(array->children.size());
  for (size_t i = 0; i < owned->children.size(); ++i) {
    ExportArray(array->children[i], &owned->children[i]);
    owned->child_pointers.push_back(&owned->children[i]);
  }
  if (array->dictionary) ExportArray(array->dictionary, &owned->dictionary);
  *out = ArrowArray{};
  out->length = array->length;
  out->null_count = ExportedNullCount(*array);
  out->offset = array->length ? array->offset : 0;  // consumers slice buffers, which an empty array may lack
  out->n_buffers = int64_t(owned->buffers.size());
  out->n_children = int64_t(owned->children.size());
  out->buffers = owned->buffers.data();
  out->children = owned->child_pointers.empty() ? nullptr : owned->child_pointers.data();
  out->dictionary = array->dictionary ? &owned->dictionary : nullptr;
  out->release = &ReleaseArray;
  out->private_data = owned.release();
}

void ExportBatch(const RecordBatch& batch, ArrowArray* out) {
  auto whole = std::make_shared<Array>();
  whole->type = StructType(batch.schema->fields);
  whole->length = batch.num_rows;
  whole->null_count = 0;
  whole->children = batch.columns;
  ExportArray(whole, out);
}

}  // namespace eider
