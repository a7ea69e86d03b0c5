#include "eider/page/mini_block_decoder.h"

#include "eider/page/dictionary.h"
#include "eider/page/finish_values.h"
#include "eider/page/mini_block_read.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {
namespace {

using ::lance::encodings21::CompressiveEncoding;
using ::lance::encodings21::MiniBlockLayout;

// The width of fixed-width values before compression; 0 when the encoding says nothing.
uint64_t UncompressedBits(const CompressiveEncoding& encoding) {
  const CompressiveEncoding* e = &encoding;
  for (int depth = 0; depth < 16; ++depth) {
    switch (e->compression_case()) {
      case CompressiveEncoding::kFlat: return e->flat().bits_per_value();
      case CompressiveEncoding::kInlineBitpacking: return e->inline_bitpacking().uncompressed_bits_per_value();
      case CompressiveEncoding::kOutOfLineBitpacking: return e->out_of_line_bitpacking().uncompressed_bits_per_value();
      case CompressiveEncoding::kRle: e = &e->rle().values(); break;
      case CompressiveEncoding::kByteStreamSplit: e = &e->byte_stream_split().values(); break;
      case CompressiveEncoding::kGeneral: e = &e->general().values(); break;
      default: return 0;
    }
  }
  return 0;
}

// A chunk must be decompressed as a whole for one value of it.
bool NeedsWholeChunk(const CompressiveEncoding& encoding) {
  switch (encoding.compression_case()) {
    case CompressiveEncoding::kGeneral:
    case CompressiveEncoding::kRle: return true;
    case CompressiveEncoding::kFsst: return NeedsWholeChunk(encoding.fsst().values());
    case CompressiveEncoding::kFixedSizeList: return NeedsWholeChunk(encoding.fixed_size_list().values());
    default: return false;
  }
}

codec::ValueShape KeyShape(const CompressiveEncoding& values) {
  const uint64_t bits = UncompressedBits(values);
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) throw Corrupt("dictionary keys of {} bits", bits);
  codec::ValueShape shape;
  shape.bits_per_value = bits;
  return shape;
}

void CheckHeader(const MiniBlockLayout& layout, const PageSource& source, size_t num_lists) {
  if (layout.has_large_chunk() != (source.version_minor >= 2)) {
    throw Corrupt("mini-block: has_large_chunk = {} in a file of version 2.{}", layout.has_large_chunk(), source.version_minor);
  }
  if (!layout.has_value_compression()) throw Corrupt("mini-block: no value encoding");
  if ((num_lists > 0) != layout.has_rep_compression()) {
    throw Corrupt("mini-block: {} list layers, repetition levels {}", num_lists, layout.has_rep_compression() ? "present" : "absent");
  }
  if (num_lists == 0 && layout.num_items() != source.num_rows) {
    throw Corrupt("mini-block: {} items for {} rows", layout.num_items(), source.num_rows);
  }
  if (num_lists > 0 && layout.repetition_index_depth() != 1) {
    throw Corrupt("mini-block: repetition index of depth {}", layout.repetition_index_depth());
  }
  const size_t expected = 2 + (layout.has_dictionary() ? 1 : 0) + (num_lists > 0 ? 1 : 0);
  if (source.buffers.size() != expected) {
    throw Corrupt("mini-block: {} buffers, expected {}", source.buffers.size(), expected);
  }
}

}  // namespace

MiniBlockDecoder::MiniBlockDecoder(const MiniBlockLayout& layout, const PageSource& source, std::shared_ptr<const LeafSpec> leaf)
    : PageDecoder(source.num_rows), leaf_(std::move(leaf)),
      layers_(std::span<const int>(layout.layers().data(), layout.layers().size()), leaf_->layers),
      buffers_(source.buffers), num_items_(layout.num_items()), num_buffers_(layout.num_buffers()),
      large_(layout.has_large_chunk()), num_dictionary_items_(layout.num_dictionary_items()) {
  CheckHeader(layout, source, layers_.num_lists());
  if (layout.has_rep_compression()) rep_ = codec::MakeLevelDecompressor(layout.rep_compression());
  if (layout.has_def_compression()) def_ = codec::MakeLevelDecompressor(layout.def_compression());
  const codec::ValueShape* shape = &leaf_->shape;
  if (layout.has_dictionary()) {
    dictionary_ = codec::MakeBlockDecompressor(layout.dictionary(), leaf_->is_dictionary() ? leaf_->dictionary_shape : leaf_->shape);
    if (!leaf_->is_dictionary()) shape = &(key_shape_ = KeyShape(layout.value_compression()));
  } else if (leaf_->is_dictionary()) {
    shape = &leaf_->dictionary_shape;
  }
  values_ = codec::MakeMiniBlockDecompressor(layout.value_compression(), *shape);
  if (values_->num_buffers() != num_buffers_) {
    throw Corrupt("mini-block: {} value buffers, {} takes {}", num_buffers_, codec::DescribeEncoding(layout.value_compression()),
                  values_->num_buffers());
  }
  whole_chunks_ = NeedsWholeChunk(layout.value_compression());
}

bool MiniBlockDecoder::TakesByAddress() const { return !whole_chunks_ && !leaf_->is_dictionary() && state() != nullptr; }

MiniBlockDecoder::~MiniBlockDecoder() { delete state_.load(); }

void MiniBlockDecoder::Prefetch(int step) const {
  const MiniBlockState* known = state();
  if (known == nullptr) return;
  if (step == 0) {
    for (size_t at = 0; at < sizeof *known; at += 64) __builtin_prefetch(reinterpret_cast<const uint8_t*>(known) + at);
  } else {
    __builtin_prefetch(known->offsets.data());
    (has_rep() ? known->rows : known->values).Prefetch();
  }
}

uint64_t MiniBlockDecoder::state_bytes() const {
  uint64_t stored = 0;
  for (size_t i = 0; i < buffers_.size(); ++i) stored += i == 1 ? 0 : buffers_[i].length;
  return 4 * stored;
}

void MiniBlockDecoder::WantState(std::vector<ByteRange>& wants) const {
  wants.push_back(buffers_[0]);
  if (dictionary_) wants.push_back(buffers_[2]);
  if (has_rep()) wants.push_back(buffers_.back());
}

void MiniBlockDecoder::LoadState(std::span<const ByteSpan> bytes) const {
  if (state() != nullptr) return;
  auto loaded = std::make_unique<MiniBlockState>();
  ParseChunkTable(bytes[0], large_, buffers_[1].length, num_items_, *loaded);
  if (has_rep()) ParseRepetitionIndex(bytes.back(), num_rows(), *loaded);
  if (dictionary_) loaded->dictionary = DecodeDictionary(bytes[1]);
  const MiniBlockState* expected = nullptr;
  if (state_.compare_exchange_strong(expected, loaded.get(), std::memory_order_acq_rel)) loaded.release();
}

ArrayPtr MiniBlockDecoder::DecodeDictionary(ByteSpan block) const {
  const bool is_dictionary = leaf_->is_dictionary();
  codec::DecodedValues items(is_dictionary ? leaf_->dictionary_shape : leaf_->shape);
  InContext([] { return std::string("dictionary"); }, [&] { dictionary_->AppendBlock(block, num_dictionary_items_, items); });
  return FinishValues(is_dictionary ? leaf_->type->value_type : leaf_->type, items, Buffer(), 0);
}

ByteRange MiniBlockDecoder::ChunkRange(size_t chunk) const {
  const ByteRange range = state()->ChunkRange(chunk);
  return {buffers_[1].offset + range.offset, range.length};
}

void MiniBlockDecoder::OpenChunk(size_t chunk, ByteSpan bytes, ChunkView& view) const {
  ParseChunk(bytes, large_, has_rep(), has_def(), view);
  if (has_rep()) return;
  const uint32_t count = state()->values.count(chunk);
  if (view.num_levels != count && (has_def() || view.num_levels != 0)) {
    throw Corrupt("chunk {}: {} levels for {} items", chunk, view.num_levels, count);
  }
}

std::unique_ptr<PageRead> MiniBlockDecoder::Read(const RowSelection& selection) const {
  return has_rep() ? MakeMiniBlockListRead(*this, selection) : MakeMiniBlockItemRead(*this, selection);
}

codec::DecodedValues* MiniBlockDecoder::BeginValues(LeafOutput& out, std::unique_ptr<codec::DecodedValues>& keys) const {
  if (dictionary_ && !leaf_->is_dictionary()) {
    keys = std::make_unique<codec::DecodedValues>(key_shape_);
  } else if (!dictionary_ && leaf_->is_dictionary()) {
    keys = std::make_unique<codec::DecodedValues>(leaf_->dictionary_shape);
  } else if (dictionary_) {
    AddDictionary(state()->dictionary, out);
  }
  return keys ? keys.get() : &out.values;
}

void MiniBlockDecoder::EndValues(LeafOutput& out, uint64_t first_item, codec::DecodedValues* keys) const {
  if (keys == nullptr) return;
  if (dictionary_) {
    AppendFromDictionary(*state()->dictionary, *keys, out.layers[0], first_item, out.values);
  } else {
    AppendAsDictionary(*keys, first_item, out);
  }
}

}  // namespace eider::page
