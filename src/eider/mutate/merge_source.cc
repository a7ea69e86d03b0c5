#include "eider/mutate/merge_source.h"

#include <eider/interrupt.h>

#include <algorithm>

#include "eider/array/take.h"

namespace eider::mutate {
namespace {

constexpr const char* kRowsToMerge = "rows to merge";
constexpr size_t kSpillFiles = 64;
constexpr uint64_t kMostKept = uint64_t{1} << 30;

/// What the index and the marks of a row take.
constexpr uint64_t kRowWeight = 80;

uint64_t Weigh(const RecordBatch& batch) { return BatchBytes(batch) + kRowWeight * static_cast<uint64_t>(batch.num_rows); }

/// The index of a key takes its low and high bits; these are others.
size_t FileOf(uint64_t hash) { return (hash >> 20) % kSpillFiles; }
uint64_t PassOf(uint64_t hash, uint64_t num_passes) { return (hash >> 26 & 0xFFFFFF) % num_passes; }

}  // namespace

MergeSource::MergeSource(RecordBatchReader& data, std::vector<std::string> on, MemoryBudget& budget)
    : schema_(data.schema()),
      on_(std::move(on)),
      keys_(on_, *schema_),
      budget_(budget),
      share_(std::max<uint64_t>(budget.limit_bytes() / 4, 64 << 10)) {
  kept_.charge = BudgetCharge(budget, 0, kRowsToMerge);
  while (std::optional<RecordBatch> batch = data.Next()) {
    CheckInterrupt();
    if (batch->num_rows == 0) continue;
    if (files_.empty() && IsTight(*batch)) SpillAll();
    if (files_.empty()) Keep(std::move(*batch));
    else Spill(*batch);
  }
  if (files_.empty()) parts_.push_back({0, 0, 1});
  for (size_t file = 0; file < files_.size(); ++file) {
    const uint64_t passes = files_[file].weight / share_ + 1;
    for (uint64_t pass = 0; pass < passes && files_[file].weight > 0; ++pass) parts_.push_back({file, pass, passes});
  }
}

bool MergeSource::IsTight(const RecordBatch& batch) const {
  const uint64_t more = Weigh(batch), limit = budget_.limit_bytes();
  return kept_weight_ + more > share_ || budget_.used_bytes() + more > limit - limit / 8 ||
         kept_.num_rows + static_cast<uint64_t>(batch.num_rows) > kMostKept;
}

void MergeSource::Keep(RecordBatch batch) {
  kept_.charge.Resize(kept_.charge.bytes() + BatchBytes(batch), kRowsToMerge);
  kept_weight_ += Weigh(batch);
  kept_.num_rows += static_cast<uint64_t>(batch.num_rows);
  kept_.batches.push_back(std::move(batch));
}

void MergeSource::SpillAll() {
  spilled_.emplace(schema_);
  files_.resize(kSpillFiles);
  for (RecordBatch& batch : kept_.batches) Spill(std::exchange(batch, {}));
  kept_.batches.clear();
  kept_.num_rows = 0;
  kept_.charge.Resize(0, kRowsToMerge);
}

void MergeSource::Spill(const RecordBatch& batch) {
  const uint64_t row_bytes = BatchBytes(batch) / static_cast<uint64_t>(batch.num_rows) + 1;
  const auto rows = static_cast<int64_t>(std::clamp<uint64_t>(BatchBytesOf(budget_) / row_bytes, 1, 1 << 16));
  for (int64_t first = 0; first < batch.num_rows; first += rows) {
    SpillSlice(SliceBatch(batch, first, std::min(rows, batch.num_rows - first)));
  }
}

void MergeSource::SpillSlice(const RecordBatch& slice) {
  CheckInterrupt();
  const JoinKeys keys = KeysOf(slice);
  std::vector<std::vector<int64_t>> rows(kSpillFiles);
  for (int64_t row = 0; row < slice.num_rows; ++row) rows[FileOf(keys.HashAt(row))].push_back(row);
  for (size_t file = 0; file < kSpillFiles; ++file) {
    if (rows[file].empty()) continue;
    const auto& place = files_[file].places.emplace_back(spilled_->Append(TakeBatch(slice, rows[file])));
    files_[file].weight += place.bytes + kRowWeight * rows[file].size();
  }
}

MergeSource::Part MergeSource::Load(size_t part) const {
  if (files_.empty()) return {kept_.batches, kept_.num_rows, {}};
  Part loaded{.batches = {}, .num_rows = 0, .charge = BudgetCharge(budget_, 0, kRowsToMerge)};
  const FilePart& from = parts_[part];
  for (const query::SpilledBatches::Place& place : files_[from.file].places) {
    CheckInterrupt();
    RecordBatch batch = spilled_->Read(place);
    const auto all_rows = static_cast<uint64_t>(batch.num_rows);
    if (from.num_passes > 1) {
      const JoinKeys keys = KeysOf(batch);
      std::vector<int64_t> rows;
      for (int64_t row = 0; row < batch.num_rows; ++row) {
        if (PassOf(keys.HashAt(row), from.num_passes) == from.pass) rows.push_back(row);
      }
      batch = TakeBatch(batch, rows);
    }
    if (batch.num_rows == 0) continue;
    const auto num_rows = static_cast<uint64_t>(batch.num_rows);
    loaded.charge.Resize(loaded.charge.bytes() + place.bytes * num_rows / all_rows, kRowsToMerge);
    loaded.num_rows += num_rows;
    loaded.batches.push_back(std::move(batch));
  }
  return loaded;
}

}  // namespace eider::mutate
