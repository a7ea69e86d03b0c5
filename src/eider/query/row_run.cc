#include "eider/query/row_run.h"

#include <numeric>

#include "eider/base/error.h"

namespace eider::query {
namespace {

/// More ranges than this, shorter than that on the average, are taken row by row.
constexpr size_t kManyRanges = 8;
constexpr uint64_t kShortRange = 64;

}  // namespace

ChosenRows ChosenRows::Cut(size_t n) {
  ChosenRows head = *this;
  head.rows_ = rows_.first(n);
  rows_ = rows_.subspan(n);
  return head;
}

RowRun RowRun::Cut(uint64_t n) {
  if (n == size()) {
    RowRun all = std::move(*this);
    *this = {.fragment = all.fragment, .first = all.first + all.count, .chosen = {}, .known = {}};
    return all;
  }
  RowRun head{.fragment = fragment, .first = first, .count = n, .chosen = {}, .known = {}};
  const auto rows = static_cast<int64_t>(n), left = static_cast<int64_t>(size()) - rows;
  for (ArrayPtr& array : known) {
    if (array) head.known.push_back(SliceArray(array, 0, rows));
    else head.known.push_back(nullptr);
    if (array) array = SliceArray(array, rows, left);
  }
  if (chosen) {
    head.chosen = chosen->Cut(n);
    head.count = chosen->front() - first;
  }
  first += head.count;
  count -= head.count;
  return head;
}

std::vector<RowRun> ToRuns(size_t fragment, const RowRanges& ranges) {
  uint64_t rows = 0;
  for (const rows::RowRange& range : ranges) rows += range.count;
  if (ranges.size() <= kManyRanges || rows >= kShortRange * ranges.size()) {
    std::vector<RowRun> runs;
    for (const rows::RowRange& range : ranges) {
      runs.push_back({.fragment = fragment, .first = range.first, .count = range.count, .chosen = {}, .known = {}});
    }
    return runs;
  }
  std::vector<uint64_t> chosen;
  for (const rows::RowRange& range : ranges) {
    for (uint64_t i = 0; i < range.count; ++i) chosen.push_back(range.first + i);
  }
  const uint64_t first = chosen.front(), count = chosen.back() + 1 - first;
  return {{.fragment = fragment, .first = first, .count = count, .chosen = std::move(chosen), .known = {}}};
}

FragmentRows::FragmentRows(const TableReader& table, const ScanOptions& options)
    : table_(table), include_deleted_(options.include_deleted_rows) {
  if (!options.fragment_ids) {
    fragments_.resize(table.num_fragments());
    std::iota(fragments_.begin(), fragments_.end(), size_t{0});
    return;
  }
  for (const uint64_t id : *options.fragment_ids) {
    const std::optional<size_t> index = table.snapshot().manifest->FindFragment(id);
    if (!index) throw NotFound("fragment {} is not in version {}", id, table.snapshot().version());
    fragments_.push_back(*index);
  }
}

std::optional<RowRun> FragmentRows::Next(bool /*wait*/) {
  while (!exhausted()) {
    const size_t index = fragments_[next_++];
    const FragmentReader& fragment = table_.fragment(index);
    const file::ReadContext context = table_.context(nullptr);
    const uint64_t rows = include_deleted_ ? fragment.physical_rows(context) : fragment.live_rows(context);
    if (rows > 0) return RowRun{.fragment = index, .first = 0, .count = rows, .chosen = {}, .known = {}};
  }
  return std::nullopt;
}

}  // namespace eider::query
