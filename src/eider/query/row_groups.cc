#include "eider/query/row_groups.h"

#include <algorithm>
#include <numeric>

namespace eider::query {
namespace {

/// Up to here counting costs less than the branches of a search.
constexpr size_t kFewStarts = 24;

}  // namespace

size_t FindFragment(std::span<const uint64_t> starts, uint64_t position) {
  if (starts.size() > kFewStarts) return static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), position) - starts.begin()) - 1;
  size_t before = 0;
  for (const uint64_t start : starts) before += start <= position;
  return before - 1;
}

RowGroups::RowGroups(std::span<const uint64_t> starts, std::span<const uint64_t> positions) : num_rows_(positions.size()) {
  const size_t num_fragments = starts.size() - 1;
  if (num_fragments == 1) {
    groups_.push_back({.live = positions});
    return;
  }
  std::vector<uint32_t> fragment_of(positions.size()), ends(num_fragments + 1);
  for (size_t i = 0; i < positions.size(); ++i) {
    fragment_of[i] = static_cast<uint32_t>(FindFragment(starts, positions[i]));
    ++ends[fragment_of[i] + 1];
    in_order_ = in_order_ && (i == 0 || fragment_of[i - 1] <= fragment_of[i]);
  }
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  live_.resize(positions.size());
  slots_.resize(positions.size());
  std::vector<uint32_t> next(ends.begin(), ends.end() - 1);
  for (size_t i = 0; i < positions.size(); ++i) {
    const uint32_t at = next[fragment_of[i]]++;
    live_[at] = positions[i] - starts[fragment_of[i]];
    slots_[at] = static_cast<uint32_t>(i);
  }
  for (size_t f = 0; f < num_fragments; ++f) {
    const size_t first = ends[f], count = ends[f + 1] - first;
    if (count > 0) groups_.push_back({f, std::span(live_).subspan(first, count), {}, std::span(slots_).subspan(first, count)});
  }
}

std::vector<int64_t> RowGroups::Places() const {
  std::vector<int64_t> places(num_rows_);
  for (size_t at = 0; at < slots_.size(); ++at) places[slots_[at]] = static_cast<int64_t>(at);
  return places;
}

}  // namespace eider::query
