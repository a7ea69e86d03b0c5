#include "eider/query/row_width.h"

#include <algorithm>

#include "eider/array/row_sizes.h"
#include "eider/base/memory_budget.h"
#include "eider/query/ordered_tasks.h"

namespace eider::query {
namespace {

/// What is read first where nothing is known but what files store: that may be compressed, a page of few bytes may hold long strings,
/// and bytes of blobs may lie outside the data files.
constexpr uint64_t kFirstBytes = 1 << 20, kFirstRows = 1024, kFirstBlobRows = 16, kFirstRowsOfNothing = 64, kCompressed = 4;
constexpr uint64_t kLeastTaskBytes = 64 << 10;

}  // namespace

uint64_t TaskBytes(Session& session, uint64_t parts, uint64_t most) {
  const uint64_t share = session.budget().limit_bytes() / (parts * TasksAtOnce(session.cpu_pool()));
  return std::clamp(share, kLeastTaskBytes, most);
}

RowWidth::RowWidth(std::shared_ptr<const TableReader> table, ReadPlanPtr plan, bool makes_any_width)
    : table_(std::move(table)),
      plan_(std::move(plan)),
      fixed_(std::max<uint64_t>(1, plan_->fixed_bytes_per_row())),
      makes_any_width_(makes_any_width),
      is_variable_(makes_any_width || plan_->has_variable_columns() || plan_->has_blobs()) {}

void RowWidth::Learn(const RecordBatch& batch) const {
  Learn(static_cast<uint64_t>(batch.num_rows), BytesOfRows(batch), DictionaryBytes(batch));
}

void RowWidth::Learn(uint64_t rows, uint64_t bytes, uint64_t dictionary_bytes) const {
  for (uint64_t most = read_bytes(); most < dictionary_bytes && !read_bytes_.compare_exchange_weak(most, dictionary_bytes);) {}
  if (rows > 0) {
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    rows_.fetch_add(rows, std::memory_order_relaxed);
    latest_.store(bytes / rows, std::memory_order_relaxed);
  }
  has_learnt_.store(true, std::memory_order_relaxed);
}

uint64_t RowWidth::StoredBytes(size_t fragment) const {
  if (!is_variable_ || fragment >= table_->num_fragments()) return 0;
  uint64_t bytes = 0;
  for (const uint64_t stored : table_->fragment(fragment).StoredBytesPerRow(*plan_, table_->context(nullptr))) bytes += stored;
  return bytes;
}

uint64_t RowWidth::row_bytes(size_t fragment) const {
  const uint64_t rows = rows_.load(std::memory_order_relaxed);
  if (rows == 0) return fixed_ + StoredBytes(fragment);
  // Later rows may be wider than those before.
  return std::max({fixed_, bytes_.load(std::memory_order_relaxed) / rows, latest_.load(std::memory_order_relaxed)});
}

uint64_t RowWidth::RowsIn(uint64_t bytes, size_t fragment) const {
  if (!is_unknown()) return std::max<uint64_t>(1, bytes / row_bytes(fragment));
  const uint64_t stored = StoredBytes(fragment);
  const uint64_t most = plan_->has_blobs() ? kFirstBlobRows : stored == 0 || makes_any_width_ ? kFirstRowsOfNothing : kFirstRows;
  return std::clamp<uint64_t>(std::min(bytes, kFirstBytes) / (fixed_ + kCompressed * stored), 1, most);
}

}  // namespace eider::query
