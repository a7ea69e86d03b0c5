#include "eider/query/computed_columns.h"

#include <algorithm>

#include "eider/schema/field_path.h"

namespace eider::query {
namespace {

/// What is made at once: all that do so hold a part of the budget.
constexpr uint64_t kMadeParts = 8, kMostMadeBytes = 16 << 20;

}  // namespace

ComputedColumns::ComputedColumns(const TableReader& table, const ScanOptions& options)
    : read_options_(options), portions_(TaskBytes(*table.session(), kMadeParts, kMostMadeBytes)) {
  read_options_.computed.clear();
  const SchemaPtr all = table.Plan({})->schema(), shown = table.Plan(read_options_)->schema();
  if (!read_options_.columns) {
    read_options_.columns.emplace();
    for (const LanceField& field : table.snapshot().manifest->schema().fields) {
      read_options_.columns->push_back(QuoteSegment(field.name));
    }
  }
  for (const ComputedColumn& column : options.computed) {
    columns_.push_back({.expression = ParseExpression(column.expression, *all), .places = {}});
    if (column.type) columns_.back().expression = columns_.back().expression->As(column.type);
    for (std::string& wanted : ReadColumns(columns_.back().expression->columns(), table.snapshot().manifest->schema())) read_options_.columns->push_back(std::move(wanted));
  }
  const SchemaPtr read = table.Plan(read_options_)->schema();
  auto schema = std::make_shared<Schema>(Schema{.fields = {}, .metadata = read->metadata});
  for (const Field& field : shown->fields) {
    kept_.push_back(static_cast<size_t>(read->FieldIndex(field.name)));
    schema->fields.push_back(read->fields[kept_.back()]);
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].places = ColumnPlaces(columns_[i].expression->columns(), *read);
    schema->fields.push_back({.name = options.computed[i].name, .type = columns_[i].expression->type()});
  }
  schema_ = std::move(schema);
}

RecordBatch ComputedColumns::Apply(const RecordBatch& batch) const {
  RecordBatch out{.schema = schema_, .num_rows = batch.num_rows};
  for (const size_t column : kept_) out.columns.push_back(batch.columns[column]);
  for (const Column& column : columns_) {
    out.columns.push_back(column.expression->Evaluate(column.places.Find(batch.columns), batch.num_rows));
  }
  return out;
}

bool ComputedColumns::are_null() const {
  return std::ranges::all_of(columns_, [](const Column& column) { return column.expression->IsNull(); });
}

bool ComputedColumns::makes_any_width() const {
  return std::ranges::any_of(columns_, [](const Column& column) { return FixedBitWidth(*column.expression->type()) == 0; });
}

RecordBatch ComputedColumns::ApplyTo(RecordBatch* batch, uint64_t most_rows, const RowWidth& width) const {
  RecordBatch read, made;
  const auto most = static_cast<int64_t>(std::min(most_rows, static_cast<uint64_t>(batch->num_rows)));
  const int64_t rows = portions_.Next(most, [&](int64_t count) {
    read = SliceBatch(*batch, 0, count);
    made = Apply(read);
  });
  *batch = SliceBatch(*batch, rows, batch->num_rows - rows);
  width.Learn(static_cast<uint64_t>(rows), BytesOfRows(read) + ComputedBytes(made), DictionaryBytes(read));
  return made;
}

std::vector<RecordBatch> ComputedColumns::ApplyTo(RecordBatch* batch, uint64_t most_rows, uint64_t* left_bytes, const RowWidth& width) const {
  std::vector<RecordBatch> parts;
  while (batch->num_rows > 0 && *left_bytes > 0) {
    parts.push_back(ApplyTo(batch, most_rows, width));
    *left_bytes -= std::min(*left_bytes, ComputedBytes(parts.back()));
  }
  return parts;
}

uint64_t ComputedColumns::ComputedBytes(const RecordBatch& applied) const {
  uint64_t bytes = 0;
  for (size_t i = kept_.size(); i < applied.columns.size(); ++i) bytes += ArrayBytes(*applied.columns[i]);
  return bytes;
}

}  // namespace eider::query
