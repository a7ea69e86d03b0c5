#include "eider/query/resident_rows.h"

#include <algorithm>
#include <vector>

#include "eider/array/take.h"
#include "eider/query/batch_cutter.h"

namespace eider::query {
namespace {

/// Of the budget; for a moment, while they are put together, twice that. Offsets of texts are of 32 bits.
constexpr uint64_t kShare = 8, kMostBytes = 1 << 30;

}  // namespace

std::shared_ptr<const ResidentRows> ResidentRows::Read(const TableReader& table, const ReadPlan& plan, const ScanOptions& options) {
  if (plan.has_blobs() || std::ranges::any_of(plan.schema()->fields, HasDictionary)) return nullptr;
  MemoryBudget& budget = table.session()->budget();
  const uint64_t most = std::min(budget.limit_bytes() / kShare, kMostBytes);
  if (plan.fixed_bytes_per_row() * table.num_rows() > most) return nullptr;
  ScanOptions all = options;
  all.order_by.clear();
  all.limit = all.offset = std::nullopt;
  all.in_order = true;
  std::vector<RecordBatch> parts;
  uint64_t bytes = 0;
  const std::unique_ptr<RecordBatchReader> reader = table.Scan(all);
  while (std::optional<RecordBatch> part = reader->Next()) {
    bytes += BatchBytes(*part);
    if (bytes > most) return nullptr;
    parts.push_back(*std::move(part));
  }
  std::optional<BudgetCharge> charge = BudgetCharge::Try(budget, bytes);
  if (!charge || parts.empty()) return nullptr;
  return std::shared_ptr<const ResidentRows>(new ResidentRows(*std::move(charge), ConcatBatches(plan.schema(), std::move(parts))));
}

ResidentRows::ResidentRows(BudgetCharge charge, RecordBatch batch) : charge_(std::move(charge)), batch_(std::move(batch)) {}

RecordBatch ResidentRows::Take(std::span<const uint64_t> positions) const {
  const std::vector<int64_t> rows(positions.begin(), positions.end());
  return TakeBatch(batch_, rows);
}

}  // namespace eider::query
