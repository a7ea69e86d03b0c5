#include "eider/page/mini_block_encoder.h"

#include <bit>

#include "eider/base/bytes.h"
#include "eider/base/error.h"

namespace eider::page {
namespace {

using ::lance::encodings21::MiniBlockLayout;

constexpr uint8_t kPadByte = 0xFE;
constexpr uint64_t kMaxU16 = 65535;

/// Cuts the levels of a page into the shares of its chunks.
class LevelSlicer {
 public:
  explicit LevelSlicer(const ShreddedLeaf& leaf)
      : leaf_(leaf), def_(leaf.def_levels()), has_specials_(leaf.num_items != leaf.num_levels) {}

  /// Number of levels of the next chunk, which has `num_items` visible items.
  uint64_t Next(uint64_t num_items, bool is_last) {
    const uint64_t first = position_;
    if (is_last) {
      position_ = leaf_.num_levels;
    } else if (!has_specials_) {
      position_ += num_items;
    } else {
      for (uint64_t seen = 0; seen < num_items; ++position_) seen += def_[position_] <= leaf_.max_visible;
    }
    return position_ - first;
  }

 private:
  const ShreddedLeaf& leaf_;
  const std::span<const uint16_t> def_;
  const bool has_specials_;
  uint64_t position_ = 0;
};

/// Counts the rows that each chunk finishes.
class RepetitionIndex {
 public:
  explicit RepetitionIndex(const ShreddedLeaf& leaf) : rep_(leaf.rep_levels()), max_rep_(leaf.max_rep) {}

  void AddChunk(uint64_t first, uint64_t last) {
    uint64_t starts = 0, last_start = first;
    for (uint64_t i = first; i < last; ++i) {
      if (rep_[i] == max_rep_) ++starts, last_start = i;
    }
    const bool row_ends_here = last == rep_.size() || rep_[last] == max_rep_;
    const uint64_t open = starts + (row_open_ ? 1 : 0);
    row_open_ = !row_ends_here;
    bytes_.AppendValue<uint64_t>(row_ends_here ? open : open - 1);
    bytes_.AppendValue<uint64_t>(row_ends_here ? 0 : last - last_start);
  }
  BufferBuilder Take() { return std::move(bytes_); }

 private:
  const std::span<const uint16_t> rep_;
  const uint16_t max_rep_;
  bool row_open_ = false;
  BufferBuilder bytes_;
};

class MiniBlockEncoder {
 public:
  MiniBlockEncoder(const ShreddedLeaf& leaf, const codec::LeafValues& values, const codec::CompressionOptions& options)
      : leaf_(leaf), values_(values), wide_(options.version_minor >= 2), options_(options) {
    options_.in_lists = leaf.has_rep();
  }

  std::optional<EncodedPage> Run(std::optional<PageDictionary> dictionary) {
    MiniBlockLayout* layout = page_.layout.mutable_mini_block_layout();
    const codec::MiniBlockPage compressed = codec::CompressMiniBlock(values_, options_, layout->mutable_value_compression());
    DescribeLevels(leaf_.num_levels / compressed.chunks.size(), *layout);
    layout->set_num_buffers(compressed.buffers.size());
    layout->set_num_items(leaf_.num_items);
    if (wide_) layout->set_has_large_chunk(true);
    if (!AppendChunks(compressed)) return std::nullopt;
    page_.num_rows = leaf_.num_rows;
    page_.buffers.push_back(PageBuffer::Of(std::move(words_)));
    page_.buffers.push_back(PageBuffer::Of(std::move(chunks_)));
    if (dictionary) {
      *layout->mutable_dictionary() = std::move(dictionary->encoding);
      layout->set_num_dictionary_items(dictionary->num_items);
      page_.buffers.push_back(PageBuffer::Of(std::move(dictionary->bytes)));
    }
    if (leaf_.has_rep()) {
      layout->set_repetition_index_depth(1);
      page_.buffers.push_back(PageBuffer::Of(repetition_index_.Take()));
    }
    return std::move(page_);
  }

 private:
  void DescribeLevels(uint64_t chunk_levels, MiniBlockLayout& layout) {
    for (const RepDefLayer layer : leaf_.layers) layout.add_layers(layer);
    const uint16_t minor = options_.version_minor;
    if (leaf_.has_rep()) {
      rep_ = codec::MakeLevelCompressor(leaf_.rep_levels(), chunk_levels, minor, options_.compact, layout.mutable_rep_compression());
    }
    if (leaf_.has_def()) {
      def_ = codec::MakeLevelCompressor(leaf_.def_levels(), chunk_levels, minor, options_.compact, layout.mutable_def_compression());
    }
  }

  bool AppendChunks(const codec::MiniBlockPage& compressed) {
    LevelSlicer slicer(leaf_);
    std::vector<uint64_t> positions(compressed.buffers.size(), 0);
    uint64_t first = 0, total = 0;
    for (size_t b = 0; b < compressed.buffers.size(); ++b) total += compressed.Stream(b).size();
    chunks_.Reserve(total + compressed.chunks.size() * 32 + leaf_.num_levels / 2);
    for (size_t i = 0; i < compressed.chunks.size(); ++i) {
      const auto& chunk = compressed.chunks[i];
      const bool is_last = i + 1 == compressed.chunks.size();
      EIDER_ASSERT(is_last || std::has_single_bit(chunk.num_values));
      const uint64_t num_levels = slicer.Next(chunk.num_values, is_last);
      const uint64_t start = chunks_.size();
      if (!AppendLevels(first, num_levels)) return false;
      AppendValues(compressed, chunk, positions);
      if (!AppendWord(chunks_.size() - start, is_last ? 0 : std::countr_zero(chunk.num_values))) return false;
      if (leaf_.has_rep()) repetition_index_.AddChunk(first, first + num_levels);
      first += num_levels;
    }
    return true;
  }

  /// Appends the start of the header, to be completed by AppendValues.
  bool AppendLevels(uint64_t first, uint64_t num_levels) {
    rep_bytes_.Clear();
    def_bytes_.Clear();
    const bool has_levels = rep_ != nullptr || def_ != nullptr;
    if (has_levels && num_levels > kMaxU16) return false;
    if (rep_) rep_->Compress(leaf_.rep_levels().subspan(first, num_levels), rep_bytes_);
    if (def_) def_->Compress(leaf_.def_levels().subspan(first, num_levels), def_bytes_);
    if (rep_bytes_.size() > kMaxU16 || def_bytes_.size() > kMaxU16) return false;
    chunks_.AppendValue<uint16_t>(has_levels ? uint16_t(num_levels) : 0);
    if (rep_) chunks_.AppendValue<uint16_t>(uint16_t(rep_bytes_.size()));
    if (def_) chunks_.AppendValue<uint16_t>(uint16_t(def_bytes_.size()));
    return true;
  }

  void AppendValues(const codec::MiniBlockPage& compressed, const codec::MiniBlockPage::Chunk& chunk,
                    std::vector<uint64_t>& positions) {
    for (const uint32_t size : chunk.buffer_sizes) {
      if (wide_) {
        chunks_.AppendValue<uint32_t>(size);
      } else {
        chunks_.AppendValue<uint16_t>(uint16_t(size));
      }
    }
    Pad();
    if (rep_) AppendPadded(rep_bytes_.span());
    if (def_) AppendPadded(def_bytes_.span());
    for (size_t b = 0; b < chunk.buffer_sizes.size(); ++b) {
      AppendPadded(compressed.Stream(b).subspan(positions[b], chunk.buffer_sizes[b]));
      positions[b] += chunk.buffer_sizes[b];
    }
  }

  /// Chunks start at multiples of 8, so padding the stream pads the chunk.
  void Pad() { chunks_.AppendFill(AlignUp(chunks_.size(), 8) - chunks_.size(), kPadByte); }
  void AppendPadded(ByteSpan bytes) {
    chunks_.Append(bytes);
    Pad();
  }

  bool AppendWord(uint64_t chunk_bytes, int log_values) {
    const uint64_t words = chunk_bytes / 8 - 1;
    if (words >= (uint64_t(1) << (wide_ ? 28 : 12))) return false;
    const uint32_t word = uint32_t(words << 4) | uint32_t(log_values);
    if (wide_) {
      words_.AppendValue<uint32_t>(word);
    } else {
      words_.AppendValue<uint16_t>(uint16_t(word));
    }
    return true;
  }

  const ShreddedLeaf& leaf_;
  const codec::LeafValues& values_;
  const bool wide_;
  codec::CompressionOptions options_;
  EncodedPage page_;
  std::unique_ptr<codec::LevelCompressor> rep_, def_;
  BufferBuilder words_, chunks_, rep_bytes_, def_bytes_;
  RepetitionIndex repetition_index_{leaf_};
};

}  // namespace

std::optional<EncodedPage> EncodeMiniBlock(const ShreddedLeaf& leaf, const codec::LeafValues& values,
                                           const codec::CompressionOptions& options, std::optional<PageDictionary> dictionary) {
  return MiniBlockEncoder(leaf, values, options).Run(std::move(dictionary));
}

}  // namespace eider::page
