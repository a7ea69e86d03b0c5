#include "eider/query/row_id_index.h"

#include <algorithm>

#include "eider/base/error.h"

namespace eider::query {

void RowIdIndex::Append(uint64_t id, uint64_t count) {
  if (count == 0) return;
  const bool goes_on = !runs_.empty() && runs_.back().id + runs_.back().count == id && runs_.back().position + runs_.back().count == num_rows_;
  if (goes_on) runs_.back().count += count;
  else runs_.push_back({id, count, num_rows_});
  num_rows_ += count;
}

void RowIdIndex::Add(const rows::RowIdSequence& ids, const rows::DeletionVector* deleted) {
  const std::vector<uint32_t> gone = deleted ? deleted->Offsets() : std::vector<uint32_t>();
  auto next_gone = gone.begin();
  uint64_t row = 0;
  const auto is_gone = [&] { return next_gone != gone.end() && *next_gone == row; };
  for (const rows::RowIdSegment& segment : ids.segments()) {
    for (uint64_t i = 0; i < segment.count;) {
      if (is_gone()) {
        ++next_gone, ++row, ++i;
        continue;
      }
      const uint64_t until_gone = next_gone == gone.end() ? UINT64_MAX : *next_gone - row;
      const uint64_t count = segment.values.empty() ? std::min(segment.count - i, until_gone) : 1;
      Append(segment.values.empty() ? segment.start + i : segment.values[i], count);
      row += count;
      i += count;
    }
  }
}

void RowIdIndex::Finish() {
  std::ranges::sort(runs_, {}, &Run::id);
  for (size_t i = 1; i < runs_.size(); ++i) {
    if (runs_[i].id - runs_[i - 1].id < runs_[i - 1].count) throw Corrupt("row ids: two rows have the id {}", runs_[i].id);
  }
}

std::optional<uint64_t> RowIdIndex::Find(uint64_t id) const {
  const auto after = std::ranges::upper_bound(runs_, id, {}, &Run::id);
  if (after == runs_.begin()) return std::nullopt;
  const Run& run = *std::prev(after);
  if (id - run.id >= run.count) return std::nullopt;
  return run.position + (id - run.id);
}

}  // namespace eider::query
