#include "eider/query/sort_source.h"

#include <algorithm>
#include <cstring>

#include "eider/array/types.h"
#include "eider/base/memory.h"
#include "eider/page/page_statistics.h"

namespace eider::query {
namespace {

constexpr size_t kKeyTaskRuns = 64;

ArrayPtr OneValue(const TypePtr& type, const std::string& value) {
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = 1;
  array->null_count = 0;
  const Buffer bytes = CopyToBuffer({reinterpret_cast<const uint8_t*>(value.data()), value.size()});
  if (FixedBitWidth(*type) > 0) {
    array->buffers = {bytes};
    return array;
  }
  const int64_t offsets[2] = {0, static_cast<int64_t>(value.size())};
  array->type = MakeType(TypeId::kLargeBinary);
  array->buffers = {CopyToBuffer({reinterpret_cast<const uint8_t*>(offsets), sizeof offsets}), bytes};
  return array;
}

/// A bound of a float may be a zero of the other sign than some value: takes the one that comes first.
void FixZero(const DataType& type, bool ascending, std::string& value) {
  if (type.id != TypeId::kFloat && type.id != TypeId::kDouble) return;
  if (std::any_of(value.begin(), value.end() - 1, [](char c) { return c != 0; }) || (value.back() & 0x7F) != 0) return;
  value.back() = static_cast<char>(ascending ? 0x80 : 0);
}

bool HasBounds(const DataType& type) {
  switch (type.id) {
    case TypeId::kBool: case TypeId::kHalfFloat: case TypeId::kDecimal128: case TypeId::kDecimal256: case TypeId::kFixedSizeBinary: return false;
    case TypeId::kUtf8: case TypeId::kLargeUtf8: return true;
    default: return FixedBitWidth(type) > 0 && type.id != TypeId::kFixedSizeList && type.id != TypeId::kDictionary;
  }
}

/// Rank and word that no row of the page has less of.
std::pair<uint8_t, uint64_t> FirstOf(const file::PageFacts& page, const TypePtr& type, const SortKey& key) {
  const page::PageStatistics& known = *page.statistics;
  if (known.null_count == page.num_rows) return {key.nulls_first ? 0 : 2, 0};
  if ((key.nulls_first && known.null_count != 0u) || !HasBounds(*type) || !known.min || !known.max) return {0, 0};
  if (!key.ascending && known.has_nan) return {1, 0};
  std::string value = key.ascending ? *known.min : *known.max;
  const uint64_t width = FixedBitWidth(*type) / 8;
  if (width > 0 && value.size() != width) return {0, 0};
  FixZero(*type, key.ascending, value);
  uint64_t word = 0;
  SortColumn(OneValue(type, value), key).Words(0, {&word, 1});
  return {1, word};
}

}  // namespace

SortSource::SortSource(const TableReader& table, const RowFilter* filter, const ReadPlan& keys, const ScanOptions& options) : table_(table) {
  const bool prunes = filter && !options.include_deleted_rows;  // it counts live rows
  const std::optional<Pruning> pruning = prunes ? std::make_optional<Pruning>(table, filter->expression(), filter->plan()) : std::nullopt;
  FragmentRows fragments(table, options);
  while (const std::optional<RowRun> fragment = fragments.Next(true)) {
    const RowRanges all{{0, fragment->count}};
    AddFragment(fragment->fragment, pruning ? pruning->Candidates(fragment->fragment, table.context(nullptr)) : all, keys, options);
  }
  std::ranges::stable_sort(pieces_, [](const Piece& a, const Piece& b) { return a.rank != b.rank ? a.rank < b.rank : a.word < b.word; });
}

void SortSource::AddFragment(size_t index, const RowRanges& candidates, const ReadPlan& keys, const ScanOptions& options) {
  const file::ReadContext context = table_.context(nullptr);
  const FragmentReader& fragment = table_.fragment(index);
  const SortKey& key = options.order_by[0];
  const LanceField* leaf = options.limit && !options.include_deleted_rows ? FindFlatLeaf(keys.projected(), key.column) : nullptr;
  const std::vector<file::PageFacts> facts = leaf ? fragment.Facts(keys, leaf->id, context) : std::vector<file::PageFacts>();
  const auto add = [&](const RowRanges& ranges, uint8_t rank, uint64_t word) {
    for (RowRun& run : ToRuns(index, ranges)) pieces_.push_back({rank, word, std::move(run)});
  };
  if (facts.empty()) return add(candidates, 0, 0);
  for (const file::PageFacts& page : facts) {
    const RowRanges rows = Intersect(candidates, ToLive({{page.first_row, page.num_rows}}, fragment.deletions(context)));
    if (rows.empty()) continue;
    const auto [rank, word] = FirstOf(page, ToArrowField(*leaf).type, key);
    add(rows, rank, word);
  }
}

bool SortSource::FindRun(const SortBoundPtr& bound) {
  while (run_.size() == 0) {
    if (next_ == pieces_.size()) return false;
    Piece& piece = pieces_[next_++];
    const auto first = std::pair(piece.rank, piece.word);
    // Pieces come by their first values: those that follow are no better.
    if (bound && first > std::pair(bound->record().rank, bound->record().word)) {
      next_ = pieces_.size();
      return false;
    }
    run_ = std::move(piece.run);
  }
  return true;
}

std::vector<RowRun> SortSource::Next(uint64_t rows, const SortBoundPtr& bound) {
  std::vector<RowRun> runs;
  for (uint64_t found = 0; found < rows && runs.size() < kKeyTaskRuns;) {
    if (!FindRun(bound)) break;
    runs.push_back(run_.Cut(std::min(run_.size(), rows - found)));
    found += runs.back().size();
  }
  return runs;
}

}  // namespace eider::query
