/// \file
/// The Arrow objects that Python gets: Schema, Field, RecordBatch, RecordBatchReader. They speak the PyCapsule protocol
/// and little else; pyarrow, polars or DuckDB take it from there.

#include "bind.h"
#include "capsules.h"
#include "without_gil.h"

#include <eider/error.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

std::vector<std::string> FieldNames(const Schema& schema) {
  std::vector<std::string> names;
  names.reserve(schema.fields.size());
  for (const Field& field : schema.fields) names.push_back(field.name);
  return names;
}

nb::dict MetadataDict(const KeyValues& metadata) {
  nb::dict out;
  for (const auto& [key, value] : metadata) {
    out[nb::bytes(key.data(), key.size())] = nb::bytes(value.data(), value.size());
  }
  return out;
}

void BindSchemas(nb::module_& m) {
  nb::class_<SchemaHandle>(m, "Schema")
      .def(
          "__init__", [](SchemaHandle* self, nb::object source) { new (self) SchemaHandle{SchemaFrom(source)}; },
          "source"_a)
      .def_prop_ro("names", [](const SchemaHandle& self) { return FieldNames(*self.schema); })
      .def_prop_ro("types",
                   [](const SchemaHandle& self) {
                     std::vector<std::string> types;
                     for (const Field& field : self.schema->fields) types.push_back(TypeToString(*field.type));
                     return types;
                   })
      .def_prop_ro("metadata", [](const SchemaHandle& self) { return MetadataDict(self.schema->metadata); })
      .def("__len__", [](const SchemaHandle& self) { return self.schema->fields.size(); })
      .def("__arrow_c_schema__", [](const SchemaHandle& self) { return SchemaCapsule(*self.schema); });
  nb::class_<FieldHandle>(m, "Field")
      .def_prop_ro("name", [](const FieldHandle& self) { return self.field.name; })
      .def("__arrow_c_schema__", [](const FieldHandle& self) { return FieldCapsule(self.field); });
}

/// import(address of an ArrowArray, schema): for consumers that know the schema already, since importing that is most of the work.
nb::object ImportWith(const RecordBatch& self, nb::callable import, nb::object schema) {
  ArrowArray c;
  ExportBatch(self, &c);
  struct Scope {
    ArrowArray& c;
    ~Scope() {
      if (c.release != nullptr) c.release(&c);
    }
  } const scope{c};
  return import(reinterpret_cast<uintptr_t>(&c), schema);
}

void BindBatch(nb::module_& m) {
  nb::class_<RecordBatch>(m, "RecordBatch")
      .def(
          "__init__", [](RecordBatch* self, nb::object source) { new (self) RecordBatch(BatchFrom(source)); },
          "source"_a)
      .def_prop_ro("schema", [](const RecordBatch& self) { return SchemaHandle{self.schema}; })
      .def_prop_ro("num_rows", [](const RecordBatch& self) { return self.num_rows; })
      .def_prop_ro("num_columns", [](const RecordBatch& self) { return self.columns.size(); })
      .def("__len__", [](const RecordBatch& self) { return self.num_rows; })
      .def(
          "slice",
          [](const RecordBatch& self, uint64_t offset, uint64_t length) {
            const auto rows = static_cast<uint64_t>(self.num_rows);
            const uint64_t first = std::min(offset, rows);
            const uint64_t count = std::min(length, rows - first);
            return SliceBatch(self, static_cast<int64_t>(first), static_cast<int64_t>(count));
          },
          "offset"_a, "length"_a)
      .def("import_with", &ImportWith, "import_"_a, "schema"_a)
      .def("__arrow_c_schema__", [](const RecordBatch& self) { return SchemaCapsule(*self.schema); })
      .def(
          "__arrow_c_array__", [](const RecordBatch& self, nb::object) { return BatchCapsules(self); },
          "requested_schema"_a = nb::none());
}

/// Drains the reader, so that errors and Ctrl-C surface here and not inside the consumer of the stream.
ReaderHandle ReadAll(ReaderHandle& self) {
  std::shared_ptr<RecordBatchReader> reader = self.Take();
  return WithoutGil([&] {
    std::vector<RecordBatch> batches;
    while (std::optional<RecordBatch> batch = reader->Next()) {
      batches.push_back(std::move(*batch));
      CheckInterrupt();
    }
    reader.reset();
    return ReaderHandle{MakeBatchReader(self.schema, std::move(batches)), self.schema};
  });
}

struct BusyScope {
  ReaderHandle& handle;
  ~BusyScope() { handle.busy = false; }
};

/// Set while this thread is inside a reader that another one may cancel.
thread_local const std::atomic<bool>* cancelled_here = nullptr;

void CheckCancelled() {
  if (cancelled_here != nullptr && cancelled_here->load(std::memory_order_relaxed)) throw Error(ErrorKind::kCancelled, "the scan was cancelled");
  CheckPythonSignals();
}

struct CancelScope {
  explicit CancelScope(const std::atomic<bool>& flag) { cancelled_here = &flag; }
  ~CancelScope() { cancelled_here = nullptr; }
  const InterruptScope interruptible{&CheckCancelled};
};

/// Ends the work of the reader: at once, or, where a thread is inside, as soon as that looks up.
void Cancel(ReaderHandle& self) {
  self.cancelled->store(true, std::memory_order_relaxed);
  std::shared_ptr<RecordBatchReader> reader = std::move(self.reader);
  WithoutGil([&] { reader.reset(); });
}

/// The reader leaves the handle while it works, so that a second thread gets an error and not a data race.
RecordBatch NextBatch(ReaderHandle& self) {
  if (self.busy) throw Error(ErrorKind::kInvalid, "a record batch reader is used by two threads at once");
  if (self.reader == nullptr) throw nb::stop_iteration();
  std::shared_ptr<RecordBatchReader> reader = std::move(self.reader);
  self.busy = true;
  const BusyScope scope{self};
  const std::shared_ptr<std::atomic<bool>> cancelled = self.cancelled;
  std::optional<RecordBatch> batch = WithoutGil([&] {
    const CancelScope cancellable(*cancelled);
    const std::shared_ptr<RecordBatchReader> used = std::move(reader);  // an error ends it here
    CheckInterrupt();
    std::optional<RecordBatch> next = used->Next();
    if (next && !*cancelled) reader = used;
    return next;
  });
  self.reader = std::move(reader);
  if (!batch) throw nb::stop_iteration();
  return std::move(*batch);
}

ReaderHandle FromStream(nb::object source, bool without_views) {
  std::shared_ptr<RecordBatchReader> reader = StreamFrom(source);
  if (without_views) reader = WithoutViews(std::move(reader));
  SchemaPtr schema = reader->schema();
  return ReaderHandle{std::move(reader), std::move(schema)};
}

ReaderHandle FromIterator(nb::object source, nb::object schema_source) {
  SchemaPtr schema = SchemaFrom(schema_source);
  PyObject* iterator = PyObject_GetIter(source.ptr());
  if (iterator == nullptr) throw nb::python_error();
  return ReaderHandle{IteratorStream(nb::steal(iterator), schema), schema};
}

void BindReader(nb::module_& m) {
  nb::class_<ReaderHandle>(m, "RecordBatchReader")
      .def_static("from_stream", &FromStream, "source"_a, "without_views"_a = false)
      .def_static("from_iterator", &FromIterator, "source"_a, "schema"_a)
      .def_prop_ro("schema", [](const ReaderHandle& self) { return SchemaHandle{self.schema}; })
      .def("read_all", &ReadAll)
      .def("__iter__", [](nb::object self) { return self; })
      .def("__next__", &NextBatch)
      .def("cancel", &Cancel)
      .def("__arrow_c_schema__", [](const ReaderHandle& self) { return SchemaCapsule(*self.schema); })
      .def(
          "__arrow_c_stream__", [](ReaderHandle& self, nb::object) { return StreamCapsule(self.Take()); },
          "requested_schema"_a = nb::none());
}

}  // namespace

void BindArrow(nb::module_& m) {
  BindSchemas(m);
  BindBatch(m);
  BindReader(m);
}

}  // namespace eider::python
