#include "eider/page/mini_block_read.h"

#include <algorithm>
#include <bit>

#include "eider/kernel/levels.h"
#include "eider/page/unravel.h"

namespace eider::page {
namespace {

class MiniBlockItemRead final : public MiniBlockRead {
 public:
  using MiniBlockRead::MiniBlockRead;

 private:
  /// Consecutive rows of the selection that lie in one chunk.
  struct Run {
    uint32_t chunk;
    uint64_t begin, end;  // of the selection
  };

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
      runs_.push_back({chunk, i, end});
      wants.push_back(page_.ChunkRange(chunk));
      i = end;
    }
  }
  static bool InChunk(const RowIndex& index, size_t chunk, uint64_t row) {
    return row >= index.start(chunk) && row < index.start(chunk + 1);
  }

  void DecodeInto(codec::DecodedValues& values, LeafOutput& out) override {
    if (!page_.has_def()) UnravelAllValid(page_.layers(), selection_.count, out);
    if (!selection_.is_range() && page_.has_def()) levels_ = LevelScratch::Take(out.scratch.def, selection_.count);
    for (size_t k = 0; k < runs_.size(); ++k) {
      Prefetch(k);
      InContext([&] { return fmt::format("chunk {}", runs_[k].chunk); }, [&] {
        page_.OpenChunk(runs_[k].chunk, chunks_[k], view_);
        if (selection_.is_range()) {
          DecodeRange(runs_[k], values, out);
          ReserveRest(k, out);
        } else {
          DecodeRows(runs_[k], out.scratch, values);
        }
      });
    }
    if (page_.has_def() && !selection_.is_range()) UnravelItems(page_.layers(), levels_, out);
  }

  void DecodeRange(const Run& run, codec::DecodedValues& values, LeafOutput& out) {
    const RowIndex& index = page_.state()->values;
    const uint64_t first = selection_.Row(run.begin) - index.start(run.chunk);
    const uint64_t count = run.end - run.begin;
    if (page_.has_def()) AppendLevels(first, count, out);
    page_.values().AppendRange(view_.buffers, index.count(run.chunk), first, count, values);
  }

  void AppendLevels(uint64_t first, uint64_t count, LeafOutput& out) {
    if (page_.layers().max_def() == 1) return AppendValidity(first, count, out);
    const std::span<uint16_t> levels = LevelScratch::Take(out.scratch.def, view_.num_levels);
    page_.def().Decode(view_.def, levels);
    UnravelItems(page_.layers(), levels.subspan(first, count), out);
  }
  // One layer of nulls: its bits come straight from packed levels.
  void AppendValidity(uint64_t first, uint64_t count, LeafOutput& out) {
    const uint32_t n = view_.num_levels;
    const std::span<uint64_t> valid = LevelScratch::Take(out.scratch.value_mask, kernel::MaskWords(n));
    const std::span<uint64_t> null = LevelScratch::Take(out.scratch.row_mask, kernel::MaskWords(n));
    page_.def().MaskEqual(view_.def, n, 0, valid.data());
    page_.def().MaskEqual(view_.def, n, 1, null.data());
    const auto count_of = [n](std::span<const uint64_t> mask) { return CountBits(reinterpret_cast<const uint8_t*>(mask.data()), 0, n); };
    if (count_of(valid) + count_of(null) != n) throw Corrupt("definition levels above 1, the only one of the layers");
    for (size_t i = 0; i < out.layers.size(); ++i) {
      page_.layers().layers()[i].null_level == 0 ? out.layers[i].AppendValid(count) : out.layers[i].AppendMask(valid, first, count);
    }
  }

  void DecodeRows(const Run& run, LevelScratch& scratch, codec::DecodedValues& values) {
    const RowIndex& index = page_.state()->values;
    const uint32_t start = index.start(run.chunk);
    const std::span<uint32_t> positions = LevelScratch::Take(scratch.positions, run.end - run.begin);
    for (uint64_t i = run.begin; i < run.end; ++i) {
      positions[i - run.begin] = static_cast<uint32_t>(selection_.Row(i)) - start;
    }
    if (page_.has_def()) {
      uint16_t* levels = levels_.data() + run.begin;
      if (page_.def().has_random_access() || positions.size() == 1) {
        for (const uint32_t at : positions) *levels++ = page_.def().At(view_.def, view_.num_levels, at);
      } else {
        chunk_levels_.resize(view_.num_levels);
        page_.def().Decode(view_.def, chunk_levels_);
        for (const uint32_t at : positions) *levels++ = chunk_levels_[at];
      }
    }
    page_.values().AppendAt(view_.buffers, index.count(run.chunk), positions, values);
  }

  std::vector<Run> runs_;
  std::span<uint16_t> levels_;
  std::vector<uint16_t> chunk_levels_;
};

}  // namespace

void MiniBlockRead::Want(std::vector<ByteRange>& wants) {
  if (selection_.count == 0 || planned_) return;
  if (page_.state() == nullptr) return page_.WantState(wants);
  planned_ = true;
  Plan(wants);
}

void MiniBlockRead::Feed(std::span<const ByteSpan> bytes) {
  if (!planned_) return page_.LoadState(bytes);
  chunks_ = ahead_ = bytes;
  if (selection_.is_range()) return;
  for (size_t k = 0; k < std::min<size_t>(8, bytes.size()); ++k) PrefetchChunk(bytes[k]);
}

void MiniBlockRead::LookAhead(std::span<const ByteSpan> following) {
  // The driver keeps what it fed in one array.
  if (!chunks_.empty() && following.data() == chunks_.data() + chunks_.size()) {
    ahead_ = {chunks_.data(), chunks_.size() + following.size()};
  }
}

void MiniBlockRead::Decode(LeafOutput& out) {
  if (selection_.count == 0) return;
  view_.buffers = LevelScratch::Take(out.scratch.buffers, page_.num_buffers());
  std::unique_ptr<codec::DecodedValues> keys;
  codec::DecodedValues* values = page_.BeginValues(out, keys);
  if (keys || !DefersLevels()) FlushLists(out);  // the lists of earlier pages, whose values are not these
  const uint64_t first_item = out.layers[0].length;
  const uint64_t first_value = values->num_values;
  DecodeInto(*values, out);
  if (DefersLevels()) {
    if (!keys) return;
    FlushLists(out, keys->num_values);  // keys are resolved item by item
  }
  if (values->num_values - first_value != out.layers[0].length - first_item) {
    throw Corrupt("mini-block: levels name {} items, values are {}", out.layers[0].length - first_item,
                  values->num_values - first_value);
  }
  page_.EndValues(out, first_item, keys.get());
}

void MiniBlockRead::ReserveRest(size_t k, LeafOutput& out) const {
  // The first chunk may be wanted in part: the guess gets better with those after it.
  if (k > 15 || !std::has_single_bit(k + 1)) return;
  const auto stored = [&](size_t n) {
    uint64_t bytes = 0;
    for (const ByteSpan chunk : chunks_.first(n)) bytes += chunk.size();
    return static_cast<double>(bytes);
  };
  out.ReserveRest(stored(chunks_.size()) / std::max(1.0, stored(k + 1)));
}

std::unique_ptr<PageRead> MakeMiniBlockItemRead(const MiniBlockDecoder& page, const RowSelection& selection) {
  return std::make_unique<MiniBlockItemRead>(page, selection);
}

}  // namespace eider::page
