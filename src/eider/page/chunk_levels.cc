#include "eider/page/chunk_levels.h"

#include <algorithm>

#include "eider/kernel/levels.h"

namespace eider::page {
namespace {

// Above this many rows in one chunk, decoding all its levels costs less than asking for each row.
constexpr uint64_t kMaxMaskedRows = 24;
// Levels that have no addresses are decoded at once for more rows than this.
constexpr uint64_t kMaxExtractedRows = 2;

}  // namespace

void ChunkLevels::Start(uint32_t chunk, const ChunkView& view) {
  chunk_ = chunk;
  view_ = &view;
  num_rows_ = page_.state()->rows.count(chunk);
  rep_ = def_ = {};
  masked_ = false;
}

void ChunkLevels::DecodeLevels() {
  rep_ = Decoded(page_.rep(), view_->rep, scratch_.rep);
  if (page_.has_def()) def_ = Decoded(page_.def(), view_->def, scratch_.def);
}

ChunkPart ChunkLevels::OpenWhole(uint32_t chunk, const ChunkView& view) {
  Start(chunk, view);
  DecodeLevels();
  const uint16_t max_rep = page_.layers().max_rep(), visible = page_.layers().max_visible_def();
  const auto num_levels = static_cast<uint32_t>(rep_.size());
  const size_t rows = num_levels - kernel::CountLevelsAtMost(rep_, static_cast<uint16_t>(max_rep - 1));
  const auto values = static_cast<uint32_t>(def_.empty() ? num_levels : kernel::CountLevelsAtMost(def_, visible));
  Check(rows, values, num_levels > 0 && rep_[0] >= max_rep);
  return {.level_end = num_levels, .value_end = values};
}

void ChunkLevels::Open(uint32_t chunk, const ChunkView& view, uint64_t num_rows) {
  Start(chunk, view);
  masked_ = num_rows > 0 && num_rows <= kMaxMaskedRows;
  few_rows_ = num_rows <= kMaxExtractedRows;
  masked_ ? BuildMasks() : Decode();
}

std::span<const uint16_t> ChunkLevels::Decoded(const codec::LevelDecompressor& levels, ByteSpan block,
                                               std::vector<uint16_t>& buffer) const {
  const std::span<uint16_t> out = LevelScratch::Take(buffer, view_->num_levels);
  levels.Decode(block, out);
  return out;
}

void ChunkLevels::Decode() {
  const uint32_t n = view_->num_levels;
  DecodeLevels();
  const uint16_t max_rep = page_.layers().max_rep(), visible = page_.layers().max_visible_def();
  const std::span<uint32_t> levels = LevelScratch::Take(scratch_.row_levels, n + 1);
  const std::span<uint32_t> row_values = LevelScratch::Take(scratch_.row_values, n + 1);
  uint32_t rows = 0, values = 0;
  for (uint32_t i = 0; i < n; ++i) {
    levels[rows] = i;
    row_values[rows] = values;
    rows += rep_[i] == max_rep;
    values += def_.empty() || def_[i] <= visible;
  }
  Check(rows, values, rows > 0 && levels[0] == 0);
  levels[rows] = n;
  row_values[rows] = values;
  row_levels_ = levels.first(rows + 1), row_values_ = row_values.first(rows + 1);
}

void ChunkLevels::BuildMasks() {
  const uint32_t n = view_->num_levels;
  const size_t words = kernel::MaskWords(n);
  const std::span<uint64_t> rows = LevelScratch::Take(scratch_.row_mask, words);
  page_.rep().MaskEqual(view_->rep, n, page_.layers().max_rep(), rows.data());
  kernel::RankMask(rows.data(), words, LevelScratch::Take(scratch_.rows_before, words + 1).data());
  row_mask_ = rows;
  value_mask_ = {};
  if (page_.has_def() && page_.layers().max_def() == 0) def_ = Decoded(page_.def(), view_->def, scratch_.def);
  if (kernel::MaxLevel(def_) > page_.layers().max_def()) throw Corrupt("definition levels up to {} where all is valid", kernel::MaxLevel(def_));
  const uint16_t visible = page_.layers().max_visible_def();
  if (page_.has_def() && visible < page_.layers().max_def()) {
    const std::span<uint64_t> values = LevelScratch::Take(scratch_.value_mask, words);
    page_.def().MaskAtMost(view_->def, n, visible, values.data());
    kernel::RankMask(values.data(), words, LevelScratch::Take(scratch_.values_before, words + 1).data());
    value_mask_ = values;
  }
  Check(scratch_.rows_before[words], value_mask_.empty() ? n : scratch_.values_before[words], n > 0 && HasRow(0));
}

void ChunkLevels::Check(uint64_t num_rows, uint64_t num_values, bool starts_with_row) const {
  const MiniBlockState& state = *page_.state();
  if (num_rows != num_rows_) throw Corrupt("{} rows start here, the repetition index says {}", num_rows, num_rows_);
  if (num_values != state.values.count(chunk_)) {
    throw Corrupt("levels name {} items, the chunk table says {}", num_values, state.values.count(chunk_));
  }
  if (!starts_with_row && view_->num_levels > 0 && (chunk_ == 0 || !state.unfinished[chunk_ - 1])) {
    throw Corrupt("starts with levels of no row");
  }
}

uint32_t ChunkLevels::LevelOf(uint32_t k) const {
  if (k >= num_rows_) return view_->num_levels;
  if (!masked_) return row_levels_[k];
  return static_cast<uint32_t>(kernel::SelectMask(row_mask_.data(), scratch_.rows_before.data(), row_mask_.size(), k));
}

uint32_t ChunkLevels::ValuesBefore(uint32_t level) const {
  if (value_mask_.empty()) return level;
  return static_cast<uint32_t>(kernel::CountBefore(value_mask_.data(), scratch_.values_before.data(), level));
}

ChunkPart ChunkLevels::Rows(uint32_t k, uint32_t end) const {
  ChunkPart part;
  part.level_begin = k == kFromStart ? 0 : LevelOf(k);
  part.level_end = LevelOf(end);
  if (masked_) {
    part.value_begin = ValuesBefore(part.level_begin);
    part.value_end = ValuesBefore(part.level_end);
  } else {
    part.value_begin = k == kFromStart ? 0 : row_values_[k];
    part.value_end = row_values_[end];
  }
  return part;
}

ChunkPart ChunkLevels::Preamble() const { return Rows(kFromStart, 0); }

ChunkPart ChunkLevels::Row(uint32_t k) const {
  if (!masked_) return Rows(k, k + 1);
  ChunkPart part;
  part.level_begin = LevelOf(k);
  part.level_end = static_cast<uint32_t>(kernel::NextInMask(row_mask_.data(), view_->num_levels, part.level_begin + 1));
  part.value_begin = ValuesBefore(part.level_begin);
  part.value_end = ValuesBefore(part.level_end);
  return part;
}

void ChunkLevels::Append(const ChunkPart& part, std::vector<uint16_t>& rep, std::vector<uint16_t>& def) {
  AppendRep(part, rep);
  if (page_.layers().max_def() > 0) AppendDef(part, def);
}

// With a single list the mask says it all.
void ChunkLevels::AppendRep(const ChunkPart& part, std::vector<uint16_t>& out) {
  const size_t before = out.size(), n = part.level_end - part.level_begin;
  out.resize(before + n);
  if (masked_ && page_.layers().max_rep() == 1) {
    for (size_t i = 0; i < n; ++i) out[before + i] = HasRow(part.level_begin + static_cast<uint32_t>(i));
  } else if (masked_ && (few_rows_ || page_.rep().has_random_access())) {
    page_.rep().Extract(view_->rep, view_->num_levels, part.level_begin, std::span(out).subspan(before));
  } else {
    if (rep_.empty()) rep_ = Decoded(page_.rep(), view_->rep, scratch_.rep);
    std::copy_n(rep_.data() + part.level_begin, n, out.data() + before);
  }
}

void ChunkLevels::AppendDef(const ChunkPart& part, std::vector<uint16_t>& out) {
  const size_t before = out.size(), n = part.level_end - part.level_begin;
  out.resize(before + n);
  if (!page_.has_def()) return;  // all valid
  if (masked_ && page_.layers().max_def() == 1 && !value_mask_.empty()) {
    for (size_t i = 0; i < n; ++i) out[before + i] = !HasValue(part.level_begin + static_cast<uint32_t>(i));
  } else if (masked_ && (few_rows_ || page_.def().has_random_access())) {
    page_.def().Extract(view_->def, view_->num_levels, part.level_begin, std::span(out).subspan(before));
  } else {
    if (def_.empty()) def_ = Decoded(page_.def(), view_->def, scratch_.def);
    std::copy_n(def_.data() + part.level_begin, n, out.data() + before);
  }
}

}  // namespace eider::page
