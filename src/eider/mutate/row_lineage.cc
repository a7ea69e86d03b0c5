#include "eider/mutate/row_lineage.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/rows/row_id_sequence.h"
#include "eider/rows/row_versions.h"

namespace eider::mutate {
namespace {

constexpr size_t kIds = 0, kCreatedAt = 1, kLastUpdatedAt = 2;

const char* NameOf(query::SystemColumn column) { return query::kSystemColumnNames[static_cast<size_t>(column)]; }

}  // namespace

RowLineage::RowLineage(const table::Manifest& manifest, Rewriting rewriting) {
  if (!manifest.uses_stable_row_ids()) return;
  columns_ = {NameOf(query::SystemColumn::kRowId), NameOf(query::SystemColumn::kCreatedAt)};
  if (rewriting == Rewriting::kMove) columns_.push_back(NameOf(query::SystemColumn::kLastUpdatedAt));
  runs_.resize(columns_.size());
}

void RowLineage::AddColumns(ScanOptions* options) const {
  options->columns->insert(options->columns->end(), columns_.begin(), columns_.end());
}

void RowLineage::Take(RecordBatch* batch) {
  const size_t first = batch->columns.size() - columns_.size();
  for (size_t i = 0; i < columns_.size(); ++i) {
    std::vector<Run>& runs = runs_[i];
    const uint64_t step = i == kIds ? 1 : 0;
    for (const uint64_t value : query::UInt64Values(*batch->columns[first + i])) {
      if (!runs.empty() && value == runs.back().start + step * runs.back().count) ++runs.back().count;
      else runs.push_back({value, 1});
    }
  }
  batch->columns.resize(first);
}

/// Hands out what runs hold, piece by piece.
class RowLineage::Runs {
 public:
  explicit Runs(const std::vector<Run>& runs) : runs_(runs) {}
  /// `take(start, skipped, count)` for the pieces of at most `count` more values.
  template <typename TakePiece>
  void Next(uint64_t count, const TakePiece& take) {
    for (; count > 0 && run_ < runs_.size(); skipped_ = 0, ++run_) {
      const uint64_t n = std::min(count, runs_[run_].count - skipped_);
      take(runs_[run_].start, skipped_, n);
      count -= n;
      skipped_ += n;
      if (skipped_ < runs_[run_].count) return;
    }
  }

 private:
  const std::vector<Run>& runs_;
  size_t run_ = 0;
  uint64_t skipped_ = 0;
};

void RowLineage::GiveTo(std::span<table::DataFragmentProto> fragments) const {
  if (columns_.empty()) return;
  std::vector<Runs> rest(runs_.begin(), runs_.end());
  const auto versions = [&](size_t column, uint64_t count) {
    rows::RowVersions out;
    rest[column].Next(count, [&](uint64_t version, uint64_t, uint64_t n) { out.Append(version, n); });
    return out.Serialize();
  };
  for (table::DataFragmentProto& fragment : fragments) {
    const uint64_t num_rows = fragment.physical_rows();
    std::vector<uint64_t> ids;
    ids.reserve(num_rows);
    rest[kIds].Next(num_rows, [&](uint64_t start, uint64_t skipped, uint64_t n) {
      for (uint64_t i = 0; i < n; ++i) ids.push_back(start + skipped + i);
    });
    fragment.set_inline_row_ids(rows::RowIdSequence::FromIds(ids).Serialize());
    fragment.set_inline_created_at_versions(versions(kCreatedAt, num_rows));
    if (columns_.size() > kLastUpdatedAt) fragment.set_inline_last_updated_at_versions(versions(kLastUpdatedAt, num_rows));
  }
}

}  // namespace eider::mutate
