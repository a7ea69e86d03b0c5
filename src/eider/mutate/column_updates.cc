#include "eider/mutate/column_updates.h"

#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/take.h"
#include "eider/mutate/merge_source.h"
#include "eider/rows/row_address.h"

namespace eider::mutate {
namespace {

constexpr size_t kMostBuckets = 1024;

SchemaPtr UsesSchema() {
  const TypePtr number = MakeType(TypeId::kUInt64);
  return std::make_shared<const Schema>(Schema{.fields = {{.name = "_rowaddr", .type = number}, {.name = "from", .type = number}}, .metadata = {}});
}

/// Uses that are added one by one.
struct Uses {
  BufferBuilder addresses, from;
  size_t count = 0;

  void Add(uint64_t address, uint64_t row) {
    addresses.AppendValue(address);
    from.AppendValue(row);
    ++count;
  }
  RecordBatch Finish() {
    return {.schema = UsesSchema(), .num_rows = static_cast<int64_t>(count),
            .columns = {query::MakeUInt64Array(std::move(addresses), count), query::MakeUInt64Array(std::move(from), count)}};
  }
};

}  // namespace

ColumnUpdates::ColumnUpdates(const query::TableReader& table, const Schema& columns, size_t num_parts)
    : table_(table), schema_(std::make_shared<const Schema>(columns)) {
  if (num_parts < 2) return;
  starts_.push_back(0);
  for (size_t i = 0; i < table.num_fragments(); ++i) starts_.push_back(starts_.back() + table.fragment(i).physical_rows(table.context(nullptr)));
  // Parts are dealt out by key, buckets by row: one may get more than its share.
  num_buckets_ = std::clamp<uint64_t>(starts_.back(), 1, std::min(4 * num_parts, kMostBuckets));
  spilled_.emplace(schema_);
  spilled_uses_.emplace(UsesSchema());
  places_.resize(num_buckets_);
}

size_t ColumnUpdates::BucketOf(uint64_t address) const {
  const rows::RowAddress row{address};
  const uint64_t position = starts_[*table_.snapshot().manifest->FindFragment(row.fragment())] + row.offset();
  return std::min(static_cast<size_t>(position * num_buckets_ / starts_.back()), num_buckets_ - 1);
}

void ColumnUpdates::Add(const RecordBatch& values, std::span<const uint64_t> addresses, std::span<const int64_t> from) {
  Uses uses;
  for (size_t i = 0; i < addresses.size(); ++i) uses.Add(addresses[i], static_cast<uint64_t>(from[i]));
  kept_.push_back({values, uses.Finish()});
  kept_bytes_ += BatchBytes(values) + addresses.size() * 2 * sizeof(uint64_t);
  if (kept_bytes_ > 2 * BatchBytesOf(table_.session()->budget())) Deal();
}

void ColumnUpdates::Deal() {
  if (!spilled_ || kept_.empty()) return;
  Bucket all = Join(kept_);
  const RecordBatch values{.schema = schema_, .num_rows = all.columns[0]->length, .columns = std::move(all.columns)};
  kept_.clear();
  kept_bytes_ = 0;
  std::vector<std::pair<std::vector<int64_t>, Uses>> parts(num_buckets_);  // rows of the values, each once, and what they are for
  std::vector<size_t> order(all.from.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](size_t i) { return all.from[i]; });
  for (const size_t i : order) {
    auto& [rows, uses] = parts[BucketOf(all.addresses[i])];
    if (rows.empty() || rows.back() != all.from[i]) rows.push_back(all.from[i]);
    uses.Add(all.addresses[i], rows.size() - 1);
  }
  for (size_t bucket = 0; bucket < num_buckets_; ++bucket) {
    auto& [rows, uses] = parts[bucket];
    if (rows.empty()) continue;
    places_[bucket].push_back({spilled_->Append(TakeBatch(values, rows)), spilled_uses_->Append(uses.Finish())});
  }
}

ColumnUpdates::Bucket ColumnUpdates::Load(size_t bucket) const {
  if (!spilled_) return Join(kept_);
  std::vector<Piece> pieces;
  for (const Place& place : places_[bucket]) pieces.push_back({spilled_->Read(place.values), spilled_uses_->Read(place.uses)});
  return Join(pieces);
}

ColumnUpdates::Bucket ColumnUpdates::Join(std::span<const Piece> pieces) const {
  Bucket joined;
  if (pieces.empty()) return joined;
  std::vector<std::pair<uint64_t, int64_t>> uses;
  int64_t start = 0;
  for (const Piece& piece : pieces) {
    const std::span<const uint64_t> addresses = query::UInt64Values(*piece.uses.columns[0]), from = query::UInt64Values(*piece.uses.columns[1]);
    for (size_t i = 0; i < addresses.size(); ++i) uses.emplace_back(addresses[i], start + static_cast<int64_t>(from[i]));
    start += piece.values.num_rows;
  }
  std::ranges::sort(uses);
  for (const auto& [address, from] : uses) {
    joined.addresses.push_back(address);
    joined.from.push_back(from);
  }
  for (size_t column = 0; column < schema_->fields.size(); ++column) {
    std::vector<ArrayPtr> arrays;
    for (const Piece& piece : pieces) arrays.push_back(piece.values.columns[column]);
    joined.columns.push_back(ConcatArrays(arrays));
  }
  return joined;
}

void UpdateCursor::Advance(size_t count) {
  at_ += count;
  Fill();
}

void UpdateCursor::Fill() {
  while (at_ == bucket_.addresses.size() && next_bucket_ < updates_.num_buckets()) {
    sizes_.reset();
    bucket_ = {};
    bucket_ = updates_.Load(next_bucket_++);
    at_ = 0;
    sizes_.emplace(bucket_.columns);
  }
}

}  // namespace eider::mutate
