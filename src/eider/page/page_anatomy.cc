#include "eider/page/page_anatomy.h"

#include "eider/base/parse_message.h"
#include "eider/page/mini_block_state.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {
namespace {

using ::lance::encodings21::ConstantLayout;
using ::lance::encodings21::FullZipLayout;
using ::lance::encodings21::MiniBlockLayout;
using ::lance::encodings21::PageLayout;
using Read = std::function<Buffer(ByteRange)>;

constexpr uint64_t kMaxBuffers = 64;  // no codec has more in a chunk

uint64_t SizeOf(const PageSource& source, size_t buffer) {
  return buffer < source.buffers.size() ? source.buffers[buffer].length : 0;
}

PageAnatomy DissectMiniBlock(const MiniBlockLayout& layout, const PageSource& source, const Read& read) {
  if (source.buffers.size() < 2) throw Corrupt("mini-block: {} buffers", source.buffers.size());
  if (layout.num_buffers() > kMaxBuffers) throw Corrupt("mini-block: {} value buffers", layout.num_buffers());
  PageAnatomy anatomy{.num_items = layout.num_items()};
  MiniBlockState state;
  ParseChunkTable(read(source.buffers[0]).span(), layout.has_large_chunk(), SizeOf(source, 1), layout.num_items(), state);
  const Buffer chunks = read(source.buffers[1]);
  std::vector<ByteSpan> buffers(layout.num_buffers());
  ChunkView view{.buffers = buffers};
  for (size_t i = 0; i < state.num_chunks(); ++i) {
    const ByteRange range = state.ChunkRange(i);
    ParseChunk(chunks.span().subspan(range.offset, range.length), layout.has_large_chunk(), layout.has_rep_compression(),
               layout.has_def_compression(), view);
    uint64_t values = 0;
    for (const ByteSpan buffer : view.buffers) values += buffer.size();
    anatomy.repetition_bytes += view.rep.size();
    anatomy.definition_bytes += view.def.size();
    anatomy.value_bytes += values;
    anatomy.header_bytes += range.length - view.rep.size() - view.def.size() - values;
  }
  const bool has_dictionary = layout.has_dictionary();
  anatomy.dictionary_bytes = has_dictionary ? SizeOf(source, 2) : 0;
  anatomy.index_bytes = SizeOf(source, 0) + (layout.has_rep_compression() ? SizeOf(source, has_dictionary ? 3 : 2) : 0);
  return anatomy;
}

PageAnatomy DissectFullZip(const FullZipLayout& layout, const PageSource& source) {
  const uint32_t bits = layout.bits_rep() + layout.bits_def();
  const uint64_t control = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
  PageAnatomy anatomy{.num_items = layout.num_visible_items(), .index_bytes = SizeOf(source, 1)};
  const uint64_t levels = CheckedMul(layout.num_items(), control, "full-zip levels");
  if (levels > SizeOf(source, 0)) throw Corrupt("full-zip: {} bytes of levels in {}", levels, SizeOf(source, 0));
  (layout.bits_def() > 0 ? anatomy.definition_bytes : anatomy.repetition_bytes) = levels;
  anatomy.value_bytes = SizeOf(source, 0) - levels;
  return anatomy;
}

PageAnatomy DissectConstant(const ConstantLayout& layout, const PageSource& source) {
  PageAnatomy anatomy{.num_items = source.num_rows, .value_bytes = layout.inline_value().size()};
  const size_t n = source.buffers.size();
  if (n % 2 == 1) anatomy.value_bytes = SizeOf(source, 0);
  if (n >= 2) {
    anatomy.repetition_bytes = SizeOf(source, n - 2);
    anatomy.definition_bytes = SizeOf(source, n - 1);
  }
  return anatomy;
}

}  // namespace

std::optional<uint64_t> CountItems(const PageSource& source) {
  PageLayout layout;
  if (!ParseMessage({reinterpret_cast<const uint8_t*>(source.layout.data()), source.layout.size()}, &layout)) return std::nullopt;
  // A page of blobs has an entry of its inner page for each of its own.
  const PageLayout& page = layout.has_blob_layout() ? layout.blob_layout().inner_layout() : layout;
  if (page.has_mini_block_layout()) return page.mini_block_layout().num_items();
  if (page.has_full_zip_layout()) return page.full_zip_layout().num_visible_items();
  if (page.has_constant_layout()) return source.num_rows;
  return std::nullopt;
}

std::optional<PageAnatomy> DissectPage(const PageSource& source, const Read& read) {
  PageLayout outer;
  if (!ParseMessage({reinterpret_cast<const uint8_t*>(source.layout.data()), source.layout.size()}, &outer)) return std::nullopt;
  const PageLayout& layout = outer.has_blob_layout() ? outer.blob_layout().inner_layout() : outer;
  if (layout.has_mini_block_layout()) return DissectMiniBlock(layout.mini_block_layout(), source, read);
  if (layout.has_full_zip_layout()) return DissectFullZip(layout.full_zip_layout(), source);
  if (layout.has_constant_layout()) return DissectConstant(layout.constant_layout(), source);
  return std::nullopt;
}

}  // namespace eider::page
