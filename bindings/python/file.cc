/// \file
/// Single Lance files: what python/eider/file.py calls.

#include "bind.h"
#include "capsules.h"
#include "encoding_options.h"
#include "rows.h"
#include "session.h"
#include "without_gil.h"

#include <eider/error.h>
#include <eider/file.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

using Names = std::optional<std::vector<std::string>>;

std::shared_ptr<FileReader> OpenFile(const std::string& path, nb::object session, bool verify) {
  const std::shared_ptr<Session> kept = SessionFrom(session);
  return WithoutGil([&] { return FileReader::Open(path, kept, verify); });
}

RecordBatch ReadRangeOfFile(const FileReader& self, uint64_t first, uint64_t count, const Names& columns,
                      nb::object stats) {
  const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
  return WithoutGil([&] { return self.ReadRange(first, count, columns, kept.get()); });
}

RecordBatch TakeFromFile(const FileReader& self, nb::object positions, const Names& columns, nb::object stats) {
  const std::vector<uint64_t> rows = RowsFrom(positions);
  const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
  return WithoutGil([&] { return self.Take(rows, columns, kept.get()); });
}

nb::bytes GlobalBuffer(const FileReader& self, uint32_t index) {
  const Buffer buffer = WithoutGil([&] { return self.ReadGlobalBuffer(index); });
  return nb::bytes(buffer.data(), buffer.size());
}

/// A writer whose calls come one at a time; Python threads that disagree get an error.
struct WriterHandle {
  std::unique_ptr<FileWriter> writer;
  std::string over = {};  ///< why there is none

  /// Runs one call. The writer comes back whatever happens: it knows itself whether it can go on.
  template <typename Body>
  auto With(Body&& body) {
    if (!over.empty()) throw Error(ErrorKind::kInvalid, over);
    if (writer == nullptr) throw Error(ErrorKind::kInvalid, "this file writer is in use by another thread");
    struct Lent {
      WriterHandle& handle;
      std::unique_ptr<FileWriter> writer;
      ~Lent() { handle.writer = std::move(writer); }
    } lent{*this, std::move(writer)};
    return WithoutGil([&] { return body(*lent.writer); });
  }
};

WriterHandle CreateFile(const std::string& path, nb::object schema, const std::string& version,
                        std::optional<uint64_t> buffered_bytes, std::optional<uint64_t> max_page_bytes,
                        bool checksums, bool compact, const ColumnOptions& column_options, nb::object session) {
  const SchemaPtr arrow = SchemaFrom(schema);
  FileWriteOptions options{.version = version, .encoding = EncodingFrom(compact, column_options), .checksums = checksums};
  if (buffered_bytes) options.buffered_bytes = *buffered_bytes;
  if (max_page_bytes) options.max_page_bytes = *max_page_bytes;
  const std::shared_ptr<Session> kept = SessionFrom(session);
  return WithoutGil([&] { return WriterHandle{FileWriter::Create(path, *arrow, options, kept)}; });
}

/// A batch that does not fit leaves the file as it was. A later one of the same call ends it: half of what was given must not be
/// published by a Close() to come.
void WriteAll(WriterHandle& self, ReaderHandle& data) {
  const std::shared_ptr<RecordBatchReader> reader = data.Take();
  uint64_t written = 0;
  try {
    self.With([&](FileWriter& writer) {
      while (const std::optional<RecordBatch> batch = reader->Next()) {
        writer.Write(*batch);
        ++written;
        CheckInterrupt();
      }
    });
  } catch (...) {
    if (written > 0) {
      self.over = "the file was given up: batch " + std::to_string(written) + " of a write failed after those before it were written";
      self.writer.reset();
    }
    throw;
  }
}

uint32_t AddGlobalBuffer(WriterHandle& self, nb::bytes data) {
  const ByteSpan bytes(static_cast<const uint8_t*>(data.data()), data.size());
  return self.With([&](FileWriter& writer) { return writer.AddGlobalBuffer(bytes); });
}

void AddSchemaMetadata(WriterHandle& self, const std::string& key, const std::string& value) {
  self.With([&](FileWriter& writer) { writer.AddSchemaMetadata(key, value); });
}

uint64_t Close(WriterHandle& self) {
  return self.With([](FileWriter& writer) { return writer.Close(); });
}

}  // namespace

void BindFile(nb::module_& m) {
  nb::class_<FileReader>(m, "FileReader")
      .def_static("open", &OpenFile, "path"_a, "session"_a.none() = nb::none(), "verify"_a = true)
      .def_prop_ro("num_rows", &FileReader::num_rows)
      .def_prop_ro("version", &FileReader::version)
      .def_prop_ro("lance_schema", [](const FileReader& self) { return LanceSchema(self.lance_schema()); })
      .def_prop_ro("schema", [](const FileReader& self) { return SchemaHandle{self.schema()}; })
      .def_prop_ro("num_global_buffers", &FileReader::num_global_buffers)
      .def("read_range", &ReadRangeOfFile, "first"_a, "count"_a, "columns"_a.none() = nb::none(),
           "stats"_a.none() = nb::none())
      .def("take", &TakeFromFile, "positions"_a.none(), "columns"_a.none() = nb::none(), "stats"_a.none() = nb::none())
      .def("read_global_buffer", &GlobalBuffer, "index"_a)
      .def(
          "describe",
          [](const FileReader& self, bool json) { return WithoutGil([&] { return DescribeFile(self.metadata(), json); }); },
          "json"_a = false);
  nb::class_<WriterHandle>(m, "FileWriter")
      .def_static("create", &CreateFile, "path"_a, "schema"_a, "version"_a = "2.2",
                  "buffered_bytes"_a.none() = nb::none(), "max_page_bytes"_a.none() = nb::none(),
                  "checksums"_a = true, "compact"_a = false, "column_options"_a = ColumnOptions{},
                  "session"_a.none() = nb::none())
      .def("write_all", &WriteAll, "data"_a)
      .def("add_global_buffer", &AddGlobalBuffer, "data"_a)
      .def("add_schema_metadata", &AddSchemaMetadata, "key"_a, "value"_a)
      .def("close", &Close);
}

}  // namespace eider::python
