#include "capsules.h"

#include "without_gil.h"

#include <eider/error.h>
#include <nanobind/stl/string.h>

#include <string>

namespace nb = nanobind;

namespace eider::python {
namespace {

template <typename C>
void ReleaseCapsule(PyObject* capsule, const char* name) {
  C* c = static_cast<C*>(PyCapsule_GetPointer(capsule, name));
  if (c == nullptr) return;
  if (c->release != nullptr) c->release(c);
  delete c;
}
constexpr const char* kSchemaName = "arrow_schema";
constexpr const char* kArrayName = "arrow_array";
constexpr const char* kStreamName = "arrow_array_stream";

template <typename C>
nb::object MakeCapsule(std::unique_ptr<C> c, const char* name, PyCapsule_Destructor destructor) {
  PyObject* capsule = PyCapsule_New(c.get(), name, destructor);
  if (capsule == nullptr) {
    if (c->release != nullptr) c->release(c.get());
    throw nb::python_error();
  }
  c.release();
  return nb::steal(capsule);
}
nb::object MakeCapsule(std::unique_ptr<ArrowSchema> c) {
  return MakeCapsule(std::move(c), kSchemaName, [](PyObject* p) { ReleaseCapsule<ArrowSchema>(p, kSchemaName); });
}

std::string TypeName(nb::handle object) { return nb::cast<std::string>(nb::str(object.type().attr("__name__"))); }

nb::object CallProtocol(nb::handle object, const char* method) {
  if (!nb::hasattr(object, method)) {
    throw Error(ErrorKind::kInvalid, "expected an object with " + std::string(method) + ", got " + TypeName(object));
  }
  return object.attr(method)();
}

template <typename C>
C* CapsulePointer(nb::handle capsule, const char* name) {
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), name);
  if (pointer == nullptr) throw nb::python_error();
  return static_cast<C*>(pointer);
}

nb::tuple ArrayCapsules(nb::handle object) {
  const nb::object pair = CallProtocol(object, "__arrow_c_array__");
  if (!nb::isinstance<nb::tuple>(pair) || nb::len(pair) != 2) {
    throw Error(ErrorKind::kInvalid, "__arrow_c_array__ of " + TypeName(object) + " did not return two capsules");
  }
  return nb::borrow<nb::tuple>(pair);
}

class IteratorReader : public RecordBatchReader {
 public:
  IteratorReader(nb::object iterator, SchemaPtr schema) : iterator_(std::move(iterator)), schema_(std::move(schema)) {}
  ~IteratorReader() override {
    if (!Py_IsInitialized()) {
      iterator_.release();
      return;
    }
    nb::gil_scoped_acquire gil;
    iterator_.reset();
  }
  const SchemaPtr& schema() const override { return schema_; }
  std::optional<RecordBatch> Next() override {
    nb::gil_scoped_acquire gil;
    const nb::object item = nb::steal(PyIter_Next(iterator_.ptr()));
    if (!item.is_valid()) {
      if (PyErr_Occurred() != nullptr) throw nb::python_error();
      return std::nullopt;
    }
    RecordBatch batch = BatchFrom(item);
    CheckSameSchema(*schema_, *batch.schema, "a batch of the iterator");
    batch.schema = schema_;
    return batch;
  }

 private:
  nb::object iterator_;
  SchemaPtr schema_;
};

}  // namespace

std::shared_ptr<RecordBatchReader> ReaderHandle::Take() {
  if (reader == nullptr) throw Error(ErrorKind::kInvalid, "this record batch reader was consumed already");
  return std::move(reader);
}

nb::object SchemaCapsule(const Schema& schema) {
  auto c = std::make_unique<ArrowSchema>();
  ExportSchema(schema, c.get());
  return MakeCapsule(std::move(c));
}

nb::object FieldCapsule(const Field& field) {
  auto c = std::make_unique<ArrowSchema>();
  ExportField(field, c.get());
  return MakeCapsule(std::move(c));
}

nb::object StreamCapsule(std::shared_ptr<RecordBatchReader> reader) {
  auto c = std::make_unique<ArrowArrayStream>();
  ExportStream(std::move(reader), c.get());
  return MakeCapsule(std::move(c), kStreamName, [](PyObject* p) { ReleaseCapsule<ArrowArrayStream>(p, kStreamName); });
}

nb::tuple BatchCapsules(const RecordBatch& batch) {
  nb::object schema = SchemaCapsule(*batch.schema);
  auto c = std::make_unique<ArrowArray>();
  ExportBatch(batch, c.get());
  return nb::make_tuple(std::move(schema), MakeCapsule(std::move(c), kArrayName,
                                                       [](PyObject* p) { ReleaseCapsule<ArrowArray>(p, kArrayName); }));
}

SchemaPtr SchemaFrom(nb::handle object) {
  if (nb::isinstance<SchemaHandle>(object)) return nb::cast<const SchemaHandle&>(object).schema;
  const nb::object capsule = CallProtocol(object, "__arrow_c_schema__");
  return std::make_shared<Schema>(ImportSchema(CapsulePointer<ArrowSchema>(capsule, kSchemaName)));
}

RecordBatch BatchFrom(nb::handle object) {
  if (nb::isinstance<RecordBatch>(object)) return nb::cast<const RecordBatch&>(object);
  const nb::tuple pair = ArrayCapsules(object);
  const auto schema = std::make_shared<Schema>(ImportSchema(CapsulePointer<ArrowSchema>(pair[0], kSchemaName)));
  return ImportBatch(CapsulePointer<ArrowArray>(pair[1], kArrayName), schema);
}

ArrayPtr ArrayFrom(nb::handle object) {
  const nb::tuple pair = ArrayCapsules(object);
  const Field field = ImportField(CapsulePointer<ArrowSchema>(pair[0], kSchemaName));
  return ImportArray(CapsulePointer<ArrowArray>(pair[1], kArrayName), field.type);
}

std::unique_ptr<RecordBatchReader> StreamFrom(nb::handle object) {
  const nb::object capsule = CallProtocol(object, "__arrow_c_stream__");
  return ImportStream(CapsulePointer<ArrowArrayStream>(capsule, kStreamName));
}

std::unique_ptr<RecordBatchReader> IteratorStream(nb::object iterator, SchemaPtr schema) {
  return std::make_unique<IteratorReader>(std::move(iterator), std::move(schema));
}

void CheckSameSchema(const Schema& expected, const Schema& actual, const char* what) {
  const size_t n = expected.fields.size();
  if (actual.fields.size() != n) {
    throw Error(ErrorKind::kInvalid, std::string(what) + " has " + std::to_string(actual.fields.size()) +
                                         " columns, expected " + std::to_string(n));
  }
  for (size_t i = 0; i < n; ++i) {
    const Field& want = expected.fields[i];
    const Field& got = actual.fields[i];
    if (want.name == got.name && TypesEqual(*want.type, *got.type)) continue;
    throw Error(ErrorKind::kInvalid, std::string(what) + " has column '" + got.name + "' of type " +
                                         TypeToString(*got.type) + " where '" + want.name + "' of type " +
                                         TypeToString(*want.type) + " is expected");
  }
}

}  // namespace eider::python
