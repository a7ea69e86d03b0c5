#include "eider/page/chunk_levels.h"

#include "eider/kernel/levels.h"

namespace eider::page {
namespace {

// Above this many rows in one chunk, decoding all its levels costs less than asking for each row.
constexpr uint64_t kMaxMaskedRows = 24;

}  // namespace

void ChunkLevels::Open(uint32_t chunk, const ChunkView& view, uint64_t num_rows) {
  chunk_ = chunk;
  view_ = &view;
  num_rows_ = page_.state()->rows.count(chunk);
  masked_ = num_rows > 0 && num_rows <= kMaxMaskedRows;
  masked_ ? BuildMasks() : Decode();
}

void ChunkLevels::Decode() {
  rep_.resize(view_->num_levels);
  page_.rep().Decode(view_->rep, rep_);
  if (page_.has_def()) {
    def_.resize(view_->num_levels);
    page_.def().Decode(view_->def, def_);
  }
  const uint16_t max_rep = page_.layers().max_rep(), visible = page_.layers().max_visible_def();
  row_levels_.resize(view_->num_levels + 1), row_values_.resize(view_->num_levels + 1);
  uint32_t rows = 0, values = 0;
  for (uint32_t i = 0; i < view_->num_levels; ++i) {
    row_levels_[rows] = i;
    row_values_[rows] = values;
    rows += rep_[i] == max_rep;
    values += def_.empty() || def_[i] <= visible;
  }
  row_levels_.resize(rows), row_values_.resize(rows);
  Check(rows, values, rows > 0 && row_levels_[0] == 0);
  row_levels_.push_back(view_->num_levels);
  row_values_.push_back(values);
}

void ChunkLevels::BuildMasks() {
  const uint32_t n = view_->num_levels;
  const size_t words = kernel::MaskWords(n);
  row_mask_.resize(words);
  // Bit-packed levels answer as they are; run-length ones are decoded first.
  rep_.clear();
  if (page_.rep().has_random_access()) {
    page_.rep().MaskEqual(view_->rep, n, page_.layers().max_rep(), row_mask_.data());
  } else {
    rep_.resize(n);
    page_.rep().Decode(view_->rep, rep_);
    kernel::LevelsEqual(rep_, page_.layers().max_rep(), row_mask_.data());
  }
  BuildValueMask(n, words);
  Check(kernel::CountMask(row_mask_.data(), n), ValuesBefore(n), n > 0 && (row_mask_[0] & 1));
}

void ChunkLevels::BuildValueMask(uint32_t n, size_t words) {
  value_mask_.clear();
  def_.clear();
  if (!page_.has_def()) return;
  const bool packed = page_.def().has_random_access();
  if (!packed) {
    def_.resize(n);
    page_.def().Decode(view_->def, def_);
  }
  const uint16_t visible = page_.layers().max_visible_def();
  if (visible >= page_.layers().max_def()) return;  // every entry has a value
  value_mask_.resize(words);
  if (!packed) return kernel::LevelsAtMost(def_, visible, value_mask_.data());
  page_.def().MaskEqual(view_->def, n, 0, value_mask_.data());
  for (uint16_t d = 1; d <= visible; ++d) {
    scratch_.resize(words);
    page_.def().MaskEqual(view_->def, n, d, scratch_.data());
    for (size_t w = 0; w < words; ++w) value_mask_[w] |= scratch_[w];
  }
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
  return static_cast<uint32_t>(kernel::SelectMask(row_mask_.data(), row_mask_.size(), k));
}

uint32_t ChunkLevels::ValuesBefore(uint32_t level) const {
  return value_mask_.empty() ? level : static_cast<uint32_t>(kernel::CountMask(value_mask_.data(), level));
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
  part.value_end = part.value_begin + (value_mask_.empty() ? part.level_end - part.level_begin
                                                            : static_cast<uint32_t>(kernel::CountMaskRange(
                                                                  value_mask_.data(), part.level_begin, part.level_end)));
  return part;
}

void ChunkLevels::Append(const ChunkPart& part, std::vector<uint16_t>& rep, std::vector<uint16_t>& def) const {
  AppendLevels(page_.rep(), view_->rep, rep_, part, rep);
  if (page_.has_def()) AppendLevels(page_.def(), view_->def, def_, part, def);
}

// `decoded` is empty when the levels are still packed.
void ChunkLevels::AppendLevels(const codec::LevelDecompressor& levels, ByteSpan block, const std::vector<uint16_t>& decoded,
                               const ChunkPart& part, std::vector<uint16_t>& out) const {
  if (!decoded.empty()) {
    out.insert(out.end(), decoded.begin() + part.level_begin, decoded.begin() + part.level_end);
    return;
  }
  for (uint32_t i = part.level_begin; i < part.level_end; ++i) out.push_back(levels.At(block, view_->num_levels, i));
}

}  // namespace eider::page
