#include "eider/mutate/merge_join.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/string_values.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/query/ordered_tasks.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kJoinRows = 1 << 16;
constexpr uint64_t kJoinBytes = 8 << 20;

/// Columns of a part, each as one array.
std::vector<ArrayPtr> GatherColumns(const MergeSource::Part& part, const query::ColumnPlaces& places, size_t num_columns) {
  std::vector<std::vector<ArrayPtr>> pieces(num_columns);
  for (const RecordBatch& batch : part.batches) {
    const std::vector<ArrayPtr> columns = places.Find(batch.columns);
    for (size_t i = 0; i < num_columns; ++i) pieces[i].push_back(columns[i]);
  }
  std::vector<ArrayPtr> out;
  for (const std::vector<ArrayPtr>& arrays : pieces) {
    if (!arrays.empty()) out.push_back(ConcatArrays(arrays));
  }
  return out;
}

/// A single value as SQL would say it, or in hexadecimal digits.
std::string ValueText(const ArrayPtr& array, const std::string& name) {
  const Schema schema{.fields = {{.name = name, .type = array->type}}, .metadata = {}};
  try {
    const auto text = expr::Expression::Parse(QuoteSegment(name), schema)->As(MakeType(TypeId::kUtf8))->Evaluate({&array, 1}, 1);
    const ByteSpan bytes = StringValues(*text).At(0);
    return {bytes.begin(), bytes.end()};
  } catch (const Error&) {
    const RowKeys key({&array, 1}, 1, FloatKeys::kBits);
    std::string digits = "0x";
    for (const uint8_t byte : key.At(0).subspan(1)) digits += fmt::format("{:02x}", byte);
    return digits;
  }
}

}  // namespace

MergeJoin::MergeJoin(const query::TableReader& table, const MergeSource& source, const std::optional<SqlExpression>& condition)
    : table_(table), source_(source) {
  const LanceSchema& columns = table.snapshot().manifest->schema();
  std::vector<std::string> wanted = source.on();
  if (condition) {
    condition_.emplace(*condition, *source.schema(), ToShownSchema(columns));
    for (const std::string& column : query::ReadColumns(condition_->target_columns(), columns)) wanted.push_back(column);
  }
  scan_ = {.columns = wanted, .batch_rows = kJoinRows, .batch_bytes = kJoinBytes, .with_row_address = true};
  const SchemaPtr schema = table.Scan(scan_)->schema();
  keys_ = query::ColumnPlaces(source.on(), *schema);
  if (condition_) condition_places_ = query::ColumnPlaces(condition_->target_columns(), *schema);
}

JoinedBatch MergeJoin::Join(const RecordBatch& batch, uint64_t first_position, const KeyIndex& index,
                            const std::vector<ArrayPtr>& source_columns) const {
  JoinedBatch joined{.addresses = batch.columns.back(), .first_position = first_position, .matches = {}, .acting = {}};
  joined.matches = index.Find(JoinKeys(keys_.Find(batch.columns), batch.num_rows));
  if (condition_) joined.acting = condition_->Filter(joined.matches, source_columns, condition_places_.Find(batch.columns));
  else joined.acting = joined.matches;
  return joined;
}

void MergeJoin::Run(const MergeSource::Part& part, const std::function<void(const JoinedBatch&)>& visit) const {
  if (part.num_rows == 0) return;
  KeyIndex index(source_.budget(), part.num_rows);
  for (const RecordBatch& batch : part.batches) index.Add(source_.KeysOf(batch));
  std::vector<ArrayPtr> source_columns;
  if (condition_) {
    const query::ColumnPlaces places(condition_->source_columns(), *source_.schema());
    source_columns = GatherColumns(part, places, condition_->source_columns().size());
  }
  const std::unique_ptr<RecordBatchReader> rows = table_.Scan(scan_);
  TaskPool& pool = table_.session()->cpu_pool();
  query::OrderedTasks<JoinedBatch> tasks(pool);
  uint64_t position = 0;
  for (bool at_end = false; !at_end || !tasks.empty();) {
    CheckInterrupt();
    std::optional<RecordBatch> batch;
    if (!at_end) batch = rows->Next();
    at_end = !batch;
    if (batch) {
      const uint64_t first = position;
      position += static_cast<uint64_t>(batch->num_rows);
      tasks.Start([&, first, batch = std::move(*batch)] { return Join(batch, first, index, source_columns); }, pool.num_threads() == 0);
    }
    while (!tasks.empty() && (at_end || tasks.size() > static_cast<size_t>(pool.num_threads()))) visit(tasks.Next());
  }
}

std::string KeyText(const MergeSource& source, const MergeSource::Part& part, uint32_t row) {
  size_t at = 0;
  int64_t local = row;
  for (; local >= part.batches[at].num_rows; ++at) local -= part.batches[at].num_rows;
  const std::vector<ArrayPtr> keys = source.KeyColumns(part.batches[at]);
  std::string text;
  for (size_t i = 0; i < keys.size(); ++i) {
    text += fmt::format("{}{} = {}", i > 0 ? ", " : "", source.on()[i], ValueText(SliceArray(keys[i], local, 1), source.on()[i]));
  }
  return text;
}

}  // namespace eider::mutate
