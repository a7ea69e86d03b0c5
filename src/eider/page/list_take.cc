#include <algorithm>

#include "eider/page/chunk_levels.h"
#include "eider/page/row_take.h"
#include "eider/page/unravel.h"

namespace eider::page {
namespace {

/// The levels of a chunk are looked at anew for each row.
constexpr uint64_t kMaxListsPerChunk = 2;
/// A visit that goes on with a row begun in the chunk before.
constexpr uint32_t kGoesOn = UINT32_MAX;
/// Levels of a chunk that are asked for at once; beyond, the processor reads ahead.
constexpr size_t kMaxLevelBytes = 512;

class ListTake final : public RowTake {
 public:
  ListTake(size_t num_rows, const std::string& path) : RowTake(num_rows, path, &MiniBlockState::rows, kMaxListsPerChunk) {
    visits_.reserve(num_rows + num_rows / 16);
  }
  std::optional<uint32_t> AddPage(const PageDecoder& decoder, const uint8_t* file, size_t number) override;
  void Decode(size_t begin, size_t end, LeafOutput& out) override;
  void Finish(LeafOutput& out) override { FlushLists(out); }

 private:
  /// What a visit found in its chunk.
  struct Opened {
    ChunkView view;
    uint32_t value_begin = 0, value_end = 0;
  };
  void LocateBlock(size_t begin, size_t end) override;
  void LocateRow(Row row);
  void OpenBlock(size_t begin, size_t end);
  void ReadLevels(const Row& visit, Opened& opened, LeafOutput& out) const;
  void AppendValues(const Row& visit, const Opened& opened, LeafOutput& out) const;
  void PrefetchValues(const Row& visit, const Opened& opened) const;

  std::vector<Opened> opened_;  ///< of one block
};

std::optional<uint32_t> ListTake::AddPage(const PageDecoder& decoder, const uint8_t* file, size_t number) {
  if (!decoder.TakesByAddress()) return std::nullopt;
  const auto& page = static_cast<const MiniBlockDecoder&>(decoder);
  if (!page.has_rep() || page.has_dictionary()) return std::nullopt;
  if (!pages_.empty() && pages_[0].decoder->layers() != page.layers()) return std::nullopt;
  return KeepPage(page, file, number);
}

void ListTake::LocateBlock(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) LocateRow(rows_[i]);
}

void ListTake::LocateRow(Row row) {
  const MiniBlockState& state = *PageOf(row).state();
  const uint32_t wanted = row.row;
  row.chunk = static_cast<uint32_t>(state.rows.Find(wanted));
  row.row = wanted - state.rows.start(row.chunk);
  while (true) {
    visits_.push_back(row);
    chunks_.push_back(ChunkOf(row));
    // The row goes on when it is the last one by the chunk's end, and not finished by it.
    if (!state.unfinished[row.chunk] || state.rows.start(row.chunk + 1) != wanted + 1) return;
    ++row.chunk;
    row.row = kGoesOn;
  }
}

void ListTake::OpenBlock(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) PrefetchBytes(chunks_[i].data(), std::min(chunks_[i].size(), HeadBytes(PageOf(visits_[i]))));
  for (size_t i = begin; i < end; ++i) {
    const MiniBlockDecoder& page = PageOf(visits_[i]);
    ChunkView& view = opened_[i - begin].view;
    view.buffers = Buffers(i - begin, page);
    InRow(visits_[i], [&] { page.OpenChunk(visits_[i].chunk, chunks_[i], view); });
    PrefetchBytes(view.rep.data(), std::min(view.rep.size(), kMaxLevelBytes));
    PrefetchBytes(view.def.data(), std::min(view.def.size(), kMaxLevelBytes));
    page.values().PrefetchAt(view.buffers, page.state()->values.count(visits_[i].chunk), 0, 0);
  }
}

void ListTake::ReadLevels(const Row& visit, Opened& opened, LeafOutput& out) const {
  ChunkLevels levels(PageOf(visit), out.scratch);
  levels.Open(visit.chunk, opened.view, 1);
  const ChunkPart part = visit.row == kGoesOn ? levels.Preamble() : levels.Row(visit.row);
  levels.Append(part, out.pending.rep, out.pending.def);
  opened.value_begin = part.value_begin;
  opened.value_end = part.value_end;
}

void ListTake::PrefetchValues(const Row& visit, const Opened& opened) const {
  constexpr uint32_t kMaxValues = 64, kStep = 8;  // neighbours lie side by side in most codecs
  if (opened.value_begin == opened.value_end) return;
  const MiniBlockDecoder& page = PageOf(visit);
  const uint64_t num_values = page.state()->values.count(visit.chunk);
  const uint32_t end = std::min(opened.value_end, opened.value_begin + kMaxValues);
  for (uint32_t value = opened.value_begin; value < end; value += kStep) page.values().PrefetchAt(opened.view.buffers, num_values, value, 1);
  page.values().PrefetchAt(opened.view.buffers, num_values, end - 1, 1);
}

void ListTake::AppendValues(const Row& visit, const Opened& opened, LeafOutput& out) const {
  if (opened.value_begin == opened.value_end) return;
  std::vector<uint32_t>& positions = out.scratch.positions;
  positions.clear();
  for (uint32_t value = opened.value_begin; value < opened.value_end; ++value) positions.push_back(value);
  const MiniBlockDecoder& page = PageOf(visit);
  page.values().AppendAt(opened.view.buffers, page.state()->values.count(visit.chunk), positions, out.values);
}

void ListTake::Decode(size_t begin, size_t end, LeafOutput& out) {
  if (begin == 0) {
    buffers_.resize(BlockSize() * max_buffers_);
    opened_.resize(BlockSize());
    DeferLists(pages_[0].decoder->layers(), out);
  }
  for (size_t block = begin; block < end; block += kBlock) {
    const size_t block_end = std::min(end, block + kBlock);
    OpenBlock(block, block_end);
    for (size_t i = block; i < block_end; ++i) {
      InRow(visits_[i], [&] { ReadLevels(visits_[i], opened_[i - block], out); });
      PrefetchValues(visits_[i], opened_[i - block]);
    }
    for (size_t i = block; i < block_end; ++i) InRow(visits_[i], [&] { AppendValues(visits_[i], opened_[i - block], out); });
  }
}

}  // namespace

std::unique_ptr<RowTake> MakeListTake(size_t num_rows, const std::string& path) { return std::make_unique<ListTake>(num_rows, path); }

}  // namespace eider::page
