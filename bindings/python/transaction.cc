/// \file
/// Work in parts: what workers write and what one commits, as messages of the format in bytes.

#include "bind.h"
#include "capsules.h"
#include "encoding_options.h"
#include "rows.h"
#include "progress.h"
#include "session.h"
#include "without_gil.h"

#include <eider/transaction.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

nb::bytes AsBytes(const std::string& message) { return nb::bytes(message.data(), message.size()); }
std::string FromBytes(const nb::bytes& message) { return {message.c_str(), message.size()}; }

nb::object AsBytes(const std::optional<std::string>& message) {
  if (!message) return nb::none();
  return AsBytes(*message);
}

nb::list AsBytes(const std::vector<std::string>& messages) {
  nb::list out;
  for (const std::string& message : messages) out.append(AsBytes(message));
  return out;
}

nb::bytes WriteUncommitted(ReaderHandle& data, const std::string& uri, WriteMode mode, const std::string& data_storage_version,
                           uint64_t max_rows_per_file, uint64_t max_bytes_per_file, uint64_t max_page_bytes, ExternalBlobs external_blobs,
                           nb::object session, const std::vector<BasePath>& initial_bases, const std::vector<std::string>& target_bases,
                           std::optional<bool> target_all_bases, nb::object progress) {
  const WriteOptions options{.mode = mode,
                             .data_storage_version = data_storage_version,
                             .max_rows_per_file = max_rows_per_file,
                             .max_bytes_per_file = max_bytes_per_file,
                             .external_blobs = external_blobs,
                             .max_page_bytes = max_page_bytes,
                             .initial_bases = initial_bases,
                             .target_bases = {target_bases, target_all_bases},
                             .progress = PythonProgress::From(progress),
                             .session = SessionFrom(session)};
  std::shared_ptr<RecordBatchReader> reader = data.Take();
  return AsBytes(WithoutGil([&] {
    std::string transaction = eider::WriteUncommitted(*reader, uri, options);
    reader.reset();
    return transaction;
  }));
}

DatasetPtr Commit(const std::string& uri, const nb::bytes& transaction, uint32_t max_retries, bool detached, bool enable_v2_manifest_paths,
                  bool enable_stable_row_ids, Durability durability, nb::object session, bool unchanged, bool must_create, const Dataset* through) {
  const CommitOptions options{.max_retries = max_retries,
                              .detached = detached,
                              .enable_v2_manifest_paths = enable_v2_manifest_paths,
                              .enable_stable_row_ids = enable_stable_row_ids,
                              .must_create = must_create,
                              .unchanged = unchanged,
                              .durability = durability,
                              .session = SessionFrom(session)};
  const std::string message = FromBytes(transaction);
  return WithoutGil([&] { return CommitTransaction(uri, message, options, through); });
}

nb::tuple ToTuple(const FragmentColumns& changed) {
  return nb::make_tuple(AsBytes(changed.fragment), LanceSchema(changed.schema), changed.field_ids);
}

LanceSchema SchemaOf(const std::vector<nb::bytes>& fields, const std::map<std::string, nb::bytes>& metadata) {
  std::vector<std::string> messages;
  for (const nb::bytes& field : fields) messages.push_back(FromBytes(field));
  KeyValues values;
  for (const auto& [key, value] : metadata) values.emplace_back(key, FromBytes(value));
  return SchemaOfMessages(messages, values);
}

nb::dict MetadataOf(const LanceSchema& schema) {
  nb::dict out;
  for (const auto& [key, value] : schema.metadata) out[nb::str(key.data(), key.size())] = AsBytes(value);
  return out;
}

}  // namespace

void BindTransactions(nb::module_& m) {
  m.def("write_uncommitted", &WriteUncommitted, "data"_a, "uri"_a, "mode"_a, "data_storage_version"_a, "max_rows_per_file"_a,
        "max_bytes_per_file"_a, "max_page_bytes"_a = uint64_t{32} << 20, "external_blobs"_a = ExternalBlobs::kRefuse, "session"_a.none() = nb::none(),
        "initial_bases"_a = std::vector<BasePath>{}, "target_bases"_a = std::vector<std::string>{}, "target_all_bases"_a.none() = nb::none(),
        "progress"_a.none() = nb::none());
  m.def("commit_transaction", &Commit, "uri"_a, "transaction"_a, "max_retries"_a = 20, "detached"_a = false, "enable_v2_manifest_paths"_a = true,
        "enable_stable_row_ids"_a = false, "durability"_a = Durability::kDefault, "session"_a.none() = nb::none(), "unchanged"_a = false,
        "must_create"_a = false, "through"_a.none() = nb::none());
  m.def("field_messages", [](const LanceSchema& schema) { return AsBytes(FieldMessages(schema)); }, "schema"_a);
  m.def("schema_of_messages", &SchemaOf, "fields"_a, "metadata"_a);
  m.def("metadata_of_schema", &MetadataOf, "schema"_a);
}

void DefineWork(nb::class_<Dataset>& dataset) {
  dataset
      .def("manifest_message", [](const Dataset& self) { return AsBytes(WithoutGil([&] { return self.ManifestMessage(); })); })
      .def("fragment_messages", [](const Dataset& self, std::optional<uint64_t> id) { return AsBytes(WithoutGil([&] { return self.FragmentMessages(id); })); },
           "fragment_id"_a.none() = nb::none())
      .def("read_transaction", [](const Dataset& self, uint64_t version) { return AsBytes(WithoutGil([&] { return self.ReadTransaction(version); })); },
           "version"_a)
      .def("delete_from_fragment",
           [](const Dataset& self, uint64_t id, const SqlExpression& filter) {
             return AsBytes(WithoutGil([&] { return self.DeleteFromFragment(id, filter); }));
           }, "fragment_id"_a, "filter"_a)
      .def("delete_rows_from_fragment",
           [](const Dataset& self, uint64_t id, const std::vector<uint64_t>& offsets) {
             return AsBytes(WithoutGil([&] { return self.DeleteFromFragment(id, offsets); }));
           }, "fragment_id"_a, "offsets"_a)
      .def("compute_fragment_columns",
           [](const Dataset& self, uint64_t id, const std::vector<std::pair<std::string, SqlExpression>>& expressions) {
             std::vector<ComputedColumn> columns;
             for (const auto& [name, expression] : expressions) columns.push_back({name, expression});
             return ToTuple(WithoutGil([&] { return self.AddFragmentColumns(id, columns); }));
           }, "fragment_id"_a, "columns"_a)
      .def("add_fragment_columns",
           [](const Dataset& self, uint64_t id, ReaderHandle& data, bool replace) {
             std::shared_ptr<RecordBatchReader> reader = data.Take();
             return ToTuple(WithoutGil([&] {
               FragmentColumns changed = self.AddFragmentColumns(id, *reader, replace);
               reader.reset();
               return changed;
             }));
           }, "fragment_id"_a, "data"_a, "replace"_a = false)
      .def("join_columns",
           [](Dataset& self, ReaderHandle& right, const std::string& left_on, const std::string& right_on) {
             std::shared_ptr<RecordBatchReader> reader = right.Take();
             return WithoutGil([&] {
               DatasetPtr joined = self.JoinColumns(*reader, left_on, right_on);
               reader.reset();
               return joined;
             });
           }, "right"_a, "left_on"_a, "right_on"_a)
      .def("join_to_fragment",
           [](const Dataset& self, uint64_t id, ReaderHandle& right, const std::string& left_on, const std::string& right_on) {
             std::shared_ptr<RecordBatchReader> reader = right.Take();
             return ToTuple(WithoutGil([&] {
               FragmentColumns changed = self.JoinToFragment(id, *reader, left_on, right_on);
               reader.reset();
               return changed;
             }));
           }, "fragment_id"_a, "right"_a, "left_on"_a, "right_on"_a)
      .def("update_fragment_columns",
           [](const Dataset& self, uint64_t id, ReaderHandle& right, const std::string& left_on, const std::string& right_on) {
             std::shared_ptr<RecordBatchReader> reader = right.Take();
             std::string offsets;
             const nb::tuple changed = ToTuple(WithoutGil([&] {
               FragmentColumns columns = self.UpdateFragmentColumns(id, *reader, left_on, right_on, &offsets);
               reader.reset();
               return columns;
             }));
             return nb::make_tuple(changed[0], changed[2], AsBytes(offsets));
           }, "fragment_id"_a, "right"_a, "left_on"_a, "right_on"_a);
}

}  // namespace eider::python
