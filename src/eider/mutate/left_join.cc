#include "eider/mutate/left_join.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/expr/expression.h"
#include "eider/mutate/left_joined_rows.h"
#include "eider/mutate/retry.h"
#include "eider/query/read_plan.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

TypePtr LeftType(const LanceSchema& table, const std::string& name) {
  if (name == "_rowid" || name == "_rowaddr") return MakeType(TypeId::kUInt64);
  const auto field = std::ranges::find(table.fields, name, &LanceField::name);
  if (field == table.fields.end()) throw NotFound("left join: {}", NoColumn(name, table.Names()));
  if (HasBlobs(*field)) throw Unsupported("left join: the key column '{}' holds blobs", name);
  return ToShownSchema({.fields = {*field}, .metadata = {}}).fields[0].type;
}

/// What is joined: the key under the name that it has in the table, then the other columns, in the types that are wanted.
class RightRows final : public RecordBatchReader {
 public:
  /// `replaced`: the table whose columns get new values, or null.
  RightRows(RecordBatchReader& data, const JoinKey& on, const LanceSchema& table, bool replaces) : data_(data) {
    std::vector<std::string> names;
    for (const Field& field : data.schema()->fields) names.push_back(field.name);
    const auto key = std::ranges::find(names, on.right);
    if (key == names.end()) {
      throw NotFound("left join: the key '{}' does not exist in the data: {}", on.right, NoColumn(on.right, names));
    }
    if (names.size() == 1) throw Invalid("left join: the data have no column besides '{}'", on.right);
    auto schema = std::make_shared<Schema>();
    Add(static_cast<size_t>(key - names.begin()), on.left, LeftType(table, on.left), schema.get());
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == on.right) continue;
      if (names[i] == on.left) throw Invalid("left join: column '{}' is the key of the table", on.left);
      Add(i, names[i], replaces ? ReplacedType(table, names[i]) : data.schema()->fields[i].type, schema.get());
    }
    schema_ = std::move(schema);
  }

  const SchemaPtr& schema() const override { return schema_; }
  std::optional<RecordBatch> Next() override {
    std::optional<RecordBatch> batch = data_.Next();
    if (!batch) return std::nullopt;
    RecordBatch rows{.schema = schema_, .num_rows = batch->num_rows, .columns = {}};
    for (const Column& column : columns_) {
      const ArrayPtr& array = batch->columns[column.place];
      rows.columns.push_back(column.cast ? column.cast->Evaluate({&array, 1}, batch->num_rows) : array);
    }
    return rows;
  }

 private:
  struct Column {
    size_t place;
    std::shared_ptr<const expr::Expression> cast;  ///< nullptr: none
  };

  static TypePtr ReplacedType(const LanceSchema& table, const std::string& name) {
    const auto field = std::ranges::find(table.fields, name, &LanceField::name);
    if (field == table.fields.end()) {
      if (std::ranges::count(query::kSystemColumnNames, name) > 0) throw Invalid("left join: metadata column '{}' cannot be updated", name);
      throw NotFound("left join: column '{}' does not exist in the table: {}", name, NoColumn(name, table.Names()));
    }
    if (HasBlobs(*field)) throw Unsupported("left join: new values of the blob column '{}'", name);
    return ToShownSchema({.fields = {*field}, .metadata = {}}).fields[0].type;
  }

  void Add(size_t place, const std::string& name, const TypePtr& type, Schema* schema) {
    Field field = data_.schema()->fields[place];
    Column column{place, nullptr};
    if (!TypesEqual(*field.type, *type)) {
      const Schema one{.fields = {field}, .metadata = {}};
      column.cast = InContext([&] { return fmt::format("left join: column '{}' of {} beside {}", field.name, TypeToString(*field.type), TypeToString(*type)); },
                              [&] { return expr::Expression::Parse(QuoteSegment(field.name), one)->As(type); });
    }
    columns_.push_back(std::move(column));
    field.name = name;
    field.type = type;
    schema->fields.push_back(std::move(field));
  }

  RecordBatchReader& data_;
  SchemaPtr schema_;
  std::vector<Column> columns_;
};

/// The right side, kept for as many attempts as it takes.
class RightSide {
 public:
  RightSide(RecordBatchReader& data, const JoinKey& on, const LanceSchema& table, bool replaces, std::shared_ptr<Session> session)
      : session_(session ? std::move(session) : Session::Default()), rows_(data, on, table, replaces), replaces_(replaces),
        source_(rows_, {QuoteSegment(on.left)}, session_->budget()) {}

  LeftJoinedRows Join(const query::TableReader& table, std::optional<uint64_t> fragment_id) const {
    std::optional<std::vector<uint64_t>> ids;
    if (fragment_id) ids = {*fragment_id};
    return {table, source_, replaces_, std::move(ids)};
  }
  std::shared_ptr<const query::TableReader> Open(const table::Snapshot& read) const { return std::make_shared<const query::TableReader>(read, session_); }

 private:
  const std::shared_ptr<Session> session_;
  RightRows rows_;
  const bool replaces_;
  const MergeSource source_;
};

}  // namespace

table::Snapshot JoinColumns(const table::Snapshot& read, RecordBatchReader& right, const JoinKey& on, const ColumnOptions& options) {
  const RightSide side(right, on, read.manifest->schema(), false, options.session);
  return RunWithRetries(read, {}, [&](const table::Snapshot& now) {
    const auto table = side.Open(now);
    LeftJoinedRows rows = side.Join(*table, std::nullopt);
    return AddColumns(now, rows, options);
  });
}

ChangedFragment JoinToFragment(const table::Snapshot& read, size_t fragment, RecordBatchReader& right, const JoinKey& on, const ColumnOptions& options) {
  const RightSide side(right, on, read.manifest->schema(), false, options.session);
  const auto table = side.Open(read);
  LeftJoinedRows rows = side.Join(*table, read.manifest->fragment(fragment).id());
  return AddToFragment(read, fragment, rows, false, options);
}

UpdatedFragment UpdateFragmentColumns(const table::Snapshot& read, size_t fragment, RecordBatchReader& right, const JoinKey& on,
                                      const ColumnOptions& options) {
  const RightSide side(right, on, read.manifest->schema(), true, options.session);
  const auto table = side.Open(read);
  LeftJoinedRows rows = side.Join(*table, read.manifest->fragment(fragment).id());
  ChangedFragment changed = AddToFragment(read, fragment, rows, true, options);
  return {std::move(changed), rows.matched()};
}

}  // namespace eider::mutate
