#pragma once
/// \file
/// Arrow PyCapsules (https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html), both ways.

#include <eider/arrow_c.h>
#include <nanobind/nanobind.h>

#include <atomic>
#include <memory>
#include <utility>

namespace eider::python {

/// What Python sees of a schema, a field and a stream. Streams are handed out once.
struct SchemaHandle {
  SchemaPtr schema;
};
struct FieldHandle {
  Field field;
};
struct ReaderHandle {
  std::shared_ptr<RecordBatchReader> reader;
  SchemaPtr schema;
  bool busy = false;  ///< a thread is inside reader->Next()
  std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
  /// The reader, which this handle then no longer has. \throws Error(kInvalid) the second time
  std::shared_ptr<RecordBatchReader> Take();
};

nanobind::object SchemaCapsule(const Schema& schema);
nanobind::object FieldCapsule(const Field& field);
nanobind::object StreamCapsule(std::shared_ptr<RecordBatchReader> reader);
/// (schema capsule, array capsule)
nanobind::tuple BatchCapsules(const RecordBatch& batch);

/// From any object with __arrow_c_schema__. \throws Error(kInvalid) naming the object's type
SchemaPtr SchemaFrom(nanobind::handle object);
/// From any object with __arrow_c_array__ that yields a struct array.
RecordBatch BatchFrom(nanobind::handle object);
ArrayPtr ArrayFrom(nanobind::handle object);
/// From any object with __arrow_c_stream__ whose elements are struct arrays.
std::unique_ptr<RecordBatchReader> StreamFrom(nanobind::handle object);
/// From an iterator of objects with __arrow_c_array__. Exceptions of the iterator pass through unchanged.
std::unique_ptr<RecordBatchReader> IteratorStream(nanobind::object iterator, SchemaPtr schema);

/// \throws Error(kInvalid) unless names and types agree; `what` says whose schema it is
void CheckSameSchema(const Schema& expected, const Schema& actual, const char* what);

}  // namespace eider::python
