#include "eider/page/gather.h"

#include "eider/array/string_values.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/codec/rle.h"
#include "eider/kernel/levels.h"

namespace eider::page {
namespace {

using codec::LeafValues;
using codec::ValueShape;

const DataType& InnermostItem(const DataType& type) {
  const DataType* item = &type;
  while (item->id == TypeId::kFixedSizeList) item = item->children[0].type.get();
  return *item;
}

/// The items of one run in the innermost array below `layers` fixed-size lists.
struct InnerRun {
  const Array* array = nullptr;
  int64_t start = 0;   ///< counted from the array's offset
  int64_t length = 0;
};

InnerRun Descend(const LeafRun& run, size_t layers) {
  InnerRun inner{run.array, run.start, run.length};
  for (size_t i = 0; i < layers; ++i) {
    const int64_t size = inner.array->type->list_size;
    inner.start = (inner.array->offset + inner.start) * size;
    inner.length *= size;
    inner.array = inner.array->children[0].get();
  }
  return inner;
}

/// Fixed-width values of whole bytes.
void GatherBytes(const ShreddedLeaf& leaf, GatheredValues& out) {
  const size_t layers = out.values.shape.dimensions.size();
  const uint64_t item_bytes = [&] {
    uint64_t items = 1;
    for (const uint32_t d : out.values.shape.dimensions) items *= d;
    return out.values.shape.bits_per_value / 8 / items;
  }();
  const auto bytes_of = [&](const LeafRun& run) {
    const InnerRun inner = Descend(run, layers);
    return inner.array->buffers[0].span().subspan((inner.array->offset + inner.start) * item_bytes, inner.length * item_bytes);
  };
  if (leaf.runs.size() == 1) {
    out.values.data = bytes_of(leaf.runs[0]);
    return;
  }
  BufferBuilder bytes(leaf.num_items * out.values.shape.bits_per_value / 8);
  for (const LeafRun& run : leaf.runs) bytes.Append(bytes_of(run));
  out.owned.push_back(bytes.Finish());
  out.values.data = out.owned.back().span();
}

/// Booleans, and fixed-size lists of booleans. Values of whole bytes start on a byte.
void GatherBits(const ShreddedLeaf& leaf, GatheredValues& out) {
  const size_t layers = out.values.shape.dimensions.size();
  BitBuilder bits;
  for (const LeafRun& run : leaf.runs) {
    const InnerRun inner = Descend(run, layers);
    const uint64_t first = inner.array->offset + inner.start;
    if (leaf.runs.size() == 1 && (first % 8 == 0 || out.values.shape.bits_per_value % 8 != 0)) {
      out.values.data = inner.array->buffers[0].span().subspan(first / 8);
      out.values.bit_offset = first % 8;
      return;
    }
    bits.Append(inner.array->buffers[0].data(), first, inner.length);
  }
  out.owned.push_back(bits.Finish());
  out.values.data = out.owned.back().span();
}

/// Validity of the elements of fixed-size lists, per layer; empty while nothing is null.
void GatherElementValidity(const ShreddedLeaf& leaf, GatheredValues& out) {
  const size_t layers = out.values.shape.dimensions.size();
  out.values.fsl_validity.resize(layers);
  for (size_t layer = 0; layer < layers; ++layer) {
    bool any_null = false;
    for (const LeafRun& run : leaf.runs) {
      const InnerRun inner = Descend(run, layer + 1);
      any_null = any_null || (inner.array->validity.present() &&
                              CountBits(inner.array->validity.data(), inner.array->offset + inner.start, inner.length) !=
                                  uint64_t(inner.length));
    }
    if (!any_null) continue;
    BitBuilder bits;
    for (const LeafRun& run : leaf.runs) {
      const InnerRun inner = Descend(run, layer + 1);
      if (inner.array->validity.present()) {
        bits.Append(inner.array->validity.data(), inner.array->offset + inner.start, inner.length);
      } else {
        bits.AppendFill(inner.length, true);
      }
    }
    out.owned.push_back(bits.Finish());
    out.values.fsl_validity[layer] = out.owned.back().span();
  }
}

bool IsView(const DataType& type) { return type.id == TypeId::kUtf8View || type.id == TypeId::kBinaryView; }

/// One run of offsets whose null items are empty can be used where it lies. Finds the longest value as well.
template <typename T>
bool ScanOffsets(const LeafRun& run, const ShreddedLeaf& leaf, uint64_t* max_bytes) {
  const T* offsets = run.array->buffers[0].as<T>() + run.array->offset + run.start;
  T longest = 0;
  for (int64_t i = 0; i < run.length; ++i) longest = std::max<T>(longest, offsets[i + 1] - offsets[i]);
  *max_bytes = longest;
  if (leaf.num_values == leaf.num_items || longest == 0) return true;
  const Buffer validity = ItemValidity(leaf);
  for (int64_t i = 0; i < run.length; i += 64) {
    const uint64_t count = std::min<uint64_t>(64, run.length - i);
    uint64_t nulls = ~LoadBits(validity.data(), i, count);
    if (count < 64) nulls &= (uint64_t{1} << count) - 1;
    for (; nulls != 0; nulls &= nulls - 1) {
      const T* null = offsets + i + std::countr_zero(nulls);
      if (null[0] != null[1]) return false;
    }
  }
  return true;
}

bool BorrowVariable(const ShreddedLeaf& leaf, GatheredValues& out) {
  if (leaf.runs.size() != 1 || IsView(*leaf.runs[0].array->type)) return false;
  const LeafRun& run = leaf.runs[0];
  const uint64_t width = out.values.shape.offset_bytes;
  const bool usable = width == 4 ? ScanOffsets<int32_t>(run, leaf, &out.max_value_bytes)
                                 : ScanOffsets<int64_t>(run, leaf, &out.max_value_bytes);
  if (!usable) return false;
  out.values.offsets = {run.array->buffers[0].data() + (run.array->offset + run.start) * width, (run.length + 1) * width};
  out.values.data = run.array->buffers[1].span();
  return true;
}

/// Values of a run without nulls, all at once.
template <typename T>
void AppendRun(const LeafRun& run, BufferBuilder& offsets, BufferBuilder& data, uint64_t* longest) {
  const T* from = run.array->buffers[0].as<T>() + run.array->offset + run.start;
  using Unsigned = std::make_unsigned_t<T>;  // that there is too much is said in the end
  const Unsigned shift = Unsigned(data.size()) - Unsigned(from[0]);
  T* to = reinterpret_cast<T*>(offsets.Extend(run.length * sizeof(T)));
  T most = 0;
  for (int64_t i = 0; i < run.length; ++i) {
    most = std::max<T>(most, from[i + 1] - from[i]);
    to[i] = T(Unsigned(from[i + 1]) + shift);
  }
  *longest = std::max<uint64_t>(*longest, most);
  data.Append(run.array->buffers[1].span().subspan(from[0], from[run.length] - from[0]));
}

template <typename T>
void CopyVariable(const ShreddedLeaf& leaf, GatheredValues& out) {
  BufferBuilder offsets((leaf.num_items + 1) * sizeof(T));
  BufferBuilder data;
  offsets.AppendValue<T>(0);
  ItemCursor cursor(leaf);
  const bool has_nulls = leaf.num_values < leaf.num_items;
  for (const LeafRun& run : leaf.runs) {
    if (!has_nulls && run.length > 0 && !IsView(*run.array->type)) {
      AppendRun<T>(run, offsets, data, &out.max_value_bytes);
      continue;
    }
    const StringValues reader(*run.array);
    for (int64_t i = 0; i < run.length; ++i) {
      if (cursor.NextIsValid()) {
        const ByteSpan value = reader.At(run.start + i);
        out.max_value_bytes = std::max<uint64_t>(out.max_value_bytes, value.size());
        data.Append(value);
      }
      offsets.AppendValue<T>(T(data.size()));
    }
  }
  if (sizeof(T) == 4 && data.size() > INT32_MAX) throw Invalid("{} bytes of strings need 64-bit offsets", data.size());
  out.owned.push_back(offsets.Finish());
  out.values.offsets = out.owned.back().span();
  out.owned.push_back(data.Finish());
  out.values.data = out.owned.back().span();
}

void GatherVariable(const ShreddedLeaf& leaf, GatheredValues& out) {
  if (BorrowVariable(leaf, out)) return;
  out.max_value_bytes = 0;
  if (out.values.shape.offset_bytes == 4) {
    CopyVariable<int32_t>(leaf, out);
  } else {
    CopyVariable<int64_t>(leaf, out);
  }
}

}  // namespace

ValueShape ShapeOf(const DataType& type) {
  ValueShape shape;
  switch (type.id) {
    case TypeId::kUtf8:
    case TypeId::kBinary:
    case TypeId::kUtf8View:
    case TypeId::kBinaryView:
      shape.kind = ValueShape::Kind::kVariable;
      return shape;
    case TypeId::kLargeUtf8:
    case TypeId::kLargeBinary:
      shape.kind = ValueShape::Kind::kVariable;
      shape.offset_bytes = 8;
      return shape;
    case TypeId::kDictionary:
      return ShapeOf(*type.index_type);
    default:
      shape.bits_per_value = FixedBitWidth(type);
      for (const DataType* t = &type; t->id == TypeId::kFixedSizeList; t = t->children[0].type.get()) {
        shape.dimensions.push_back(uint32_t(t->list_size));
      }
      return shape;
  }
}

Buffer ItemValidity(const ShreddedLeaf& leaf) {
  BitBuilder bits;
  bits.AppendFill(AlignUp(leaf.num_items, 64), false);
  if (leaf.num_items == leaf.num_levels) {
    kernel::LevelsEqual(leaf.def_levels(), 0, reinterpret_cast<uint64_t*>(bits.data()));
    return bits.Finish();
  }
  ItemCursor cursor(leaf);
  for (uint64_t i = 0; i < leaf.num_items; ++i) {
    if (cursor.NextIsValid()) SetBit(bits.data(), i);
  }
  return bits.Finish();
}

GatheredValues Gather(const ShreddedLeaf& leaf, const DataType& type) {
  GatheredValues out;
  out.values.shape = ShapeOf(type);
  out.values.num_values = leaf.num_items;
  if (out.values.shape.kind == ValueShape::Kind::kVariable) {
    GatherVariable(leaf, out);
    return out;
  }
  out.max_value_bytes = BytesForBits(out.values.shape.bits_per_value);
  if (InnermostItem(type).id == TypeId::kBool) {
    GatherBits(leaf, out);
  } else {
    GatherBytes(leaf, out);
  }
  GatherElementValidity(leaf, out);
  return out;
}

namespace {

/// Fewer items are not worth a look.
constexpr uint64_t kMinSparseItems = 1024;

/// Fixed-width values of whole bytes, or booleans, some of which are null.
bool HasPlainNulls(const ShreddedLeaf& leaf, const codec::LeafValues& values) {
  const uint64_t bits = values.shape.bits_per_value;
  const bool plain = values.shape.kind == ValueShape::Kind::kFixed && values.shape.dimensions.empty() && values.packed_bits.empty();
  return plain && leaf.num_values < leaf.num_items && (bits == 1 || (bits > 0 && bits % 8 == 0));
}

BufferBuilder Copy(ByteSpan bytes) {
  BufferBuilder copy(bytes.size());
  copy.Append(bytes);
  return copy;
}

void Replace(BufferBuilder data, GatheredValues& gathered) {
  gathered.owned.push_back(data.Finish());
  gathered.values.data = gathered.owned.back().span();
}

}  // namespace

bool IsSparse(const ShreddedLeaf& leaf) {
  return leaf.num_items >= kMinSparseItems && leaf.num_items - leaf.num_values >= leaf.num_items / 8 * 7;
}

void ZeroNulls(const ShreddedLeaf& leaf, GatheredValues& gathered) {
  const codec::LeafValues& values = gathered.values;
  if (!HasPlainNulls(leaf, values)) return;
  const uint64_t bits = values.shape.bits_per_value;
  const Buffer validity = ItemValidity(leaf);
  BufferBuilder zeroed = Copy(values.data);
  for (uint64_t i = 0; i < leaf.num_items; ++i) {
    if (GetBit(validity.data(), i)) continue;
    if (bits == 1) {
      ClearBit(zeroed.data(), values.bit_offset + i);
    } else {
      std::memset(zeroed.data() + i * (bits / 8), 0, bits / 8);
    }
  }
  Replace(std::move(zeroed), gathered);
}

void HoldValuesOverNulls(const ShreddedLeaf& leaf, GatheredValues& gathered) {
  const uint64_t width = gathered.values.shape.bits_per_value / 8;
  const uint64_t items = leaf.num_items;
  if (!HasPlainNulls(leaf, gathered.values) || !IsSparse(leaf)) return;
  if (width == 0) return ZeroNulls(leaf, gathered);
  const Buffer validity = ItemValidity(leaf);
  BufferBuilder held = Copy(gathered.values.data);
  const auto fill = [&](uint64_t first, uint64_t last, uint64_t from) {
    for (uint64_t i = first; i < last; ++i) std::memcpy(held.data() + i * width, held.data() + from * width, width);
  };
  uint64_t run = 0, last = items;  // where the run of the last value starts; where that value lies
  for (uint64_t i = 0; i < items; ++i) {
    if (!GetBit(validity.data(), i)) continue;
    uint64_t turn = 0;
    if (last != items) {
      // The run of the last value is filled, as are more where the nulls are many; what is left fits that of the next.
      const uint64_t reach = run + codec::kMaxRun;
      turn = i <= reach ? i : i - (i - reach) % codec::kMaxRun;
      fill(last + 1, turn, last);
    }
    fill(turn, i, i);
    run = i - (i - turn) % codec::kMaxRun, last = i;
  }
  if (last != items) fill(last + 1, items, last);
  Replace(std::move(held), gathered);
}

}  // namespace eider::page
