#include "eider/mutate/merge_join.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/string_values.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kJoinRows = 1 << 16;
constexpr uint64_t kJoinBytes = 8 << 20;

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

MergeJoin::MergeJoin(const query::TableReader& table, const MergeSource& source, const std::optional<SqlExpression>& condition,
                     const std::vector<std::string>& carried, std::optional<std::vector<uint64_t>> fragment_ids)
    : table_(table), source_(source), scanned_(table, fragment_ids) {
  const LanceSchema& columns = table.snapshot().manifest->schema();
  std::vector<std::string> wanted = source.on();
  if (condition) {
    condition_.emplace(*condition, *source.schema(), ToShownSchema(columns));
    for (const std::string& column : query::ReadColumns(condition_->target_columns(), columns)) wanted.push_back(column);
  }
  wanted.insert(wanted.end(), carried.begin(), carried.end());
  scan_ = {.columns = wanted, .fragment_ids = std::move(fragment_ids), .batch_rows = kJoinRows, .batch_bytes = kJoinBytes};
  const SchemaPtr schema = table.Scan(scan_)->schema();
  keys_ = query::ColumnPlaces(source.on(), *schema);
  if (condition_) condition_places_ = query::ColumnPlaces(condition_->target_columns(), *schema);
  carried_ = query::ColumnPlaces(carried, *schema);
}

JoinedBatch MergeJoin::Join(const RecordBatch& batch, uint64_t first_position, const KeyIndex& index,
                            const std::vector<ArrayPtr>& source_columns) const {
  JoinedBatch joined{.rows = batch, .scanned = &scanned_, .first_position = first_position, .matches = {}, .acting = {}};
  joined.matches = index.Find(JoinKeys(keys_.Find(batch.columns), batch.num_rows));
  if (condition_) joined.acting = condition_->Filter(joined.matches, source_columns, condition_places_.Find(batch.columns));
  else joined.acting = joined.matches;
  return joined;
}

void MergeJoin::Run(const MergeSource::Part& part, const std::function<void(const JoinedBatch&)>& visit) const {
  if (part.num_rows == 0) return;
  JoinStream stream(*this, part);
  while (const std::optional<JoinedBatch> batch = stream.Next()) visit(*batch);
}

namespace {

KeyIndex MakeIndex(const MergeSource& source, const MergeSource::Part& part) {
  WordRange range;
  for (const RecordBatch& batch : part.batches) {
    if (JoinKeys::AreWords(source.KeyColumns(batch))) range.Add(source.KeysOf(batch));
  }
  KeyIndex index(source.budget(), std::max<uint64_t>(part.num_rows, 1), range);
  for (const RecordBatch& batch : part.batches) {
    if (index.WantsMarks()) index.Mark(source.KeysOf(batch));
  }
  for (const RecordBatch& batch : part.batches) index.Add(source.KeysOf(batch));
  return index;
}

}  // namespace

JoinStream::JoinStream(const MergeJoin& join, const MergeSource::Part& part)
    : join_(join), index_(MakeIndex(join.source_, part)), tasks_(join.table_.session()->cpu_pool()) {
  if (join.condition_) {
    const std::vector<std::string>& paths = join.condition_->source_columns();
    source_columns_ = GatherColumns(part, query::ColumnPlaces(paths, *join.source_.schema()), paths.size());
  }
  rows_ = join.table_.Scan(join.scan_);
}

void JoinStream::Ahead() {
  while (!at_end_ && !tasks_.IsFull()) {
    CheckInterrupt();
    std::optional<RecordBatch> batch = rows_->Next();
    at_end_ = !batch;
    if (!batch) return;
    const uint64_t first = position_;
    position_ += static_cast<uint64_t>(batch->num_rows);
    tasks_.Start([this, first, batch = std::move(*batch)] { return join_.Join(batch, first, index_, source_columns_); });
  }
}

std::optional<JoinedBatch> JoinStream::Next() {
  Ahead();
  if (tasks_.empty()) return std::nullopt;
  return tasks_.Next();
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

void ThrowAmbiguous(const MergeSource& source, const MergeSource::Part& part, uint32_t row) {
  throw Invalid("merge_insert: several rows of the source match one row of the table: {}; the source must have each key once", KeyText(source, part, row));
}

}  // namespace eider::mutate
