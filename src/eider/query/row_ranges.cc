#include "eider/query/row_ranges.h"

#include <algorithm>

namespace eider::query {

RowRanges Normalize(RowRanges ranges) {
  std::erase_if(ranges, [](const rows::RowRange& range) { return range.count == 0; });
  std::ranges::sort(ranges, {}, &rows::RowRange::first);
  RowRanges out;
  for (const rows::RowRange& range : ranges) {
    if (out.empty() || out.back().end() < range.first) out.push_back(range);
    else out.back().count = std::max(out.back().end(), range.end()) - out.back().first;
  }
  return out;
}

RowRanges Intersect(const RowRanges& a, const RowRanges& b) {
  RowRanges out;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const uint64_t first = std::max(a[i].first, b[j].first), end = std::min(a[i].end(), b[j].end());
    if (first < end) out.push_back({first, end - first});
    if (a[i].end() < b[j].end()) ++i;
    else ++j;
  }
  return out;
}

RowRanges ToLive(const RowRanges& physical, const rows::DeletionVector* deleted) {
  if (!deleted) return physical;
  RowRanges live;
  for (const rows::RowRange& range : physical) {
    const uint64_t first = deleted->CountLive(range.first);
    live.push_back({first, deleted->CountLive(range.end()) - first});
  }
  return Normalize(std::move(live));
}

}  // namespace eider::query
