#include "eider/page/mini_block_read.h"

#include <algorithm>

#include "eider/page/mini_block_decoder.h"
#include "eider/page/unravel.h"

namespace eider::page {
namespace {

/// State first, when the page has none yet; then whatever the derived read plans.
class MiniBlockRead : public PageRead {
 public:
  MiniBlockRead(const MiniBlockDecoder& page, const RowSelection& selection) : page_(page), selection_(selection) {}

  void Want(std::vector<ByteRange>& wants) final {
    if (selection_.count == 0 || planned_) return;
    if (page_.state() == nullptr) return page_.WantState(wants);
    planned_ = true;
    Plan(wants);
  }
  void Feed(std::span<const ByteSpan> bytes) final {
    if (!planned_) return page_.LoadState(bytes);
    chunks_.assign(bytes.begin(), bytes.end());
  }
  void Decode(LeafOutput& out) final {
    if (selection_.count == 0) return;
    std::unique_ptr<codec::DecodedValues> keys;
    const uint64_t first_item = out.layers[0].length;
    codec::DecodedValues* values = page_.BeginValues(out, keys);
    const uint64_t first_value = values->num_values;
    DecodeInto(*values, out);
    if (values->num_values - first_value != out.layers[0].length - first_item) {
      throw Corrupt("mini-block: levels name {} items, values are {}", out.layers[0].length - first_item,
                    values->num_values - first_value);
    }
    page_.EndValues(out, first_item, keys.get());
  }

 protected:
  virtual void Plan(std::vector<ByteRange>& wants) = 0;
  virtual void DecodeInto(codec::DecodedValues& values, LeafOutput& out) = 0;

  const MiniBlockDecoder& page_;
  const RowSelection selection_;
  std::vector<ByteSpan> chunks_;  // fed, in the order wanted
  ChunkView view_;

 private:
  bool planned_ = false;
};

/// Consecutive rows of the selection that lie in one chunk.
struct Run {
  uint32_t chunk;
  uint32_t num_chunks;  // with lists: the last row may go on in the next ones
  uint64_t begin, end;  // of the selection
};

class ItemRead final : public MiniBlockRead {
 public:
  using MiniBlockRead::MiniBlockRead;

 private:
  void Plan(std::vector<ByteRange>& wants) override {
    const RowIndex& index = page_.state()->values;
    for (uint64_t i = 0; i < selection_.count;) {
      const uint32_t row = static_cast<uint32_t>(selection_.Row(i));
      const uint32_t chunk = static_cast<uint32_t>(index.Find(row));
      uint64_t end = i + 1;
      if (selection_.is_range()) {
        end = std::min<uint64_t>(selection_.count, i + (index.start(chunk + 1) - row));
      } else {
        while (end < selection_.count && InChunk(index, chunk, selection_.Row(end))) ++end;
      }
      runs_.push_back({chunk, 1, i, end});
      wants.push_back(page_.ChunkRange(chunk));
      i = end;
    }
  }
  static bool InChunk(const RowIndex& index, size_t chunk, uint64_t row) {
    return row >= index.start(chunk) && row < index.start(chunk + 1);
  }

  void DecodeInto(codec::DecodedValues& values, LeafOutput& out) override {
    if (!page_.has_def()) UnravelAllValid(page_.layers(), selection_.count, out);
    if (!selection_.is_range()) levels_.reserve(selection_.count);
    for (size_t k = 0; k < runs_.size(); ++k) {
      InContext([&] { return fmt::format("chunk {}", runs_[k].chunk); }, [&] {
        page_.OpenChunk(runs_[k].chunk, chunks_[k], view_);
        if (selection_.is_range()) {
          DecodeRange(runs_[k], values, out);
        } else {
          DecodeRows(runs_[k], values);
        }
      });
    }
    if (page_.has_def() && !selection_.is_range()) UnravelItems(page_.layers(), levels_, out);
  }

  void DecodeRange(const Run& run, codec::DecodedValues& values, LeafOutput& out) {
    const RowIndex& index = page_.state()->values;
    const uint64_t first = selection_.Row(run.begin) - index.start(run.chunk);
    const uint64_t count = run.end - run.begin;
    if (page_.has_def()) {
      levels_.resize(view_.num_levels);
      page_.def().Decode(view_.def, levels_);
      UnravelItems(page_.layers(), std::span(levels_).subspan(first, count), out);
    }
    page_.values().AppendRange(view_.buffers, index.count(run.chunk), first, count, values);
  }

  void DecodeRows(const Run& run, codec::DecodedValues& values) {
    const RowIndex& index = page_.state()->values;
    const uint32_t start = index.start(run.chunk);
    positions_.clear();
    for (uint64_t i = run.begin; i < run.end; ++i) {
      positions_.push_back(static_cast<uint32_t>(selection_.Row(i)) - start);
    }
    if (page_.has_def()) {
      for (const uint32_t at : positions_) levels_.push_back(page_.def().At(view_.def, view_.num_levels, at));
    }
    page_.values().AppendAt(view_.buffers, index.count(run.chunk), positions_, values);
  }

  std::vector<Run> runs_;
  std::vector<uint16_t> levels_;
  std::vector<uint32_t> positions_;
};

/// The levels of one chunk, and where rows and values start in it.
struct ChunkLevels {
  std::vector<uint16_t> rep, def;
  std::vector<uint32_t> row_levels;  // level at which the k-th row starts, and one last entry: the number of levels
  std::vector<uint32_t> row_values;  // visible items before it, and the total
};

class ListRead final : public MiniBlockRead {
 public:
  using MiniBlockRead::MiniBlockRead;

 private:
  void Plan(std::vector<ByteRange>& wants) override {
    const RowIndex& rows = page_.state()->rows;
    for (uint64_t i = 0; i < selection_.count;) {
      const uint32_t row = static_cast<uint32_t>(selection_.Row(i));
      const uint32_t chunk = static_cast<uint32_t>(rows.Find(row));
      uint64_t end = selection_.count;
      uint32_t last = static_cast<uint32_t>(rows.Find(static_cast<uint32_t>(selection_.Row(end - 1))));
      if (!selection_.is_range()) {
        end = i + 1;
        while (end < selection_.count && !GoesOn(chunk, selection_.Row(end - 1)) && StartsIn(chunk, selection_.Row(end))) ++end;
        last = chunk;
      }
      while (GoesOn(last, selection_.Row(end - 1))) ++last;
      runs_.push_back({chunk, last - chunk + 1, i, end});
      for (uint32_t c = chunk; c <= last; ++c) wants.push_back(page_.ChunkRange(c));
      i = end;
    }
  }
  bool StartsIn(uint32_t chunk, uint64_t row) const {
    const RowIndex& rows = page_.state()->rows;
    return row >= rows.start(chunk) && row < rows.start(chunk + 1);
  }
  // The row, begun in or before this chunk, is its last one and not finished by it.
  bool GoesOn(uint32_t chunk, uint64_t row) const {
    return page_.state()->unfinished[chunk] && page_.state()->rows.start(chunk + 1) == row + 1;
  }

  void DecodeInto(codec::DecodedValues& values, LeafOutput& out) override {
    size_t fed = 0;
    for (const Run& run : runs_) {
      for (uint32_t k = 0; k < run.num_chunks; ++k, ++fed) {
        InContext([&] { return fmt::format("chunk {}", run.chunk + k); }, [&] {
          DecodeLevels(run.chunk + k, chunks_[fed]);
          BeginSelection();
          if (selection_.is_range()) {
            SelectRange(run.chunk + k, k == 0);
          } else {
            SelectRows(run, run.chunk + k, k == 0);
          }
          Append(run.chunk + k, values, out);
        });
      }
    }
  }

  void DecodeLevels(uint32_t chunk, ByteSpan bytes) {
    page_.OpenChunk(chunk, bytes, view_);
    ChunkLevels& l = levels_;
    l.rep.resize(view_.num_levels);
    page_.rep().Decode(view_.rep, l.rep);
    if (page_.has_def()) {
      l.def.resize(view_.num_levels);
      page_.def().Decode(view_.def, l.def);
    }
    l.row_levels.clear(), l.row_values.clear();
    const uint16_t max_rep = page_.layers().max_rep(), visible = page_.layers().max_visible_def();
    uint32_t values = 0;
    for (uint32_t i = 0; i < view_.num_levels; ++i) {
      if (l.rep[i] == max_rep) {
        l.row_levels.push_back(i);
        l.row_values.push_back(values);
      }
      values += l.def.empty() || l.def[i] <= visible;
    }
    l.row_levels.push_back(view_.num_levels);
    l.row_values.push_back(values);
    CheckLevels(chunk);
  }
  void CheckLevels(uint32_t chunk) const {
    const MiniBlockState& state = *page_.state();
    const uint32_t rows = static_cast<uint32_t>(levels_.row_levels.size() - 1);
    if (rows != state.rows.count(chunk)) {
      throw Corrupt("{} rows start here, the repetition index says {}", rows, state.rows.count(chunk));
    }
    if (levels_.row_values.back() != state.values.count(chunk)) {
      throw Corrupt("levels name {} items, the chunk table says {}", levels_.row_values.back(), state.values.count(chunk));
    }
    if (levels_.row_levels[0] != 0 && (chunk == 0 || !state.unfinished[chunk - 1])) {
      throw Corrupt("starts with {} levels of no row", levels_.row_levels[0]);
    }
  }

  void BeginSelection() {
    rep_.clear(), def_.clear(), positions_.clear();
    value_begin_ = value_end_ = 0;
  }
  // Takes levels and values of [begin, end); rows of one chunk may come in any order.
  void Select(uint32_t level_begin, uint32_t level_end, uint32_t value_begin, uint32_t value_end) {
    rep_.insert(rep_.end(), levels_.rep.begin() + level_begin, levels_.rep.begin() + level_end);
    if (page_.has_def()) def_.insert(def_.end(), levels_.def.begin() + level_begin, levels_.def.begin() + level_end);
    if (selection_.is_range()) {
      value_begin_ = value_begin, value_end_ = value_end;
    } else {
      for (uint32_t v = value_begin; v < value_end; ++v) positions_.push_back(v);
    }
  }
  void SelectRange(uint32_t chunk, bool first_chunk) {
    const RowIndex& rows = page_.state()->rows;
    const ChunkLevels& l = levels_;
    const uint64_t end_row = selection_.first + selection_.count;
    const size_t a = first_chunk ? selection_.first - rows.start(chunk) : 0;
    const size_t b = end_row < rows.start(chunk + 1) ? end_row - rows.start(chunk) : rows.count(chunk);
    const bool preamble = !first_chunk;
    Select(preamble ? 0 : l.row_levels[a], l.row_levels[b], preamble ? 0 : l.row_values[a], l.row_values[b]);
  }
  void SelectRows(const Run& run, uint32_t chunk, bool first_chunk) {
    const ChunkLevels& l = levels_;
    if (!first_chunk) return Select(0, l.row_levels[0], 0, l.row_values[0]);
    const uint32_t start = page_.state()->rows.start(chunk);
    for (uint64_t i = run.begin; i < run.end; ++i) {
      const size_t k = selection_.Row(i) - start;
      Select(l.row_levels[k], l.row_levels[k + 1], l.row_values[k], l.row_values[k + 1]);
    }
  }
  void Append(uint32_t chunk, codec::DecodedValues& values, LeafOutput& out) {
    UnravelLists(page_.layers(), rep_, def_, out);
    const uint32_t count = page_.state()->values.count(chunk);
    if (selection_.is_range()) {
      if (value_end_ > value_begin_) {
        page_.values().AppendRange(view_.buffers, count, value_begin_, value_end_ - value_begin_, values);
      }
    } else if (!positions_.empty()) {
      page_.values().AppendAt(view_.buffers, count, positions_, values);
    }
  }

  std::vector<Run> runs_;
  ChunkLevels levels_;
  std::vector<uint16_t> rep_, def_;
  std::vector<uint32_t> positions_;
  uint32_t value_begin_ = 0, value_end_ = 0;
};

}  // namespace

std::unique_ptr<PageRead> MakeMiniBlockItemRead(const MiniBlockDecoder& page, const RowSelection& selection) {
  return std::make_unique<ItemRead>(page, selection);
}
std::unique_ptr<PageRead> MakeMiniBlockListRead(const MiniBlockDecoder& page, const RowSelection& selection) {
  return std::make_unique<ListRead>(page, selection);
}

}  // namespace eider::page
