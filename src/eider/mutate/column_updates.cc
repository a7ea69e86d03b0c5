#include "eider/mutate/column_updates.h"

#include <algorithm>
#include <numeric>

#include "eider/array/concat.h"
#include "eider/array/take.h"
#include "eider/rows/row_address.h"

namespace eider::mutate {
namespace {

constexpr size_t kMostBuckets = 64;

std::span<const uint64_t> AddressesOf(const RecordBatch& batch) { return query::UInt64Values(*batch.columns.back()); }

}  // namespace

ColumnUpdates::ColumnUpdates(const query::TableReader& table, const Schema& columns, bool spill)
    : table_(table), num_buckets_(spill ? std::clamp<size_t>(table.num_fragments(), 1, kMostBuckets) : 1) {
  Schema schema = columns;
  schema.fields.push_back({.name = "_rowaddr", .type = MakeType(TypeId::kUInt64), .nullable = false});
  schema_ = std::make_shared<const Schema>(std::move(schema));
  if (!spill) return;
  spilled_.emplace(schema_);
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

void ColumnUpdates::Add(const RecordBatch& values) {
  if (!spilled_) return kept_.push_back(values);
  std::vector<std::vector<int64_t>> rows(num_buckets_);
  const std::span<const uint64_t> addresses = AddressesOf(values);
  for (size_t row = 0; row < addresses.size(); ++row) rows[BucketOf(addresses[row])].push_back(static_cast<int64_t>(row));
  for (size_t bucket = 0; bucket < num_buckets_; ++bucket) {
    if (!rows[bucket].empty()) places_[bucket].push_back(spilled_->Append(TakeBatch(values, rows[bucket])));
  }
}

ColumnUpdates::Bucket ColumnUpdates::Load(size_t bucket) const {
  std::vector<RecordBatch> batches = kept_;
  if (spilled_) {
    for (const query::SpilledBatches::Place& place : places_[bucket]) batches.push_back(spilled_->Read(place));
  }
  Bucket loaded{.first_fragment = FirstFragment(bucket), .end_fragment = FirstFragment(bucket + 1), .columns = {}, .addresses = {}};
  if (batches.empty()) return loaded;
  std::vector<uint64_t> unsorted;
  for (const RecordBatch& batch : batches) unsorted.insert(unsorted.end(), AddressesOf(batch).begin(), AddressesOf(batch).end());
  std::vector<int64_t> order(unsorted.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](int64_t i) { return unsorted[static_cast<size_t>(i)]; });
  for (const int64_t i : order) loaded.addresses.push_back(unsorted[static_cast<size_t>(i)]);
  for (size_t column = 0; column + 1 < schema_->fields.size(); ++column) {
    std::vector<ArrayPtr> pieces;
    for (const RecordBatch& batch : batches) pieces.push_back(batch.columns[column]);
    loaded.columns.push_back(TakeArray(ConcatArrays(pieces), order));
  }
  return loaded;
}

}  // namespace eider::mutate
