#include "eider/page/page_encoder.h"

#include <bit>

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/page/blob_decoder.h"
#include "eider/page/constant_encoder.h"
#include "eider/page/dictionary_builder.h"
#include "eider/page/full_zip_encoder.h"
#include "eider/page/gather.h"
#include "eider/page/gather_packed.h"
#include "eider/page/mini_block_encoder.h"
#include "eider/page/v2_0/array_encoder.h"
#include "eider/page/page_cuts.h"
#include "eider/page/repeat_rows.h"

namespace eider::page {
namespace {

using Structure = PageOptions::Structure;
using Scheme = codec::CompressionOptions::Scheme;

/// Values shorter than this go to mini-block pages.
constexpr uint64_t kNarrowBytes = 256;
/// The same in a compact page of strings that shrink together.
constexpr uint64_t kCompactNarrowBytes = 1 << 20;
constexpr double kShrinks = 0.9;
/// Constant pages keep raw 16-bit levels: from so many on, fixed-width values are smaller as a run-length mini-block.
constexpr uint64_t kMaxConstantLevels = 1024;
/// Levels of one chunk at most, and their bits at most in 2.1, where a chunk with its values has 32 KiB.
constexpr uint64_t kMaxChunkLevels = 32768;
constexpr uint64_t kMaxChunkLevelBits = 20 * 1024 * 8;

class PageEncoder {
 public:
  explicit PageEncoder(const ColumnLeaf& leaf) : leaf_(leaf) {}

  void Encode(std::span<const ArrayPtr> pieces) {
    const ShreddedLeaf shredded = Shred(pieces, leaf_);
    const size_t before = pages_.size();
    EncodeShredded(pieces, shredded);
    // Pages of rows that were cut were measured one by one.
    if (pages_.size() == before + 1) pages_.back().statistics = MeasurePage(shredded, *leaf_.type);
  }

  std::vector<EncodedPage> Take() { return std::move(pages_); }

 private:
  uint16_t minor() const { return leaf_.options.compression.version_minor; }

  void EncodeShredded(std::span<const ArrayPtr> pieces, const ShreddedLeaf& shredded) {
    if (leaf_.options.describes_blobs) {
      EncodeDescriptors(shredded);
    } else if (shredded.num_values == 0) {
      pages_.push_back(EncodeAllNull(shredded, minor()));
    } else if (leaf_.type->id == TypeId::kDictionary) {
      EncodeDictionary(pieces, shredded);
    } else if (leaf_.type->id == TypeId::kStruct) {
      EncodePacked(pieces, shredded);
    } else {
      EncodeValues(pieces, shredded);
    }
  }

  void EncodeValues(std::span<const ArrayPtr> pieces, const ShreddedLeaf& shredded) {
    GatheredValues gathered = Gather(shredded, *leaf_.type);
    const codec::LeafValues& values = gathered.values;
    leaf_.options.compression.compact && !IsSparse(shredded) ? ZeroNulls(shredded, gathered) : HoldValuesOverNulls(shredded, gathered);
    const bool has_no_bytes = values.shape.kind == codec::ValueShape::Kind::kFixed && values.shape.bits_per_value == 0;
    if ((leaf_.options.structure == Structure::kAuto || has_no_bytes) && TryConstant(shredded, values)) return Keep(std::move(gathered));
    if (WantsFullZip(gathered)) {
      pages_.push_back(EncodeFullZip(shredded, values, leaf_.options.compression));
      return Keep(std::move(gathered));
    }
    if (const auto dictionary = BuildDictionary(shredded, values, leaf_.options)) {
      if (TryIndices(shredded, *dictionary)) return PreferSmaller(shredded, values);
    } else if (auto page = EncodeMiniBlock(shredded, values, leaf_.options.compression, std::nullopt)) {
      pages_.push_back(std::move(*page));
      return;
    }
    if (CutByLevels(pieces, shredded)) return;
    if (values.shape.bits_per_value % 8 != 0) {
      throw Unsupported("one row has {} levels for {} values of {}: too many for a chunk", shredded.num_levels, shredded.num_items,
                        TypeToString(*leaf_.type));
    }
    pages_.push_back(EncodeFullZip(shredded, values, leaf_.options.compression));
    Keep(std::move(gathered));
  }

  /// The reference engine looks for rows of plain fields in mini-block pages alone, for others in full-zip pages.
  void EncodePacked(std::span<const ArrayPtr> pieces, const ShreddedLeaf& shredded) {
    GatheredValues gathered = GatherPacked(shredded, *leaf_.type);
    if (gathered.values.row_encoding) {
      pages_.push_back(EncodeFullZip(shredded, gathered.values, leaf_.options.compression));
      return Keep(std::move(gathered));
    }
    if (leaf_.options.structure == Structure::kFullZip) {
      throw Unsupported("a packed struct of fixed-width fields cannot be stored with structural-encoding 'fullzip'");
    }
    if (auto page = EncodeMiniBlock(shredded, gathered.values, leaf_.options.compression, std::nullopt)) {
      pages_.push_back(std::move(*page));
    } else if (!CutByLevels(pieces, shredded)) {
      throw Unsupported("one row has {} levels for {} packed structs: too many for a chunk", shredded.num_levels, shredded.num_items);
    }
  }

  /// A page of descriptors without levels; those of null items hold their level in place of a position.
  void EncodeDescriptors(const ShreddedLeaf& shredded) {
    GatheredValues gathered = GatherPacked(shredded, *leaf_.type);
    BufferBuilder rows;
    rows.Append(gathered.values.data);
    const std::span<const uint16_t> def = shredded.def_levels();
    for (size_t i = 0; i < def.size(); ++i) {
      if (def[i] != 0) StoreLe<uint64_t>(rows.data() + i * kBlobDescriptorBytes, uint64_t{def[i]} << 16);
    }
    gathered.values.data = rows.span();
    ShreddedLeaf items;
    items.layers = {::lance::encodings21::REPDEF_ALL_VALID_ITEM};
    items.num_rows = items.num_levels = items.num_items = items.num_values = shredded.num_items;
    EncodedPage page = EncodeMiniBlock(items, gathered.values, leaf_.options.compression, std::nullopt).value();
    ::lance::encodings21::PageLayout inner;
    inner.Swap(&page.layout);
    auto* blobs = page.layout.mutable_blob_layout();
    blobs->mutable_inner_layout()->Swap(&inner);
    for (const RepDefLayer layer : shredded.layers) blobs->add_layers(layer);
    pages_.push_back(std::move(page));
  }

  /// In compact files a page of indices gives way to plain values that take less.
  void PreferSmaller(const ShreddedLeaf& shredded, const codec::LeafValues& values) {
    if (!leaf_.options.compression.compact) return;
    auto plain = EncodeMiniBlock(shredded, values, leaf_.options.compression, std::nullopt);
    const auto bytes = [](const EncodedPage& page) { return page.size() + page.layout.ByteSizeLong(); };
    if (plain && bytes(*plain) < bytes(pages_.back())) pages_.back() = std::move(*plain);
  }

  /// The page may refer to the gathered bytes.
  void Keep(GatheredValues gathered) {
    if (pages_.back().buffers.empty()) return;
    for (Buffer& owned : gathered.owned) pages_.back().buffers[0].owned.push_back(std::move(owned));
  }

  bool TryConstant(const ShreddedLeaf& shredded, const codec::LeafValues& values) {
    if (minor() < 2) return false;
    const bool has_levels = shredded.has_rep() || shredded.has_def();
    const bool fixed = values.shape.kind == codec::ValueShape::Kind::kFixed;
    const bool runs_well = fixed && values.shape.bits_per_value > 0 && values.shape.bits_per_value <= 64;
    if (has_levels && runs_well && shredded.num_levels > kMaxConstantLevels) return false;
    const std::optional<uint64_t> item = FindConstant(shredded, values);
    if (item) pages_.push_back(EncodeConstant(shredded, values, *item));
    return item.has_value();
  }

  bool WantsFullZip(const GatheredValues& gathered) const {
    const bool whole_bytes = gathered.values.shape.bits_per_value % 8 == 0;
    switch (leaf_.options.structure) {
      case Structure::kMiniBlock: return false;
      case Structure::kFullZip:
        if (!whole_bytes) throw Unsupported("{} cannot be stored with structural-encoding 'fullzip'", TypeToString(*leaf_.type));
        return true;
      case Structure::kAuto: break;
    }
    if (!whole_bytes || gathered.max_value_bytes < kNarrowBytes) return false;
    return gathered.max_value_bytes >= kCompactNarrowBytes || !SharesChunks(gathered.values);
  }

  /// Compact text shrinks most with its neighbours; pictures do not, and are read one by one.
  bool SharesChunks(const codec::LeafValues& values) const {
    const codec::CompressionOptions& options = leaf_.options.compression;
    const bool variable = values.shape.kind == codec::ValueShape::Kind::kVariable;
    return options.compact && variable && minor() >= 2 && codec::SampleRatio(values, options) < kShrinks;
  }

  void EncodeDictionary(std::span<const ArrayPtr> pieces, const ShreddedLeaf& shredded) {
    std::optional<GatheredDictionary> gathered = GatherDictionary(shredded, *leaf_.type);
    if (!gathered) {
      if (shredded.num_rows == 1) {
        throw Invalid("one row has more distinct values than dictionary keys of type {} can name",
                      TypeToString(*leaf_.type->index_type));
      }
      Encode(SlicePieces(pieces, 0, shredded.num_rows / 2));
      return Encode(SlicePieces(pieces, shredded.num_rows / 2, shredded.num_rows));
    }
    if (TryIndices(shredded, *gathered)) {
      if (gathered->indices.max_value_bytes < 4) ListDictionary(*gathered);
      return;
    }
    if (!CutByLevels(pieces, shredded)) {
      throw Unsupported("one row has {} levels for {} dictionary keys: too many for a chunk", shredded.num_levels,
                        shredded.num_items);
    }
  }

  /// A mini-block page of indices and their dictionary; false when the levels do not fit.
  bool TryIndices(const ShreddedLeaf& shredded, const GatheredDictionary& gathered) {
    PageDictionary dictionary;
    codec::CompressionOptions value_options = leaf_.options.compression;
    if (leaf_.options.dictionary_scheme != Scheme::kAuto) {
      value_options.scheme = leaf_.options.dictionary_scheme;
      value_options.level = leaf_.options.dictionary_level;
    } else if (value_options.scheme == Scheme::kAuto && IsSparse(shredded) && gathered.dictionary.values.shape.bits_per_value != 64) {
      value_options.scheme = Scheme::kZstd;  // values met once or twice are most of what a sparse page has
    }
    dictionary.bytes = codec::CompressBlock(gathered.dictionary.values, value_options, &dictionary.encoding);
    dictionary.num_items = gathered.dictionary.values.num_values;
    codec::CompressionOptions index_options = leaf_.options.compression;
    index_options.is_text = false;
    auto page = EncodeMiniBlock(shredded, gathered.indices.values, index_options, std::move(dictionary));
    if (page) pages_.push_back(std::move(*page));
    return page.has_value();
  }

  /// Values that no item has may come again under other keys.
  void ListDictionary(const GatheredDictionary& gathered) {
    const codec::LeafValues& values = gathered.dictionary.values;
    const uint64_t width = values.shape.bits_per_value / 8;
    for (uint64_t i = 0; i < values.num_values; ++i) {
      if (!gathered.used[i]) continue;
      const bool variable = values.shape.kind == codec::ValueShape::Kind::kVariable;
      const ByteSpan value = variable ? values.Value(i) : values.data.subspan(i * width, width);
      pages_.back().dictionary_values.emplace_back(value.begin(), value.end());
    }
  }

  /// Encodes the rows in cuts whose levels fit one chunk; false when there is one row only.
  bool CutByLevels(std::span<const ArrayPtr> pieces, const ShreddedLeaf& shredded) {
    const uint64_t bits = std::bit_width(shredded.max_rep) + std::bit_width(shredded.max_def);
    const uint64_t limit = std::min(kMaxChunkLevels, kMaxChunkLevelBits / std::max<uint64_t>(bits, 1));
    std::vector<uint64_t> cuts{0};
    const std::span<const uint16_t> rep = shredded.rep_levels();
    uint64_t row = 0, cut_level = 0, row_level = 0;
    for (uint64_t i = 1; i <= rep.size(); ++i) {
      if (i < rep.size() && rep[i] != shredded.max_rep) continue;
      // Levels [row_level, i) are one row.
      if (i - cut_level > limit && row > cuts.back()) {
        cuts.push_back(row);
        cut_level = row_level;
      }
      ++row;
      row_level = i;
    }
    if (shredded.num_rows < 2 || cuts.size() < 2) return false;
    cuts.push_back(shredded.num_rows);
    for (size_t i = 0; i + 1 < cuts.size(); ++i) Encode(SlicePieces(pieces, cuts[i], cuts[i + 1]));
    return true;
  }

  const ColumnLeaf& leaf_;
  std::vector<EncodedPage> pages_;
};

std::vector<EncodedPage> EncodeRows(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf) {
  PageEncoder encoder(leaf);
  encoder.Encode(pieces);
  return encoder.Take();
}

}  // namespace

std::vector<EncodedPage> EncodePages(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf) {
  if (leaf.options.compression.version_minor == 0) {
    std::vector<EncodedPage> pages;
    if (auto page = v2_0::EncodeArrayPage(pieces, leaf)) pages.push_back(std::move(*page));
    return pages;
  }
  return InContext([&] { return fmt::format("column '{}'", leaf.path); },
                   [&] {
                     if (leaf.rows_per_row == 1) return EncodeRows(pieces, leaf);
                     const RepeatedRows repeated = RepeatRows(pieces, leaf);
                     return EncodeRows(repeated.pieces, repeated.leaf);
                   });
}

}  // namespace eider::page
