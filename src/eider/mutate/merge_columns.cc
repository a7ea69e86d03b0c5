#include "eider/mutate/merge_columns.h"

#include <eider/interrupt.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "eider/array/concat.h"
#include "eider/array/row_sizes.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/column_updates.h"
#include "eider/mutate/merge_end.h"
#include "eider/mutate/merge_join.h"
#include "eider/mutate/merge_keys.h"
#include "eider/mutate/missing_fields.h"
#include "eider/mutate/physical_rows.h"
#include "eider/mutate/read_rows.h"
#include "eider/mutate/row_marks.h"
#include "eider/mutate/whole_rows.h"
#include "eider/mutate/write.h"
#include "eider/mutate/write_fragments.h"
#include "eider/rows/portable_roaring.h"
#include "eider/rows/row_address.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"
#include "eider/schema/match.h"
#include "eider/table/commit.h"

namespace eider::mutate {
namespace {

[[noreturn]] void CannotRewrite(const char* why) { throw Invalid("merge_insert: write_mode 'rewrite_columns' only updates columns: {}", why); }

/// Columns of the source that are not in its key, and their fields in the table.
struct Rewritten {
  std::vector<size_t> places;  ///< in the source
  Schema source;
  LanceSchema table;
};

std::vector<std::string> LeafPaths(const std::vector<LanceField>& table, const std::vector<Field>& source, const std::string& prefix) {
  std::vector<std::string> paths;
  for (const Field& field : source) {
    const auto known = std::ranges::find(table, field.name, &LanceField::name);
    if (known == table.end()) continue;
    const std::string path = prefix + QuoteSegment(field.name);
    const bool descends = field.type->id == TypeId::kStruct && known->logical_type == "struct" && !known->IsLeaf() && !HasBlobs(*known);
    if (!descends) paths.push_back(path);
    else for (std::string& below : LeafPaths(known->children, field.type->children, path + ".")) paths.push_back(std::move(below));
  }
  return paths;
}

Rewritten ColumnsToRewrite(const LanceSchema& schema, const Schema& source, const std::vector<const LanceField*>& keys) {
  Rewritten out;
  LanceSchema all = schema;
  for (LanceField& field : all.fields) field.nullable = true;  // what the source lacks stays as it is
  MatchForAppend(all, source);
  for (size_t i = 0; i < source.fields.size(); ++i) {
    if (std::ranges::any_of(keys, [&](const LanceField* key) { return key->name == source.fields[i].name; })) continue;
    out.places.push_back(i);
    out.source.fields.push_back(source.fields[i]);
  }
  if (out.places.empty()) CannotRewrite("the source has no column beside its keys");
  if (MissingFields(schema, source).fields.empty()) CannotRewrite("the source has every column, so that there is none to spare");
  out.table = Project(schema, LeafPaths(schema.fields, out.source.fields, ""));
  for (const LanceField& field : out.table.fields) {
    if (HasBlobs(field) && BlobFormOf(field) == BlobForm::kNone) throw Unsupported("merge_insert: write_mode 'rewrite_columns' of column '{}', which has blobs below it", field.name);
  }
  return out;
}

/// The columns as they are read to be written again: blobs as bytes.
Schema ShownColumns(const LanceSchema& columns) {
  Schema shown = ToShownSchema(columns);
  for (size_t i = 0; i < shown.fields.size(); ++i) {
    if (BlobFormOf(columns.fields[i]) == BlobForm::kNone) continue;
    shown.fields[i].type = MakeType(TypeId::kLargeBinary);
    shown.fields[i].metadata = {{std::string(kBlobKey), "true"}};
  }
  return shown;
}

/// Blobs of a source as bytes: structs of form v2 must hold their data.
ArrayPtr BlobBytes(const ArrayPtr& column, const std::string& name) {
  if (column->type->id != TypeId::kStruct) return column;
  ArrayPtr data;
  for (size_t i = 0; i < column->children.size(); ++i) {
    const ArrayPtr child = SliceArray(column->children[i], column->offset, column->length);
    if (column->type->children[i].name == "data") data = child;
    if (column->type->children[i].name != "uri") continue;
    for (int64_t row = 0; row < column->length; ++row) {
      if (!column->IsValid(row) || !child->IsValid(row)) continue;
      throw Unsupported("merge_insert: write_mode 'rewrite_columns' with external blobs, in column '{}' of the source", name);
    }
  }
  if (!data) throw Invalid("merge_insert: column '{}' of the source holds no bytes", name);
  std::vector<int64_t> rows(static_cast<size_t>(column->length));
  for (int64_t i = 0; i < column->length; ++i) rows[static_cast<size_t>(i)] = column->IsValid(i) ? i : -1;
  return TakeArray(data, rows);
}

void RequireUpdatesAlone(const MergeInsertOptions& options) {
  if (options.when_matched != WhenMatched::kUpdateAll) CannotRewrite("rows that match must be updated");
  if (options.insert_not_matched) CannotRewrite("rows are to be inserted");
  if (options.delete_not_matched_by_source) CannotRewrite("rows are to be deleted");
}

/// A fragment's rows, deleted ones included, with new values in some.
class OverlaidRows final : public RecordBatchReader {
 public:
  /// Takes the next updates, which are of this fragment, up to those of another.
  OverlaidRows(const query::TableReader& table, uint64_t fragment_id, const LanceSchema& columns, UpdateCursor* updates)
      : most_bytes_(BatchBytesOf(table.session()->budget())),
        fragment_id_(fragment_id),
        updates_(*updates),
        rows_(table, fragment_id, columns, LeafPaths(columns.fields, ShownColumns(columns).fields, "")) {}
  const SchemaPtr& schema() const override { return rows_.schema(); }
  /// Of the rows that got new values.
  std::span<const uint32_t> updated_offsets() const { return updated_offsets_; }

  std::optional<RecordBatch> Next() override {
    if (before_.num_rows == 0) {
      std::optional<RecordBatch> batch = rows_.Next();
      if (!batch) return std::nullopt;
      before_ = std::move(*batch);
    }
    // Old values come, and new ones as often as they are used, of as many rows as fit.
    const std::span<const uint64_t> addresses = updates_.addresses();
    const auto offset_of = [&](size_t i) { return rows::RowAddress{addresses[i]}.offset(); };
    const auto is_here = [&](size_t i, uint64_t rows) { return rows::RowAddress{addresses[i]}.fragment() == fragment_id_ && offset_of(i) < row_ + rows; };
    uint64_t rows = static_cast<uint64_t>(before_.num_rows), bytes = 0;
    size_t count = 0;
    for (; count < addresses.size() && is_here(count, rows); ++count) {
      bytes += updates_.BytesOf(count);
      if (bytes <= most_bytes_ || count == 0) continue;
      rows = offset_of(count) - row_;
      break;
    }
    if (count > 0 && count == addresses.size()) rows = offset_of(count - 1) + 1 - row_;  // those to come are not at hand yet
    RecordBatch batch = SliceBatch(before_, 0, static_cast<int64_t>(rows));
    before_ = SliceBatch(before_, batch.num_rows, before_.num_rows - batch.num_rows);
    if (count > 0) Overlay(count, &batch);
    row_ += rows;
    return batch;
  }

 private:
  /// Puts the next `count` values into their rows.
  void Overlay(size_t count, RecordBatch* batch) {
    std::vector<int64_t> places(static_cast<size_t>(batch->num_rows));
    std::iota(places.begin(), places.end(), 0);
    for (size_t i = 0; i < count; ++i) {
      const uint32_t offset = rows::RowAddress{updates_.addresses()[i]}.offset();
      places[offset - row_] = batch->num_rows + static_cast<int64_t>(i);
      updated_offsets_.push_back(offset);
    }
    for (size_t i = 0; i < batch->columns.size(); ++i) {
      const ArrayPtr both[] = {batch->columns[i], TakeArray(updates_.columns()[i], updates_.from().first(count))};
      batch->columns[i] = TakeArray(ConcatArrays(both), places);
    }
    updates_.Advance(count);
  }

  const uint64_t most_bytes_;
  const uint64_t fragment_id_;
  UpdateCursor& updates_;
  std::vector<uint32_t> updated_offsets_;
  RecordBatch before_;  ///< of the latest batch, what is left
  uint64_t row_ = 0;
  PhysicalRows rows_;
};

/// One attempt at a merge into columns.
class MatchedColumns {
 public:
  MatchedColumns(const table::Snapshot& read, const MergeSource& source, const MergeInsertOptions& options, const std::shared_ptr<Session>& session)
      : table_(std::make_shared<const query::TableReader>(read, session)),
        source_(source),
        columns_(ColumnsToRewrite(read.manifest->schema(), *source.schema(), KeyFields(read.manifest->schema(), options.on))),
        join_(*table_, source, options.update_condition),
        touched_(*table_),
        updates_(*table_, ShownColumns(columns_.table), source.num_parts()) {}

  uint64_t num_updated() const { return touched_.num_marked(); }

  void Join() {
    for (size_t i = 0; i < source_.num_parts(); ++i) {
      const MergeSource::Part part = source_.Load(i);
      std::vector<std::pair<uint32_t, uint64_t>> rows;  // of the part, and the address that each updates
      join_.Run(part, [&](const JoinedBatch& batch) {
        for (const MatchedRow& match : batch.acting) {
          if (!touched_.Mark(batch.AddressOf(match))) ThrowAmbiguous(source_, part, match.source);
          rows.emplace_back(match.source, batch.AddressOf(match));
        }
      });
      std::ranges::sort(rows);
      Keep(part, rows);
    }
    updates_.Finish();
  }

  void Write(NewDataFiles* files, table::TransactionProto::Update* update) {
    const std::set<int32_t> ids = columns_.table.Ids();
    const table::Manifest& manifest = *table_->snapshot().manifest;
    for (UpdateCursor updates(updates_); !updates.addresses().empty();) {
      const size_t fragment = *manifest.FindFragment(rows::RowAddress{updates.addresses()[0]}.fragment());
      const table::Fragment& before = manifest.fragment(fragment);
      OverlaidRows rows(*table_, before.id(), columns_.table, &updates);
      *update->add_updated_fragments() = WriteFragment(before, fragment, rows, ids, files);
      if (!updates.addresses().empty() && rows::RowAddress{updates.addresses()[0]}.fragment() == before.id()) {
        throw Corrupt("fragment {}: row {} was joined, but its files end before it", before.id(), rows::RowAddress{updates.addresses()[0]}.offset());
      }
      if (manifest.uses_stable_row_ids()) (*update->mutable_updated_offset_bitmaps())[before.id()] = rows::ToPortableRoaring(rows.updated_offsets());
    }
    for (const int32_t id : ids) update->add_fields_modified(static_cast<uint32_t>(id));
    update->set_update_mode(1);
  }

 private:
  /// Values of the rows, in the types that scans yield.
  void Keep(const MergeSource::Part& part, const std::vector<std::pair<uint32_t, uint64_t>>& rows) {
    uint64_t start = 0;
    size_t next = 0;
    for (const RecordBatch& batch : part.batches) {
      const uint64_t end = start + static_cast<uint64_t>(batch.num_rows);
      std::vector<int64_t> taken, from;  // each row once, however many it updates
      std::vector<uint64_t> addresses;
      for (; next < rows.size() && rows[next].first < end; ++next) {
        const auto row = static_cast<int64_t>(rows[next].first - start);
        if (taken.empty() || taken.back() != row) taken.push_back(row);
        from.push_back(static_cast<int64_t>(taken.size()) - 1);
        addresses.push_back(rows[next].second);
      }
      start = end;
      if (taken.empty()) continue;
      RecordBatch values{.schema = updates_.schema(), .num_rows = static_cast<int64_t>(taken.size()), .columns = {}};
      for (size_t i = 0; i < columns_.places.size(); ++i) {
        Schema one{.fields = {columns_.source.fields[i]}, .metadata = {}};
        ArrayPtr column = TakeArray(batch.columns[columns_.places[i]], taken);
        if (HasBlobs(columns_.table.fields[i])) column = BlobBytes(column, one.fields[0].name);
        one.fields[0].type = column->type;
        const TypePtr& type = updates_.schema()->fields[i].type;
        if (TypesEqual(*column->type, *type)) values.columns.push_back(column);
        else values.columns.push_back(expr::Expression::Parse(QuoteSegment(one.fields[0].name), one)->As(type)->Evaluate({&column, 1}, values.num_rows));
      }
      updates_.Add(values, addresses, from);
    }
  }

  table::DataFragmentProto WriteFragment(const table::Fragment& before, size_t index, OverlaidRows& rows, const std::set<int32_t>& ids,
                                         NewDataFiles* files) {
    if (before.has_overlays()) throw Unsupported("merge_insert: fragment {} has data overlay files", before.id());
    if (std::ranges::any_of(columns_.table.fields, HasBlobs)) RequireOwnBlobs(*table_, std::vector<uint64_t>{before.id()});
    CheckInterrupt();
    AlignedReader aligned(rows, columns_.table);
    std::string name;
    const std::unique_ptr<file::FileWriter> writer = files->Create(columns_.table, &name);
    while (const std::optional<RecordBatch> batch = aligned.Next()) writer->Write(*batch);
    table::DataFragmentProto fragment = before.proto();
    fragment.set_physical_rows(table_->fragment(index).physical_rows(table_->context(nullptr)));
    Bury(ids, &fragment);
    *fragment.add_files() = files->Finish(*writer, name);
    return fragment;
  }

  const std::shared_ptr<const query::TableReader> table_;
  const MergeSource& source_;
  const Rewritten columns_;
  const MergeJoin join_;
  RowMarks touched_;
  ColumnUpdates updates_;
};

}  // namespace

Merged MergeColumns(const table::Snapshot& read, const MergeSource& source, const MergeInsertOptions& options,
                    const std::shared_ptr<Session>& session, MergeEnd end) {
  RequireUpdatesAlone(options);
  MatchedColumns merge(read, source, options, session);
  merge.Join();
  const MergeInsertMetrics metrics{.num_updated_rows = merge.num_updated()};
  const bool sync = SyncsFor(options.change.durability);
  NewDataFiles files(read.store, {.version = WritableVersion(read.manifest->data_storage_version()), .sync = sync, .session = session});
  table::TransactionProto transaction = table::NewTransaction(read.version());
  if (metrics.num_updated_rows == 0) return {read, metrics, std::move(transaction)};
  merge.Write(&files, transaction.mutable_update());
  const table::CommitOptions how{.sync = sync, .check_reads = ReadsRows(options.change.isolation, {}, session)};
  return EndMerge(read, {read, metrics, std::move(transaction)}, end, how, &files);
}

}  // namespace eider::mutate
