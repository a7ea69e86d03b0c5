#include "eider/page/item_take.h"

#include <algorithm>

#include "eider/page/unravel.h"

namespace eider::page {
namespace {

/// Rows that go side by side: enough to hide a miss, few enough that what was asked for is still in the cache when it is needed.
constexpr size_t kBlockRows = 64;
/// A chunk's header, its bits of nulls and the first of its values, as a rule.
constexpr size_t kHeadBytes = 192;

}  // namespace

template <typename Body>
auto ItemTake::InRow(size_t i, Body&& body) const {
  return InContext([&] { return fmt::format("page {} of column '{}'", pages_[rows_[i].page].number, path_); }, [&] {
    return InContext([&] { return fmt::format("chunk {}", rows_[i].chunk); }, body);
  });
}

std::optional<uint32_t> ItemTake::AddPage(const PageDecoder& decoder, const uint8_t* file, size_t number) {
  if (!decoder.TakesByAddress()) return std::nullopt;
  const auto& page = static_cast<const MiniBlockDecoder&>(decoder);
  // Keys are resolved all at once, so they must be of one dictionary.
  if (!pages_.empty() && (page.has_dictionary() || pages_[0].decoder->has_dictionary())) return std::nullopt;
  if (page.has_def()) {
    if (layers_ != nullptr && *layers_ != page.layers()) return std::nullopt;
    layers_ = &page.layers();
  }
  max_buffers_ = std::max<size_t>(max_buffers_, page.num_buffers());
  pages_.push_back({&page, file, number});
  return static_cast<uint32_t>(pages_.size() - 1);
}

void ItemTake::Locate() {
  chunks_.resize(rows_.size());
  for (size_t begin = 0; begin < rows_.size(); begin += kBlockRows) LocateBlock(begin, std::min(rows_.size(), begin + kBlockRows));
}

void ItemTake::LocateBlock(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) pages_[rows_[i].page].decoder->state()->values.PrefetchRow(rows_[i].row);
  for (size_t i = begin; i < end; ++i) {
    const MiniBlockState& state = *pages_[rows_[i].page].decoder->state();
    __builtin_prefetch(state.offsets.data() + state.values.PrefetchStarts(rows_[i].row));
  }
  for (size_t i = begin; i < end; ++i) {
    Row& row = rows_[i];
    const Page& page = pages_[row.page];
    const RowIndex& index = page.decoder->state()->values;
    row.chunk = static_cast<uint32_t>(index.Find(row.row));
    row.row -= index.start(row.chunk);
    const ByteRange range = page.decoder->ChunkRange(row.chunk);
    chunks_[i] = {page.file + range.offset, range.length};
  }
}

void ItemTake::AppendRanges(const uint8_t* file, std::vector<ByteRange>& ranges) const {
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (pages_[rows_[i].page].file == file) ranges.push_back({static_cast<uint64_t>(chunks_[i].data() - file), chunks_[i].size()});
  }
}

void ItemTake::OpenBlock(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) PrefetchBytes(chunks_[i].data(), std::min(chunks_[i].size(), kHeadBytes));
  for (size_t i = begin; i < end; ++i) {
    const MiniBlockDecoder& page = *pages_[rows_[i].page].decoder;
    ChunkView view;
    view.buffers = std::span(buffers_).subspan((i - begin) * max_buffers_, page.num_buffers());
    InRow(i, [&] { page.OpenChunk(rows_[i].chunk, chunks_[i], view); });
    opened_[i - begin] = {view.num_levels, view.def};
    page.values().PrefetchAt(view.buffers, page.state()->values.count(rows_[i].chunk), rows_[i].row, 0);
  }
  for (size_t i = begin; i < end; ++i) {
    const MiniBlockDecoder& page = *pages_[rows_[i].page].decoder;
    const std::span<const ByteSpan> buffers = std::span(buffers_).subspan((i - begin) * max_buffers_, page.num_buffers());
    page.values().PrefetchAt(buffers, page.state()->values.count(rows_[i].chunk), rows_[i].row, 1);
  }
}

void ItemTake::DecodeRow(size_t i, const Opened& opened, std::span<const ByteSpan> buffers, codec::DecodedValues& values) {
  const Row& row = rows_[i];
  const MiniBlockDecoder& page = *pages_[row.page].decoder;
  if (page.has_def()) levels_[i] = page.def().At(opened.def, opened.num_levels, row.row);
  page.values().AppendAt(buffers.first(page.num_buffers()), page.state()->values.count(row.chunk), {&row.row, 1}, values);
}

// Growing the buffer under the values costs a copy: the rows left are taken to be like those done.
void ItemTake::Reserve(codec::DecodedValues& values, size_t done) const {
  if (values.shape.kind == codec::ValueShape::Kind::kPacked || values.is_bits()) return;
  const size_t rows = rows_.size();
  if (values.shape.kind == codec::ValueShape::Kind::kFixed) {
    if (done == 0) values.data.Reserve(CheckedMul(rows, values.shape.bits_per_value / 8, "values"));
    return;
  }
  if (done == 0) return values.offsets.Reserve((rows + 1) * values.shape.offset_bytes);
  const size_t expected = values.data.size() / done * rows;
  if (done == kBlockRows) values.data.Reserve(expected + expected / 8 + 4096);
}

void ItemTake::Decode(size_t begin, size_t end, LeafOutput& out) {
  if (begin == 0) {
    values_ = pages_[0].decoder->BeginValues(out, keys_);
    first_item_ = out.layers[0].length;
    if (layers_ != nullptr) levels_.resize(rows_.size());
    buffers_.resize(kBlockRows * max_buffers_);
    opened_.resize(kBlockRows);
  }
  for (size_t block = begin; block < end; block += kBlockRows) {
    const size_t block_end = std::min(end, block + kBlockRows);
    Reserve(*values_, block);
    OpenBlock(block, block_end);
    for (size_t i = block; i < block_end; ++i) {
      const std::span<const ByteSpan> buffers = std::span(buffers_).subspan((i - block) * max_buffers_, max_buffers_);
      InRow(i, [&] { DecodeRow(i, opened_[i - block], buffers, *values_); });
    }
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

}  // namespace eider::page
