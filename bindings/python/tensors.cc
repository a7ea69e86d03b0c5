#include "tensors.h"

#include "dlpack.h"

#include <eider/error.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace nb = nanobind;

namespace eider::python {
namespace {

using nb::dlpack::dtype_code;

struct Element {
  dtype_code code;
  uint8_t bytes;
};

/// The tensor element of a fixed-width type, or bytes 0. Dates and times are their integers.
Element ElementOf(TypeId id) {
  switch (id) {
    case TypeId::kInt8: return {dtype_code::Int, 1};
    case TypeId::kInt16: return {dtype_code::Int, 2};
    case TypeId::kInt32: case TypeId::kDate32: case TypeId::kTime32: return {dtype_code::Int, 4};
    case TypeId::kInt64: case TypeId::kDate64: case TypeId::kTime64: case TypeId::kTimestamp: case TypeId::kDuration:
      return {dtype_code::Int, 8};
    case TypeId::kUInt8: return {dtype_code::UInt, 1};
    case TypeId::kUInt16: return {dtype_code::UInt, 2};
    case TypeId::kUInt32: return {dtype_code::UInt, 4};
    case TypeId::kUInt64: return {dtype_code::UInt, 8};
    case TypeId::kHalfFloat: return {dtype_code::Float, 2};
    case TypeId::kFloat: return {dtype_code::Float, 4};
    case TypeId::kDouble: return {dtype_code::Float, 8};
    case TypeId::kBool: return {dtype_code::Bool, 1};
    default: return {dtype_code::Int, 0};
  }
}

bool IsText(TypeId id) { return id == TypeId::kUtf8 || id == TypeId::kLargeUtf8 || id == TypeId::kUtf8View; }
bool IsBytes(TypeId id) { return id == TypeId::kBinary || id == TypeId::kLargeBinary || id == TypeId::kBinaryView; }

void CheckField(const Field& field, const std::string& path) {
  const TypeId id = field.type->id;
  if (ElementOf(id).bytes > 0 || IsText(id) || IsBytes(id) || id == TypeId::kFixedSizeBinary) return;
  if (id == TypeId::kList || id == TypeId::kLargeList || id == TypeId::kStruct || id == TypeId::kFixedSizeList) {
    for (const Field& child : field.type->children) {
      const TypeId item = child.type->id;
      if (id == TypeId::kFixedSizeList && ElementOf(item).bytes == 0 && item != TypeId::kFixedSizeList) {
        throw Error(ErrorKind::kUnsupported, "loader: column '" + path + "' of type " + TypeToString(*field.type) + " has no tensor form");
      }
      CheckField(child, path + "." + child.name);
    }
    return;
  }
  throw Error(ErrorKind::kUnsupported, "loader: column '" + path + "' of type " + TypeToString(*field.type) +
                                           " has no tensor form; leave it out with columns=");
}

/// Fresh memory for a tensor: the engine's builders are its own, so this is a plain vector.
struct OwnedBytes {
  explicit OwnedBytes(size_t size) : bytes(std::make_shared<std::vector<uint8_t>>(size)) {}
  std::shared_ptr<std::vector<uint8_t>> bytes;
  uint8_t* data() { return bytes->data(); }
};

class Converter {
 public:
  Converter(const TensorOptions& options, uint64_t* bytes_copied)
      : options_(options), bytes_copied_(bytes_copied), factory_(TensorFactory()) {}

  void Add(nb::dict& out, const Field& field, const ArrayPtr& array, const std::string& path) {
    const nb::str key(field.name.c_str(), field.name.size());
    const TypeId id = field.type->id;
    if (IsText(id) || IsBytes(id)) {
      out[key] = Strings(*array, IsText(id));
      return;
    }
    if (field.nullable && options_.nulls == NullPolicy::kMask) {
      const std::string mask = field.name + ".valid";
      out[nb::str(mask.c_str(), mask.size())] = Validity(*array);
    } else if (!IsFloating(*field.type) && CountNulls(*array) > 0) {
      throw Error(ErrorKind::kInvalid, "loader: column '" + path + "' has " + std::to_string(CountNulls(*array)) +
                                           " nulls in this batch; nulls=\"mask\" gives them as a tensor '" + field.name + ".valid'");
    }
    out[key] = Value(field, array, path);
  }

 private:
  static bool IsFloating(const DataType& type) {
    if (type.id == TypeId::kFixedSizeList) return IsFloating(*type.children[0].type);
    return ElementOf(type.id).code == dtype_code::Float;
  }

  nb::object Value(const Field& field, const ArrayPtr& array, const std::string& path) {
    switch (field.type->id) {
      case TypeId::kList: return List<int32_t>(field, *array, path);
      case TypeId::kLargeList: return List<int64_t>(field, *array, path);
      case TypeId::kStruct: return Struct(field, *array, path);
      default: return Dense(field, array, path);
    }
  }

  /// Fixed-size values: one tensor, [rows, dimensions...].
  nb::object Dense(const Field& field, const ArrayPtr& array, const std::string& path) {
    std::vector<size_t> shape{size_t(array->length)};
    ArrayPtr leaf = array;
    std::vector<ArrayPtr> layers{array};
    while (leaf->type->id == TypeId::kFixedSizeList) {
      const int64_t size = leaf->type->list_size;
      shape.push_back(size_t(size));
      leaf = SliceArray(leaf->children[0], leaf->offset * size, leaf->length * size);
      layers.push_back(leaf);
    }
    if (leaf->type->id == TypeId::kFixedSizeBinary) shape.push_back(size_t(leaf->type->byte_width));
    if (const auto known = options_.shapes.find(path); known != options_.shapes.end()) {
      shape.assign({size_t(array->length)});
      shape.insert(shape.end(), known->second.begin(), known->second.end());
    }
    Element element = ElementOf(leaf->type->id);
    if (leaf->type->id == TypeId::kFixedSizeBinary) element = {dtype_code::UInt, 1};
    bool any_null = false;
    for (const ArrayPtr& layer : layers) any_null |= CountNulls(*layer) > 0;
    if (any_null) RefuseElementNulls(layers, element, path);
    if (element.code == dtype_code::Bool) return FillNulls(layers, UnpackBits(*leaf), shape, element);
    const uint64_t row_bytes = leaf->type->id == TypeId::kFixedSizeBinary ? uint64_t(leaf->type->byte_width) : element.bytes;
    const uint8_t* data = leaf->buffers[0].data() + uint64_t(leaf->offset) * row_bytes;
    if (!any_null) return Tensor(data, shape, element, leaf->buffers[0].owner());
    OwnedBytes copy(uint64_t(leaf->length) * row_bytes);
    if (!copy.bytes->empty()) std::memcpy(copy.data(), data, copy.bytes->size());
    return FillNulls(layers, std::move(copy), shape, element);
  }

  void RefuseElementNulls(const std::vector<ArrayPtr>& layers, Element element, const std::string& path) const {
    if (element.code == dtype_code::Float) return;
    for (size_t i = 1; i < layers.size(); ++i) {
      if (!HasNullBelowValid(*layers[i - 1], *layers[i])) continue;
      throw Error(ErrorKind::kInvalid, "loader: column '" + path + "' has null elements inside its lists of fixed size");
    }
  }

  /// What lies below a null list does not count.
  static bool HasNullBelowValid(const Array& lists, const Array& items) {
    if (CountNulls(items) == 0) return false;
    const int64_t size = lists.type->list_size;
    for (int64_t i = 0; i < items.length; ++i) {
      if (!items.IsValid(i) && lists.IsValid(i / size)) return true;
    }
    return false;
  }

  /// A tensor of `copy`, with NaN (floats) or zero where a layer is null.
  nb::object FillNulls(const std::vector<ArrayPtr>& layers, OwnedBytes copy, const std::vector<size_t>& shape, Element element) {
    const uint64_t total = copy.bytes->size();
    *bytes_copied_ += total;
    for (const ArrayPtr& layer : layers) {
      if (CountNulls(*layer) == 0) continue;
      const uint64_t bytes = layer->length ? total / uint64_t(layer->length) : 0;
      for (int64_t i = 0; i < layer->length; ++i) {
        if (!layer->IsValid(i)) FillNull(copy.data() + uint64_t(i) * bytes, bytes, element);
      }
    }
    return Tensor(copy.data(), shape, element, copy.bytes);
  }

  static void FillNull(uint8_t* to, uint64_t bytes, Element element) {
    std::memset(to, 0, bytes);
    if (element.code != dtype_code::Float) return;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const float nan32 = std::numeric_limits<float>::quiet_NaN();
    const uint16_t nan16 = 0x7e00;
    const void* pattern = element.bytes == 8 ? static_cast<const void*>(&nan) : element.bytes == 4 ? static_cast<const void*>(&nan32) : &nan16;
    for (uint64_t at = 0; at < bytes; at += element.bytes) std::memcpy(to + at, pattern, element.bytes);
  }

  static OwnedBytes UnpackBits(const Array& array) {
    OwnedBytes copy{size_t(array.length)};
    const uint8_t* bits = array.buffers[0].data();
    for (int64_t i = 0; i < array.length; ++i) {
      const int64_t bit = array.offset + i;
      copy.data()[i] = (bits[bit >> 3] >> (bit & 7)) & 1;
    }
    return copy;
  }

  nb::object Validity(const Array& array) {
    OwnedBytes copy(size_t(array.length));
    *bytes_copied_ += uint64_t(array.length);
    for (int64_t i = 0; i < array.length; ++i) copy.data()[i] = array.IsValid(i);
    return Tensor(copy.data(), {size_t(array.length)}, {dtype_code::Bool, 1}, copy.bytes);
  }

  /// {"values": of all lists, "offsets": [rows + 1] from 0}. A null list is empty.
  template <typename Offset>
  nb::object List(const Field& field, const Array& array, const std::string& path) {
    const Offset* offsets = array.buffers[0].as<Offset>() + array.offset;
    const Offset first = offsets[0], last = offsets[array.length];
    nb::dict out;
    const Field values{"values", field.type->children[0].type, field.type->children[0].nullable, {}};
    Add(out, values, SliceArray(array.children[0], first, last - first), path + "." + field.type->children[0].name);
    const std::vector<size_t> shape{size_t(array.length) + 1};
    const Element element{dtype_code::Int, sizeof(Offset)};
    if (first == 0) {
      out["offsets"] = Tensor(reinterpret_cast<const uint8_t*>(offsets), shape, element, array.buffers[0].owner());
      return out;
    }
    OwnedBytes copy(shape[0] * sizeof(Offset));
    *bytes_copied_ += shape[0] * sizeof(Offset);
    auto* moved = reinterpret_cast<Offset*>(copy.data());
    for (int64_t i = 0; i <= array.length; ++i) moved[i] = offsets[i] - first;
    out["offsets"] = Tensor(copy.data(), shape, element, copy.bytes);
    return out;
  }

  nb::object Struct(const Field& field, const Array& array, const std::string& path) {
    nb::dict out;
    for (size_t i = 0; i < array.children.size(); ++i) {
      const Field& child = field.type->children[i];
      Add(out, child, SliceArray(array.children[i], array.offset, array.length), path + "." + child.name);
    }
    return out;
  }

  static std::string_view TextAt(const Array& array, int64_t i) {
    const int64_t at = array.offset + i;
    const auto view = [](const uint8_t* p, uint64_t size) { return std::string_view(reinterpret_cast<const char*>(p), size); };
    switch (array.type->id) {
      case TypeId::kUtf8: case TypeId::kBinary: {
        const int32_t* offsets = array.buffers[0].as<int32_t>() + at;
        return view(array.buffers[1].data() + offsets[0], uint64_t(offsets[1] - offsets[0]));
      }
      case TypeId::kLargeUtf8: case TypeId::kLargeBinary: {
        const int64_t* offsets = array.buffers[0].as<int64_t>() + at;
        return view(array.buffers[1].data() + offsets[0], uint64_t(offsets[1] - offsets[0]));
      }
      default: {
        const uint8_t* p = array.buffers[0].data() + 16 * at;
        int32_t size, buffer, offset;
        std::memcpy(&size, p, 4), std::memcpy(&buffer, p + 8, 4), std::memcpy(&offset, p + 12, 4);
        return size <= 12 ? view(p + 4, uint64_t(size)) : view(array.buffers.at(1 + size_t(buffer)).data() + offset, uint64_t(size));
      }
    }
  }

  nb::object Strings(const Array& array, bool is_text) {
    nb::list out;
    for (int64_t i = 0; i < array.length; ++i) {
      if (!array.IsValid(i)) {
        out.append(nb::none());
        continue;
      }
      const std::string_view text = TextAt(array, i);
      *bytes_copied_ += text.size();
      if (is_text) out.append(nb::str(text.data(), text.size()));
      else out.append(nb::bytes(text.data(), text.size()));
    }
    return out;
  }

  nb::object Tensor(const uint8_t* data, const std::vector<size_t>& shape, Element element, std::shared_ptr<const void> owner) const {
    return MakeTensor(factory_, data, shape, {uint8_t(element.code), uint8_t(element.bytes * 8), 1}, std::move(owner));
  }

  const TensorOptions& options_;
  uint64_t* bytes_copied_;
  const nb::object factory_;
};

}  // namespace

void CheckTensorTypes(const Schema& schema) {
  for (const Field& field : schema.fields) CheckField(field, field.name);
}

nb::dict ToTensors(const RecordBatch& batch, const TensorOptions& options, uint64_t* bytes_copied) {
  nb::dict out;
  Converter converter(options, bytes_copied);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    const Field& field = batch.schema->fields[i];
    converter.Add(out, field, batch.columns[i], field.name);
  }
  return out;
}

}  // namespace eider::python
