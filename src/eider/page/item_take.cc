#include <algorithm>

#include "eider/page/row_take.h"
#include "eider/page/unravel.h"

namespace eider::page {
namespace {

/// Beyond, unpacking blocks is cheaper than addressing their values.
constexpr uint64_t kMaxItemsPerChunk = 32;
/// Of a chunk whose levels are decompressed for each of them.
constexpr uint64_t kMaxRowsPerBlock = 2;

class ItemTake final : public RowTake {
 public:
  ItemTake(size_t num_rows, const std::string& path) : RowTake(num_rows, path, &MiniBlockState::values, kMaxItemsPerChunk) {
    chunks_.resize(num_rows);
  }
  std::optional<uint32_t> AddPage(const PageDecoder& decoder, const uint8_t* file, size_t number) override;
  void Decode(size_t begin, size_t end, LeafOutput& out) override;
  void Finish(LeafOutput& out) override;

 private:
  struct Opened {
    uint32_t num_levels = 0;
    ByteSpan def;
  };
  void LocateBlock(size_t begin, size_t end) override;
  void OpenBlock(size_t begin, size_t end);
  void DecodeRow(size_t i, size_t in_block);
  void Reserve(size_t done) const;

  const Layers* layers_ = nullptr;  ///< of the pages that have definition levels
  std::vector<uint16_t> levels_;    ///< empty: all valid
  std::vector<Opened> opened_;      ///< of one block
  std::unique_ptr<codec::DecodedValues> keys_;
  codec::DecodedValues* values_ = nullptr;
  uint64_t first_item_ = 0;
};

std::optional<uint32_t> ItemTake::AddPage(const PageDecoder& decoder, const uint8_t* file, size_t number) {
  if (!decoder.TakesByAddress()) return std::nullopt;
  const auto& page = static_cast<const MiniBlockDecoder&>(decoder);
  if (page.has_rep()) return std::nullopt;
  // Keys are resolved all at once, so they must be of one dictionary.
  if (!pages_.empty() && (page.has_dictionary() || pages_[0].decoder->has_dictionary())) return std::nullopt;
  if (page.has_def()) {
    if (layers_ != nullptr && *layers_ != page.layers()) return std::nullopt;
    layers_ = &page.layers();
    if (!page.def().has_random_access()) max_rows_per_chunk_ = kMaxRowsPerBlock;
  }
  return KeepPage(page, file, number);
}

void ItemTake::LocateBlock(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    Row& row = rows_[i];
    const RowIndex& index = IndexOf(*PageOf(row).state());
    row.chunk = static_cast<uint32_t>(index.Find(row.row));
    row.row -= index.start(row.chunk);
    chunks_[i] = ChunkOf(row);
  }
}

void ItemTake::OpenBlock(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) PrefetchBytes(chunks_[i].data(), std::min(chunks_[i].size(), HeadBytes(PageOf(rows_[i]))));
  for (size_t i = begin; i < end; ++i) {
    const MiniBlockDecoder& page = PageOf(rows_[i]);
    ChunkView view;
    view.buffers = Buffers(i - begin, page);
    InRow(rows_[i], [&] { page.OpenChunk(rows_[i].chunk, chunks_[i], view); });
    opened_[i - begin] = {view.num_levels, view.def};
    page.values().PrefetchAt(view.buffers, page.state()->values.count(rows_[i].chunk), rows_[i].row, 0);
  }
  for (size_t i = begin; i < end; ++i) {
    const MiniBlockDecoder& page = PageOf(rows_[i]);
    page.values().PrefetchAt(Buffers(i - begin, page), page.state()->values.count(rows_[i].chunk), rows_[i].row, 1);
  }
}

void ItemTake::DecodeRow(size_t i, size_t in_block) {
  const Row& row = rows_[i];
  const MiniBlockDecoder& page = PageOf(row);
  if (page.has_def()) levels_[i] = page.def().At(opened_[in_block].def, opened_[in_block].num_levels, row.row);
  page.values().AppendAt(Buffers(in_block, page), page.state()->values.count(row.chunk), {&row.row, 1}, *values_);
}

// Growing the buffer under the values costs a copy: the rows left are taken to be like those done.
void ItemTake::Reserve(size_t done) const {
  codec::DecodedValues& values = *values_;
  if (values.shape.kind == codec::ValueShape::Kind::kPacked || values.is_bits()) return;
  const size_t rows = rows_.size();
  if (values.shape.kind == codec::ValueShape::Kind::kFixed) {
    if (done == 0) values.data.Reserve(CheckedMul(rows, values.shape.bits_per_value / 8, "values"));
    return;
  }
  if (done == 0) return values.offsets.Reserve((rows + 1) * values.shape.offset_bytes);
  const size_t expected = values.data.size() / done * rows;
  if (done == kBlock) values.data.Reserve(expected + expected / 8 + 4096);
}

void ItemTake::Decode(size_t begin, size_t end, LeafOutput& out) {
  if (begin == 0) {
    values_ = pages_[0].decoder->BeginValues(out, keys_);
    first_item_ = out.layers[0].length;
    if (layers_ != nullptr) levels_.resize(rows_.size());
    buffers_.resize(BlockSize() * max_buffers_);
    opened_.resize(BlockSize());
  }
  for (size_t block = begin; block < end; block += kBlock) {
    const size_t block_end = std::min(end, block + kBlock);
    Reserve(block);
    OpenBlock(block, block_end);
    for (size_t i = block; i < block_end; ++i) InRow(rows_[i], [&] { DecodeRow(i, i - block); });
  }
}

void ItemTake::Finish(LeafOutput& out) {
  if (layers_ == nullptr) {
    UnravelAllValid(pages_[0].decoder->layers(), rows_.size(), out);
  } else {
    InContext([&] { return fmt::format("column '{}'", path_); }, [&] { UnravelItems(*layers_, levels_, out); });
  }
  pages_[0].decoder->EndValues(out, first_item_, keys_.get());
}

}  // namespace

std::unique_ptr<RowTake> MakeItemTake(size_t num_rows, const std::string& path) { return std::make_unique<ItemTake>(num_rows, path); }

}  // namespace eider::page
