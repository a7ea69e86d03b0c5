#include "eider/page/page_cuts.h"

#include <algorithm>

#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/page/dictionary_builder.h"
#include "eider/page/distinct_values.h"
#include "eider/page/gather.h"

namespace eider::page {
namespace {

/// Wide fixed-width values are stored as they are: nothing is gained by cutting them.
constexpr uint64_t kRawValueBytes = 256;
/// A dictionary may take this share of a page before pages share it by staying together.
constexpr uint64_t kMaxDictionaryShare = 200;

const Array& LeafOf(const Array& piece, const ColumnLeaf& leaf) {
  const Array* array = &piece;
  for (const PathStep& step : leaf.steps) array = array->children[step.child].get();
  return *array;
}

/// A sample of the leaf's values, nulls and rows outside a slice included: good enough to see whether they repeat.
struct Sample {
  uint64_t num_values = 0;
  uint64_t size = 0;
  uint64_t distinct = 0;
  uint64_t bytes = 0;
};

Sample TakeSample(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf) {
  Sample sample;
  for (const ArrayPtr& piece : pieces) sample.num_values += LeafOf(*piece, leaf).length;
  const uint64_t step = std::max<uint64_t>(1, sample.num_values / kDistinctSample);
  DistinctValues distinct(kDistinctSample);
  uint64_t next = 0, start = 0;
  for (const ArrayPtr& piece : pieces) {
    const Array& values = LeafOf(*piece, leaf);
    for (; next < start + values.length; next += step) {
      if (!values.IsValid(int64_t(next - start))) continue;  // a view below a null may point anywhere
      const ByteSpan value = StringValues(values).At(int64_t(next - start));
      distinct.Number(value);
      ++sample.size;
      sample.bytes += value.size();
    }
    start += values.length;
  }
  sample.distinct = distinct.values().size();
  return sample;
}

bool SharesDictionary(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf, uint64_t target_bytes) {
  if (ShapeOf(*leaf.type).kind != codec::ValueShape::Kind::kVariable) return false;
  const Sample sample = TakeSample(pieces, leaf);
  if (sample.size == 0) return false;
  const uint64_t distinct = EstimateDistinct(sample.num_values, sample.size, sample.distinct);
  if (distinct > kMaxDictionaryValues || 2 * distinct > sample.num_values) return false;
  return distinct * (sample.bytes / sample.size + 4) * kMaxDictionaryShare > target_bytes;
}

bool StaysWhole(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf, uint64_t target_bytes) {
  switch (leaf.type->id) {
    case TypeId::kNull:
    case TypeId::kStruct:
    case TypeId::kDictionary: return true;
    default: break;
  }
  const codec::ValueShape shape = ShapeOf(*leaf.type);
  if (shape.kind == codec::ValueShape::Kind::kFixed) return shape.bits_per_value >= 8 * kRawValueBytes;
  return SharesDictionary(pieces, leaf, target_bytes);
}

/// Bytes that an encoder has to look at: a null of texts is an offset that nobody reads.
uint64_t BytesToEncode(const Array& piece) {
  const uint64_t bytes = ArrayBytes(piece);
  switch (LayoutOf(piece.type->id)) {
    case Layout::kVariable32: return bytes - 4 * uint64_t(CountNulls(piece));
    case Layout::kVariable64: return bytes - 8 * uint64_t(CountNulls(piece));
    case Layout::kView: return bytes - 16 * uint64_t(CountNulls(piece));
    default: return bytes;
  }
}

}  // namespace

std::vector<ArrayPtr> SlicePieces(std::span<const ArrayPtr> pieces, uint64_t first, uint64_t last) {
  std::vector<ArrayPtr> slices;
  uint64_t start = 0;
  for (const ArrayPtr& piece : pieces) {
    const uint64_t end = start + piece->length;
    const uint64_t from = std::max(first, start), to = std::min(last, end);
    if (from < to) slices.push_back(SliceArray(piece, int64_t(from - start), int64_t(to - from)));
    start = end;
  }
  return slices;
}

std::vector<std::vector<ArrayPtr>> CutPages(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf, uint64_t target_bytes) {
  // In 2.0 every column of a field is cut where the field is.
  if (leaf.options.compression.version_minor == 0) return {{pieces.begin(), pieces.end()}};
  uint64_t rows = 0, bytes = 0;
  for (const ArrayPtr& piece : pieces) {
    rows += piece->length;
    bytes += BytesToEncode(*piece);
  }
  std::vector<std::vector<ArrayPtr>> pages;
  uint64_t count = std::min(rows, std::max<uint64_t>(1, (bytes + target_bytes / 2) / target_bytes));
  if (count > 1 && StaysWhole(pieces, leaf, target_bytes)) count = 1;
  for (uint64_t i = 0; i < count; ++i) pages.push_back(SlicePieces(pieces, rows * i / count, rows * (i + 1) / count));
  return pages;
}

}  // namespace eider::page
