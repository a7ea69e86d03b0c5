#include "rows.h"

#include "capsules.h"

#include <eider/error.h>
#include <nanobind/stl/string.h>

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace nb = nanobind;

namespace eider::python {
namespace {

constexpr size_t kSignalCheckEvery = 1 << 16;  // an iterable may be endless: Ctrl-C ends it

[[noreturn]] void ThrowNegative(int64_t value) {
  throw Error(ErrorKind::kInvalid, "row position " + std::to_string(value) + " is negative");
}

template <typename T>
void AppendAll(const uint8_t* data, int64_t count, int64_t stride, std::vector<uint64_t>* out) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, data + i * stride, sizeof value);
    if constexpr (std::is_signed_v<T>) {
      if (value < 0) ThrowNegative(value);
    }
    out->push_back(static_cast<uint64_t>(value));
  }
}

/// `code` is a struct-module letter: i, u and the size say which.
bool AppendIntegers(bool is_signed, int64_t width, const uint8_t* data, int64_t count, int64_t stride,
                    std::vector<uint64_t>* out) {
  out->reserve(static_cast<size_t>(count));
  switch (width) {
    case 1:
      is_signed ? AppendAll<int8_t>(data, count, stride, out) : AppendAll<uint8_t>(data, count, stride, out);
      return true;
    case 2:
      is_signed ? AppendAll<int16_t>(data, count, stride, out) : AppendAll<uint16_t>(data, count, stride, out);
      return true;
    case 4:
      is_signed ? AppendAll<int32_t>(data, count, stride, out) : AppendAll<uint32_t>(data, count, stride, out);
      return true;
    case 8:
      is_signed ? AppendAll<int64_t>(data, count, stride, out) : AppendAll<uint64_t>(data, count, stride, out);
      return true;
    default:
      return false;
  }
}

struct BufferScope {
  Py_buffer view{};
  bool held = false;
  ~BufferScope() {
    if (held) PyBuffer_Release(&view);
  }
};

bool FromBuffer(nb::handle object, std::vector<uint64_t>* out) {
  if (PyObject_CheckBuffer(object.ptr()) == 0 || PyBytes_Check(object.ptr())) return false;
  BufferScope scope;
  if (PyObject_GetBuffer(object.ptr(), &scope.view, PyBUF_STRIDED_RO | PyBUF_FORMAT) != 0) throw nb::python_error();
  scope.held = true;
  const Py_buffer& view = scope.view;
  std::string_view format = view.format == nullptr ? "B" : view.format;
  if (!format.empty() && (format[0] == '<' || format[0] == '=' || format[0] == '@')) format.remove_prefix(1);
  const bool is_signed = format.size() == 1 && std::string_view("bhilqn").find(format[0]) != std::string_view::npos;
  const bool is_unsigned = format.size() == 1 && std::string_view("BHILQN").find(format[0]) != std::string_view::npos;
  // NumPy's scalars give buffers without a shape.
  if (view.ndim != 1 || view.shape == nullptr || view.strides == nullptr || !(is_signed || is_unsigned)) return false;
  return AppendIntegers(is_signed, view.itemsize, static_cast<const uint8_t*>(view.buf), view.shape[0], view.strides[0],
                        out);
}

void FromArrow(nb::handle object, std::vector<uint64_t>* out) {
  const ArrayPtr array = ArrayFrom(object);
  const TypeId id = array->type->id;
  const bool is_signed = id >= TypeId::kInt8 && id <= TypeId::kInt64;
  if (!is_signed && !(id >= TypeId::kUInt8 && id <= TypeId::kUInt64)) {
    if (array->length == 0) return;
    throw Error(ErrorKind::kInvalid, "row positions must be integers, got an array of " + TypeToString(*array->type));
  }
  if (CountNulls(*array) != 0) throw Error(ErrorKind::kInvalid, "row positions must not be null");
  if (array->length == 0) return;
  const auto width = static_cast<int64_t>(FixedBitWidth(*array->type) / 8);
  AppendIntegers(is_signed, width, array->buffers[0].data() + array->offset * width, array->length, width, out);
}

[[noreturn]] void ThrowType(const char* what, nb::handle object) {
  const std::string name = nb::cast<std::string>(nb::type_name(object.type()));
  throw nb::type_error((std::string("row positions must be ") + what + ", got " + name).c_str());
}

void AppendInteger(nb::handle item, std::vector<uint64_t>* out) {
  if (PyIndex_Check(item.ptr()) == 0) ThrowType("integers", item);
  const nb::object integer = nb::steal(PyNumber_Index(item.ptr()));
  if (!integer.is_valid()) throw nb::python_error();
  const unsigned long long value = PyLong_AsUnsignedLongLong(integer.ptr());
  if (value == static_cast<unsigned long long>(-1) && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw Error(ErrorKind::kInvalid, "row position " + nb::cast<std::string>(nb::str(integer)) + " is out of range");
  }
  out->push_back(value);
}

/// The common list of small ints. False, with `out` filled so far, at the first item that is something else: calling into Python
/// could change the list.
bool FromIntList(PyObject* list, std::vector<uint64_t>* out) {
  const Py_ssize_t count = PyList_GET_SIZE(list);
  out->reserve(static_cast<size_t>(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PyList_GET_ITEM(list, i);
    if (!PyLong_CheckExact(item)) return false;
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(item, &overflow);
    if (overflow != 0 || value < 0) return false;
    out->push_back(static_cast<uint64_t>(value));
  }
  return true;
}

}  // namespace

std::vector<uint64_t> RowsFrom(nb::handle object) {
  std::vector<uint64_t> out;
  if (PyList_CheckExact(object.ptr())) {
    if (FromIntList(object.ptr(), &out)) return out;
    out.clear();
  }
  if (!PyList_Check(object.ptr())) {
    if (FromBuffer(object, &out)) return out;
    if (nb::hasattr(object, "__arrow_c_array__")) {
      FromArrow(object, &out);
      return out;
    }
  }
  if (!nb::hasattr(object, "__iter__") && PySequence_Check(object.ptr()) == 0) ThrowType("a sequence of integers", object);
  for (const nb::handle item : object) {
    AppendInteger(item, &out);
    if (out.size() % kSignalCheckEvery == 0 && PyErr_CheckSignals() != 0) throw nb::python_error();
  }
  return out;
}

}  // namespace eider::python
