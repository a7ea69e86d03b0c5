/// \file
/// eider::Dataset. The typed, documented API is python/eider/dataset.py; this is what it calls.

#include "bind.h"
#include "capsules.h"
#include "encoding_options.h"
#include "progress.h"
#include "projection.h"
#include "refs.h"
#include "rows.h"
#include "session.h"
#include "without_gil.h"

#include <eider/conditions.h>
#include <eider/dataset.h>
#include <eider/distinct.h>
#include <eider/substrait.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

using Names = std::optional<std::vector<std::string>>;
using Outputs = std::optional<std::vector<std::pair<std::string, std::vector<std::string>>>>;
using Properties = std::map<std::string, std::string>;

/// The engine fills *stats while the reader lives, whoever else lets go of it.
class KeepingReader : public RecordBatchReader {
 public:
  KeepingReader(std::unique_ptr<RecordBatchReader> reader, std::shared_ptr<ScanStats> stats)
      : stats_(std::move(stats)), reader_(std::move(reader)) {}
  const SchemaPtr& schema() const override { return reader_->schema(); }
  std::optional<RecordBatch> Next() override { return reader_->Next(); }

 private:
  std::shared_ptr<ScanStats> stats_;
  std::unique_ptr<RecordBatchReader> reader_;
};

std::vector<OutputColumn> ToOutputs(Outputs outputs) {
  std::vector<OutputColumn> out;
  for (auto& [name, path] : *outputs) out.push_back({std::move(name), std::move(path)});
  return out;
}

/// `reference`: None, a number, a tag, or (branch, number).
DatasetPtr OpenDataset(const std::string& uri, nb::object reference, nb::object session) {
  OpenOptions options{.session = SessionFrom(session)};
  const Reference named = ReferenceFrom(reference);
  if (const auto* version = std::get_if<uint64_t>(&named)) options.version = *version;
  else options.reference = named;
  return WithoutGil([&] { return Dataset::Open(uri, options); });
}

DatasetPtr WriteDataset(ReaderHandle& data, const std::string& uri, WriteMode mode,
                        const std::string& data_storage_version, uint64_t max_rows_per_file,
                        uint64_t max_bytes_per_file, bool checksums, bool enable_v2_manifest_paths, bool enable_stable_row_ids,
                        const Properties& transaction_properties, const Properties& table_metadata, const Properties& config,
                        bool compact, const ColumnOptions& column_options, uint64_t max_page_bytes,
                        ExternalBlobs external_blobs, uint64_t blob_pack_file_bytes, Durability durability, nb::object session,
                        std::optional<uint64_t> unchanged_since, std::optional<uint64_t> not_overwritten_since,
                        const std::vector<BasePath>& initial_bases, const std::vector<std::string>& target_bases,
                        std::optional<bool> target_all_bases, nb::object progress, const Dataset* through) {
  const WriteOptions options{.mode = mode,
                             .data_storage_version = data_storage_version,
                             .max_rows_per_file = max_rows_per_file,
                             .max_bytes_per_file = max_bytes_per_file,
                             .checksums = checksums,
                             .enable_v2_manifest_paths = enable_v2_manifest_paths,
                             .enable_stable_row_ids = enable_stable_row_ids,
                             .transaction_properties = transaction_properties,
                             .table_metadata = table_metadata,
                             .config = config,
                             .external_blobs = external_blobs,
                             .blob_pack_file_bytes = blob_pack_file_bytes,
                             .encoding = EncodingFrom(compact, column_options),
                             .max_page_bytes = max_page_bytes,
                             .initial_bases = initial_bases,
                             .target_bases = {target_bases, target_all_bases},
                             .progress = PythonProgress::From(progress),
                             .unchanged_since = unchanged_since,
                             .not_overwritten_since = not_overwritten_since,
                             .durability = durability,
                             .session = SessionFrom(session)};
  std::shared_ptr<RecordBatchReader> reader = data.Take();
  return WithoutGil([&] {
    DatasetPtr written = Dataset::Write(*reader, uri, options, through);
    reader.reset();
    return written;
  });
}

/// Of few rows each, handing batches from thread to thread costs more than to look at them.
constexpr uint64_t kDistinctBatchRows = 32 << 10;

ReaderHandle Scan(const Dataset& self, ScanOptions options, Outputs outputs, nb::object stats, bool distinct) {
  const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
  options.stats = kept.get();
  if (distinct && !options.strict_batches) options.batch_rows = std::max(options.batch_rows, kDistinctBatchRows);
  return WithoutGil([&] {
    std::unique_ptr<RecordBatchReader> reader = self.Scan(options);
    if (kept != nullptr) reader = std::make_unique<KeepingReader>(std::move(reader), kept);
    if (outputs) {
      Projection projection(*reader->schema(), ToOutputs(std::move(outputs)));
      reader = ProjectReader(std::move(reader), std::move(projection));
    }
    if (distinct) reader = DistinctRows(std::move(reader), self.session());
    SchemaPtr schema = reader->schema();
    return ReaderHandle{std::move(reader), std::move(schema)};
  });
}

RecordBatch Finish(RecordBatch batch, Outputs outputs) {
  if (!outputs) return batch;
  return Projection(*batch.schema, ToOutputs(std::move(outputs))).Apply(batch);
}

/// Positions of rows that are there.
std::vector<uint64_t> Positions(const Dataset& self, std::vector<uint64_t> rows, RowNaming naming, bool skip_missing) {
  if (naming == RowNaming::kPosition) return rows;
  std::vector<uint64_t> positions = self.FindRows(rows, naming);
  const auto missing = std::ranges::find(positions, kNoRow);
  if (missing == positions.end()) return positions;
  if (!skip_missing) {
    const uint64_t row = rows[static_cast<size_t>(missing - positions.begin())];
    throw Error(ErrorKind::kNotFound, "take: row " + std::string(naming == RowNaming::kId ? "id " : "address ") + std::to_string(row) +
                                          " is not in version " + std::to_string(self.version()));
  }
  std::erase(positions, kNoRow);
  return positions;
}

RecordBatch Take(const Dataset& self, nb::object wanted, const Names& columns, Outputs outputs, bool with_row_id,
                 bool with_row_address, nb::object stats, const std::vector<std::pair<std::string, std::string>>& computed,
                 RowNaming naming, bool skip_missing) {
  std::vector<uint64_t> rows = RowsFrom(wanted);
  const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
  ScanOptions options;
  options.columns = columns;
  options.with_row_id = with_row_id;
  options.with_row_address = with_row_address;
  options.stats = kept.get();
  for (const auto& [name, text] : computed) options.computed.push_back({name, {.text = text}});
  return WithoutGil([&] {
    return Finish(self.Take(Positions(self, std::move(rows), naming, skip_missing), options), std::move(outputs));
  });
}

RecordBatch ReadRange(const Dataset& self, uint64_t first, uint64_t count, const Names& columns, Outputs outputs,
                      nb::object stats) {
  const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
  ScanOptions options;
  options.columns = columns;
  options.stats = kept.get();
  return WithoutGil([&] { return Finish(self.ReadRange(first, count, options), std::move(outputs)); });
}

DatasetPtr AddFromReader(Dataset& self, ReaderHandle& data, Durability durability) {
  std::shared_ptr<RecordBatchReader> reader = data.Take();
  return WithoutGil([&] {
    DatasetPtr added = self.AddColumns(*reader, durability);
    reader.reset();
    return added;
  });
}

/// `function` takes a native RecordBatch and returns an object with __arrow_c_array__; its exceptions reach the caller.
DatasetPtr AddFromFunction(Dataset& self, nb::object function, nb::object output_schema, const Names& read_columns,
                           uint64_t batch_rows, Durability durability) {
  const SchemaPtr schema = SchemaFrom(output_schema);
  const PyObject* raw = function.ptr();  // the caller holds a reference for the whole call
  const BatchFunction compute = [raw, &schema](const RecordBatch& batch) {
    nb::gil_scoped_acquire gil;
    const nb::object result = nb::handle(const_cast<PyObject*>(raw))(batch);
    RecordBatch out = BatchFrom(result);
    CheckSameSchema(*schema, *out.schema, "the function's batch");
    return out;
  };
  return WithoutGil([&] { return self.AddColumns(compute, *schema, read_columns, batch_rows, durability); });
}

DatasetPtr AddNulls(Dataset& self, nb::object schema, Durability durability) {
  const SchemaPtr columns = SchemaFrom(schema);
  return WithoutGil([&] { return self.AddColumns(*columns, durability); });
}

DatasetPtr AddComputed(Dataset& self, const std::vector<std::pair<std::string, SqlExpression>>& expressions, Durability durability) {
  std::vector<ComputedColumn> columns;
  for (const auto& [name, expression] : expressions) columns.push_back({name, expression});
  return WithoutGil([&] { return self.AddColumns(columns, durability); });
}

void BindEnums(nb::module_& m) {
  nb::enum_<ExternalBlobs>(m, "ExternalBlobs")
      .value("REFUSE", ExternalBlobs::kRefuse)
      .value("REFERENCE", ExternalBlobs::kReference)
      .value("INGEST", ExternalBlobs::kIngest);
  nb::enum_<WriteMode>(m, "WriteMode")
      .value("CREATE", WriteMode::kCreate)
      .value("APPEND", WriteMode::kAppend)
      .value("OVERWRITE", WriteMode::kOverwrite);
  nb::enum_<LateColumns>(m, "LateColumns")
      .value("BY_COST", LateColumns::kByCost)
      .value("ALL", LateColumns::kAll)
      .value("NONE", LateColumns::kNone)
      .value("NAMED", LateColumns::kNamed);
  nb::enum_<BlobHandling>(m, "BlobHandling")
      .value("DESCRIPTIONS", BlobHandling::kDescriptions)
      .value("BINARY", BlobHandling::kBinary);
  nb::enum_<Durability>(m, "Durability")
      .value("DEFAULT", Durability::kDefault)
      .value("FULL", Durability::kFull)
      .value("NONE", Durability::kNone);
}

void BindInfos(nb::module_& m) {
  nb::class_<VersionInfo>(m, "VersionInfo")
      .def_ro("version", &VersionInfo::version)
      .def_ro("timestamp_ns", &VersionInfo::timestamp_ns)
      .def_ro("metadata", &VersionInfo::metadata);
  nb::class_<DataFileInfo>(m, "DataFileInfo")
      .def_ro("path", &DataFileInfo::path)
      .def_ro("field_ids", &DataFileInfo::field_ids)
      .def_ro("column_indices", &DataFileInfo::column_indices)
      .def_ro("major", &DataFileInfo::major)
      .def_ro("minor", &DataFileInfo::minor)
      .def_ro("size_bytes", &DataFileInfo::size_bytes);
  nb::class_<FieldSize>(m, "FieldSize")
      .def_ro("field_id", &FieldSize::field_id)
      .def_ro("num_pages", &FieldSize::num_pages)
      .def_ro("num_items", &FieldSize::num_items)
      .def_ro("size_bytes", &FieldSize::size_bytes);
  nb::class_<FragmentInfo>(m, "FragmentInfo")
      .def_ro("id", &FragmentInfo::id)
      .def_ro("physical_rows", &FragmentInfo::physical_rows)
      .def_ro("deleted_rows", &FragmentInfo::deleted_rows)
      .def_ro("files", &FragmentInfo::files)
      .def_ro("deletion_file", &FragmentInfo::deletion_file);
}

/// Arrays of one length as a batch; nothing for those that are not there.
std::optional<RecordBatch> ToBatch(const std::vector<std::pair<std::string, ArrayPtr>>& columns) {
  auto schema = std::make_shared<Schema>();
  RecordBatch batch;
  for (const auto& [name, array] : columns) {
    if (!array) return std::nullopt;
    schema->fields.push_back({.name = name, .type = array->type});
    batch.num_rows = array->length;
    batch.columns.push_back(array);
  }
  batch.schema = std::move(schema);
  return batch;
}

void BindProfile(nb::module_& m) {
  nb::class_<ColumnProfile>(m, "ColumnProfile")
      .def_ro("path", &ColumnProfile::path)
      .def_prop_ro("type", [](const ColumnProfile& self) { return TypeToString(*self.type); })
      .def_ro("field_id", &ColumnProfile::field_id)
      .def_ro("num_values", &ColumnProfile::num_values)
      .def_ro("num_nulls", &ColumnProfile::num_nulls)
      .def_ro("num_distinct", &ColumnProfile::num_distinct)
      .def_ro("is_estimate", &ColumnProfile::is_estimate)
      .def_ro("mean", &ColumnProfile::mean)
      .def_ro("top_counts", &ColumnProfile::top_counts)
      .def_prop_ro("extremes", [](const ColumnProfile& self) { return ToBatch({{"min", self.min}, {"max", self.max}}); })
      .def_prop_ro("top_values", [](const ColumnProfile& self) { return ToBatch({{"value", self.top_values}}); })
      .def_prop_ro("lengths", [](const ColumnProfile& self) -> std::optional<std::tuple<uint64_t, uint64_t, double>> {
        if (!self.lengths) return std::nullopt;
        return std::tuple(self.lengths->min, self.lengths->max, self.lengths->mean);
      });
}

/// `parameters`: a batch of one row, a column for each; or None.
SqlExpression ToExpression(std::string text, nb::object parameters, bool named) {
  SqlExpression expression{.text = std::move(text)};
  if (parameters.is_none()) return expression;
  const RecordBatch batch = BatchFrom(parameters);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    if (named) expression.named.emplace_back(batch.schema->fields[i].name, batch.columns[i]);
    else expression.positional.push_back(batch.columns[i]);
  }
  return expression;
}

void BindScanOptions(nb::module_& m) {
  nb::class_<SqlExpression>(m, "SqlExpression")
      .def("__init__", [](SqlExpression* self, std::string text, nb::object parameters, bool named) {
             new (self) SqlExpression(ToExpression(std::move(text), parameters, named));
           }, "text"_a, "parameters"_a.none() = nb::none(), "named"_a = false)
      .def_static("from_substrait", [](nb::bytes message) {
             return SqlOfSubstrait({static_cast<const uint8_t*>(message.data()), message.size()});
           }, "message"_a)
      .def("and_also", [](const SqlExpression& self, const SqlExpression& other) { return BothConditions(self, other); }, "other"_a)
      .def_ro("text", &SqlExpression::text);
  nb::class_<ScanOptions>(m, "ScanOptions")
      .def(nb::init<>())
      .def("copy", [](const ScanOptions& self) { return self; })
      .def("add_computed", [](ScanOptions& self, std::string name, const SqlExpression& expression) {
             self.computed.push_back({std::move(name), expression});
           }, "name"_a, "expression"_a)
      .def("add_sort_key", [](ScanOptions& self, std::string column, bool ascending, bool nulls_first) {
             self.order_by.push_back({std::move(column), ascending, nulls_first});
           }, "column"_a, "ascending"_a, "nulls_first"_a)
      .def_rw("columns", &ScanOptions::columns, nb::arg().none())
      .def_rw("filter", &ScanOptions::filter, nb::arg().none())
      .def_rw("limit", &ScanOptions::limit, nb::arg().none())
      .def_rw("offset", &ScanOptions::offset, nb::arg().none())
      .def_rw("fragment_ids", &ScanOptions::fragment_ids, nb::arg().none())
      .def_rw("batch_rows", &ScanOptions::batch_rows)
      .def_rw("batch_bytes", &ScanOptions::batch_bytes)
      .def_rw("strict_batches", &ScanOptions::strict_batches)
      .def_rw("in_order", &ScanOptions::in_order)
      .def_rw("include_deleted_rows", &ScanOptions::include_deleted_rows)
      .def_rw("late", &ScanOptions::late)
      .def_rw("late_columns", &ScanOptions::late_columns)
      .def_rw("blob_handling", &ScanOptions::blob_handling)
      .def_rw("with_row_id", &ScanOptions::with_row_id)
      .def_rw("with_row_address", &ScanOptions::with_row_address);
}

void DefineViews(nb::class_<Dataset>& dataset) {
  dataset.def_prop_ro("uri", [](const Dataset& self) { return self.uri(); })
      .def_prop_ro("location", [](const Dataset& self) { return self.location(); })
      .def_prop_ro("version", &Dataset::version)
      .def("latest_version", [](const Dataset& self) { return WithoutGil([&] { return self.latest_version(); }); })
      .def("versions", [](const Dataset& self) { return WithoutGil([&] { return self.versions(); }); })
      .def(
          "checkout_version",
          [](const Dataset& self, uint64_t version) {
            return WithoutGil([&] { return self.CheckoutVersion(version); });
          },
          "version"_a)
      .def("serializable", &Dataset::Serializable)
      .def_prop_ro("is_serializable", &Dataset::is_serializable)
      .def("checkout_latest", [](const Dataset& self) { return WithoutGil([&] { return self.CheckoutLatest(); }); })
      .def_prop_ro("lance_schema", [](const Dataset& self) { return LanceSchema(self.lance_schema()); })
      .def_prop_ro("schema", [](const Dataset& self) { return SchemaHandle{self.schema()}; })
      .def_prop_ro("data_storage_version", &Dataset::data_storage_version)
      .def("config", [](const Dataset& self) { return WithoutGil([&] { return self.config(); }); })
      .def("table_metadata", [](const Dataset& self) { return WithoutGil([&] { return self.table_metadata(); }); })
      .def("fragments", [](const Dataset& self) { return WithoutGil([&] { return self.fragments(); }); })
      .def("field_sizes", [](const Dataset& self) { return WithoutGil([&] { return self.FieldSizes(); }); })
      .def("session", [](const Dataset& self) { return SessionHandle{self.session()}; })
      .def("count_rows", [](const Dataset& self) { return WithoutGil([&] { return self.CountRows(); }); });
}

void DefineReads(nb::class_<Dataset>& dataset) {
  dataset
      .def("scan", &Scan, "options"_a, "outputs"_a.none() = nb::none(), "stats"_a.none() = nb::none(), "distinct"_a = false)
      .def(
          "count_scan",
          [](const Dataset& self, ScanOptions options, nb::object stats) {
            const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
            options.stats = kept.get();
            return WithoutGil([&] { return self.CountRows(options); });
          },
          "options"_a, "stats"_a.none() = nb::none())
      .def(
          "run_aggregates",
          [](const Dataset& self, ScanOptions options, std::vector<std::pair<std::string, SqlExpression>> calls, nb::object stats) {
            const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
            options.stats = kept.get();
            std::vector<Aggregate> aggregates;
            for (auto& [name, call] : calls) aggregates.push_back({std::move(name), std::move(call)});
            return WithoutGil([&] { return self.RunAggregates(options, aggregates); });
          },
          "options"_a, "aggregates"_a, "stats"_a.none() = nb::none())
      .def(
          "profile_columns",
          [](const Dataset& self, const Names& columns, nb::object stats) {
            const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
            return WithoutGil([&] { return self.ProfileColumns(columns, kept.get()); });
          },
          "columns"_a.none() = nb::none(), "stats"_a.none() = nb::none())
      .def("explain_scan", [](const Dataset& self, const ScanOptions& options) { return WithoutGil([&] { return self.ExplainScan(options); }); },
           "options"_a)
      .def("take", &Take, "rows"_a.none(), "columns"_a.none() = nb::none(), "outputs"_a.none() = nb::none(),
           "with_row_id"_a = false, "with_row_address"_a = false, "stats"_a.none() = nb::none(),
           "computed"_a = std::vector<std::pair<std::string, std::string>>(), "naming"_a = RowNaming::kPosition, "skip_missing"_a = false)
      .def("read_range", &ReadRange, "first"_a, "count"_a, "columns"_a.none() = nb::none(),
           "outputs"_a.none() = nb::none(), "stats"_a.none() = nb::none());
}

ChangeOptions Changes(uint32_t conflict_retries, double retry_seconds, Durability durability, bool serializable) {
  return {.durability = durability,
          .isolation = serializable ? Isolation::kSerializable : Isolation::kSnapshot,
          .conflict_retries = conflict_retries,
          .retry_timeout = std::chrono::nanoseconds(static_cast<int64_t>(retry_seconds * 1e9))};
}

void BindMergeInsert(nb::module_& m) {
  nb::enum_<WhenMatched>(m, "WhenMatched")
      .value("DO_NOTHING", WhenMatched::kDoNothing)
      .value("UPDATE_ALL", WhenMatched::kUpdateAll)
      .value("FAIL", WhenMatched::kFail)
      .value("DELETE", WhenMatched::kDelete);
  nb::class_<MergeInsertOptions>(m, "MergeInsertOptions")
      .def(nb::init<>())
      .def("limit_retries", [](MergeInsertOptions& self, uint32_t conflict_retries, double retry_seconds, Durability durability, bool serializable) {
             self.change = Changes(conflict_retries, retry_seconds, durability, serializable);
           }, "conflict_retries"_a, "retry_seconds"_a, "durability"_a, "serializable"_a)
      .def_prop_rw("rewrites_columns", [](const MergeInsertOptions& self) { return self.write_mode == MergeWriteMode::kRewriteColumns; },
                   [](MergeInsertOptions& self, bool columns) {
                     self.write_mode = columns ? MergeWriteMode::kRewriteColumns : MergeWriteMode::kRewriteRows;
                   })
      .def("write_to", [](MergeInsertOptions& self, std::vector<std::string> bases, std::optional<bool> all) {
             self.target_bases = {std::move(bases), all};
           }, "target_bases"_a, "target_all_bases"_a.none())
      .def_rw("on", &MergeInsertOptions::on)
      .def_rw("when_matched", &MergeInsertOptions::when_matched)
      .def_rw("update_condition", &MergeInsertOptions::update_condition, nb::arg().none())
      .def_rw("insert_not_matched", &MergeInsertOptions::insert_not_matched)
      .def_rw("delete_not_matched_by_source", &MergeInsertOptions::delete_not_matched_by_source)
      .def_rw("delete_condition", &MergeInsertOptions::delete_condition, nb::arg().none());
}

void DefineChanges(nb::class_<Dataset>& dataset) {
  dataset.def("add_from_reader", &AddFromReader, "data"_a, "durability"_a = Durability::kDefault)
      .def("add_from_function", &AddFromFunction, "function"_a, "output_schema"_a, "read_columns"_a.none() = nb::none(),
           "batch_rows"_a = 8192, "durability"_a = Durability::kDefault)
      .def("add_computed", &AddComputed, "columns"_a, "durability"_a = Durability::kDefault)
      .def("add_nulls", &AddNulls, "schema"_a, "durability"_a = Durability::kDefault)
      .def(
          "delete",
          [](Dataset& self, const std::optional<SqlExpression>& filter, uint32_t conflict_retries, double retry_seconds, Durability durability,
             bool serializable) {
            const ChangeOptions options = Changes(conflict_retries, retry_seconds, durability, serializable);
            const DeleteResult result = WithoutGil([&] { return filter ? self.Delete(*filter, options) : self.Truncate(options); });
            return std::make_pair(result.dataset, result.num_deleted_rows);
          },
          "filter"_a.none(), "conflict_retries"_a, "retry_seconds"_a, "durability"_a = Durability::kDefault, "serializable"_a = false)
      .def(
          "update",
          [](Dataset& self, const std::vector<std::pair<std::string, SqlExpression>>& updates, const std::optional<SqlExpression>& filter,
             uint32_t conflict_retries, double retry_seconds, Durability durability, bool serializable) {
            std::vector<ComputedColumn> columns;
            for (const auto& [name, expression] : updates) columns.push_back({name, expression});
            const UpdateResult result =
                WithoutGil([&] { return self.Update(columns, filter, Changes(conflict_retries, retry_seconds, durability, serializable)); });
            return std::make_pair(result.dataset, result.num_updated_rows);
          },
          "updates"_a, "filter"_a.none(), "conflict_retries"_a, "retry_seconds"_a, "durability"_a = Durability::kDefault, "serializable"_a = false)
      .def(
          "merge_insert",
          [](Dataset& self, ReaderHandle& source, const MergeInsertOptions& options) {
            std::shared_ptr<RecordBatchReader> reader = source.Take();
            const MergeInsertResult result = WithoutGil([&] {
              MergeInsertResult merged = self.MergeInsert(*reader, options);
              reader.reset();
              return merged;
            });
            const MergeInsertMetrics& metrics = result.metrics;
            return std::make_tuple(result.dataset, metrics.num_inserted_rows, metrics.num_updated_rows, metrics.num_deleted_rows);
          },
          "source"_a, "options"_a)
      .def(
          "merge_insert_uncommitted",
          [](const Dataset& self, ReaderHandle& source, const MergeInsertOptions& options, bool keep_files) {
            std::shared_ptr<RecordBatchReader> reader = source.Take();
            const PreparedMergeInsert merged = WithoutGil([&] {
              PreparedMergeInsert prepared = self.MergeInsertUncommitted(*reader, options, keep_files);
              reader.reset();
              return prepared;
            });
            const MergeInsertMetrics& metrics = merged.metrics;
            return std::make_tuple(nb::bytes(merged.transaction.data(), merged.transaction.size()), metrics.num_inserted_rows,
                                   metrics.num_updated_rows, metrics.num_deleted_rows);
          },
          "source"_a, "options"_a, "keep_files"_a = true)
      .def(
          "explain_merge_insert",
          [](const Dataset& self, nb::object schema, const MergeInsertOptions& options, bool verbose) {
            const SchemaPtr source = SchemaFrom(schema);
            return WithoutGil([&] { return self.ExplainMergeInsert(*source, options, verbose); });
          },
          "schema"_a, "options"_a, "verbose"_a = false)
      .def(
          "deduplicate",
          [](Dataset& self, const std::vector<std::string>& on, bool keep_last, bool dry_run, uint64_t max_listed, uint32_t conflict_retries,
             double retry_seconds, Durability durability, bool serializable) {
            const DeduplicateOptions options{.on = on,
                                             .keep = keep_last ? KeepRow::kLast : KeepRow::kFirst,
                                             .dry_run = dry_run,
                                             .max_listed = max_listed,
                                             .change = Changes(conflict_retries, retry_seconds, durability, serializable)};
            const DeduplicateResult result = WithoutGil([&] { return self.Deduplicate(options); });
            const DeduplicationReport& report = result.report;
            return std::make_tuple(result.dataset, report.num_rows, report.num_null_keys, report.num_repeated_keys, report.num_removed_rows,
                                   report.removed);
          },
          "on"_a, "keep_last"_a, "dry_run"_a, "max_listed"_a, "conflict_retries"_a, "retry_seconds"_a, "durability"_a = Durability::kDefault,
          "serializable"_a = false)
      .def(
          "drop_columns",
          [](Dataset& self, const std::vector<std::string>& columns, Durability durability) {
            return WithoutGil([&] { return self.DropColumns(columns, durability); });
          },
          "columns"_a, "durability"_a = Durability::kDefault);
}

}  // namespace

void BindDataset(nb::module_& m) {
  BindEnums(m);
  BindInfos(m);
  BindProfile(m);
  BindScanOptions(m);
  BindMergeInsert(m);
  BindCompaction(m);
  nb::class_<Dataset> dataset(m, "Dataset");
  DefineViews(dataset);
  DefineReads(dataset);
  DefineChanges(dataset);
  DefineCompaction(dataset);
  DefineEvolution(dataset);
  DefineWork(dataset);
  m.def("open_dataset", &OpenDataset, "uri"_a, "reference"_a.none() = nb::none(), "session"_a.none() = nb::none());
  m.def("write_dataset", &WriteDataset, "data"_a, "uri"_a, "mode"_a = WriteMode::kCreate, "data_storage_version"_a = "",
        "max_rows_per_file"_a, "max_bytes_per_file"_a, "checksums"_a = true, "enable_v2_manifest_paths"_a = true,
        "enable_stable_row_ids"_a = false, "transaction_properties"_a = Properties{}, "table_metadata"_a = Properties{},
        "config"_a = Properties{}, "compact"_a = false, "column_options"_a = ColumnOptions{}, "max_page_bytes"_a = uint64_t{32} << 20,
        "external_blobs"_a = ExternalBlobs::kRefuse, "blob_pack_file_bytes"_a = 0,
        "durability"_a = Durability::kDefault, "session"_a.none() = nb::none(), "unchanged_since"_a.none() = nb::none(),
        "not_overwritten_since"_a.none() = nb::none(),
        "initial_bases"_a = std::vector<BasePath>{}, "target_bases"_a = std::vector<std::string>{},
        "target_all_bases"_a.none() = nb::none(), "progress"_a.none() = nb::none(), "through"_a.none() = nb::none());
}

}  // namespace eider::python
