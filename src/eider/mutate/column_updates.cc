#include "eider/mutate/column_updates.h"

#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/take.h"
#include "eider/rows/row_address.h"

namespace eider::mutate {
namespace {

constexpr size_t kMostBuckets = 64;

SchemaPtr UsesSchema() {
  const TypePtr number = MakeType(TypeId::kUInt64);
  return std::make_shared<const Schema>(Schema{.fields = {{.name = "_rowaddr", .type = number}, {.name = "from", .type = number}}, .metadata = {}});
}

RecordBatch MakeUses(const SchemaPtr& schema, BufferBuilder addresses, BufferBuilder from, size_t count) {
  return {.schema = schema, .num_rows = static_cast<int64_t>(count),
          .columns = {query::MakeUInt64Array(std::move(addresses), count), query::MakeUInt64Array(std::move(from), count)}};
}

}  // namespace

ColumnUpdates::ColumnUpdates(const query::TableReader& table, const Schema& columns, bool spill)
    : table_(table), schema_(std::make_shared<const Schema>(columns)), num_buckets_(spill ? std::clamp<size_t>(table.num_fragments(), 1, kMostBuckets) : 1) {
  if (!spill) return;
  spilled_.emplace(schema_);
  spilled_uses_.emplace(UsesSchema());
  places_.resize(num_buckets_);
}

// Fragments are sorted by id.
size_t ColumnUpdates::BucketOf(uint64_t address) const {
  const table::Manifest& manifest = *table_.snapshot().manifest;
  const uint64_t id = rows::RowAddress{address}.fragment();
  size_t first = 0, last = num_buckets_;
  while (last - first > 1) {
    const size_t middle = (first + last) / 2;
    if (manifest.fragment(FirstFragment(middle)).id() <= id) first = middle;
    else last = middle;
  }
  return first;
}

void ColumnUpdates::Add(const RecordBatch& values, std::span<const uint64_t> addresses, std::span<const int64_t> from) {
  struct Part {
    std::vector<int64_t> rows;  // of the values, each once
    BufferBuilder addresses, from;
    size_t count = 0;
  };
  std::vector<Part> parts(num_buckets_);
  for (size_t i = 0; i < addresses.size(); ++i) {
    Part& part = parts[spilled_ ? BucketOf(addresses[i]) : 0];
    if (part.rows.empty() || part.rows.back() != from[i]) part.rows.push_back(from[i]);
    part.addresses.AppendValue(addresses[i]);
    part.from.AppendValue(static_cast<uint64_t>(part.rows.size() - 1));
    ++part.count;
  }
  for (size_t bucket = 0; bucket < num_buckets_; ++bucket) {
    Part& part = parts[bucket];
    if (part.count == 0) continue;
    const RecordBatch uses = MakeUses(UsesSchema(), std::move(part.addresses), std::move(part.from), part.count);
    const bool all = part.rows.size() == static_cast<size_t>(values.num_rows);
    const RecordBatch taken = all ? values : TakeBatch(values, part.rows);
    if (!spilled_) kept_.push_back({taken, uses});
    else places_[bucket].push_back({spilled_->Append(taken), spilled_uses_->Append(uses)});
  }
}

ColumnUpdates::Bucket ColumnUpdates::Load(size_t bucket) const {
  std::vector<Piece> pieces = kept_;
  if (spilled_) {
    for (const Place& place : places_[bucket]) pieces.push_back({spilled_->Read(place.values), spilled_uses_->Read(place.uses)});
  }
  Bucket loaded{.first_fragment = FirstFragment(bucket), .end_fragment = FirstFragment(bucket + 1), .columns = {}, .addresses = {}, .from = {}};
  if (pieces.empty()) return loaded;
  std::vector<std::pair<uint64_t, int64_t>> uses;
  int64_t start = 0;
  for (const Piece& piece : pieces) {
    const std::span<const uint64_t> addresses = query::UInt64Values(*piece.uses.columns[0]), from = query::UInt64Values(*piece.uses.columns[1]);
    for (size_t i = 0; i < addresses.size(); ++i) uses.emplace_back(addresses[i], start + static_cast<int64_t>(from[i]));
    start += piece.values.num_rows;
  }
  std::ranges::sort(uses);
  for (const auto& [address, from] : uses) {
    loaded.addresses.push_back(address);
    loaded.from.push_back(from);
  }
  for (size_t column = 0; column < schema_->fields.size(); ++column) {
    std::vector<ArrayPtr> arrays;
    for (const Piece& piece : pieces) arrays.push_back(piece.values.columns[column]);
    loaded.columns.push_back(ConcatArrays(arrays));
  }
  return loaded;
}

}  // namespace eider::mutate
