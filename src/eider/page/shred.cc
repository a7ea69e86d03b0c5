#include "eider/page/shred.h"

#include <algorithm>

#include "eider/array/dictionary_key.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/kernel/levels.h"

namespace eider::page {
namespace {

/// One layer of the path, listed from the column inwards.
struct Layer {
  bool is_list = false;
  bool has_null = false;
  bool has_empty = false;
  uint16_t null_code = 0;   ///< definition levels; 0 when the layer has no such thing
  uint16_t empty_code = 0;
  uint16_t rep_depth = 0;   ///< lists: 1 for the innermost
  uint16_t codes_inside = 0;  ///< definition levels taken by the layers inside this one
};

bool IsAllNull(const DataType& type) {
  return type.id == TypeId::kNull || (type.id == TypeId::kStruct && type.children.empty());
}

bool HasNulls(const Array& array, int64_t first, int64_t last) {
  if (!array.validity.present() || array.null_count == 0 || first == last) return false;
  return CountBits(array.validity.data(), array.offset + first, last - first) != uint64_t(last - first);
}

/// Offsets of a list array; entry i belongs to slot i.
template <typename T>
const T* ListOffsets(const Array& array) {
  return array.buffers[0].as<T>() + array.offset;
}

template <typename T>
void SurveyEmpties(const Array& array, int64_t first, int64_t last, Layer& layer) {
  const T* offsets = ListOffsets<T>(array);
  for (int64_t i = first; i < last && !layer.has_empty; ++i) {
    layer.has_empty = offsets[i] == offsets[i + 1] && array.IsValid(i);
  }
}

/// A dictionary array whose null dictionary values have become null keys.
ArrayPtr PushDownDictionaryNulls(const Array& array) {
  auto result = std::make_shared<Array>(array);
  BitBuilder bits;
  bits.AppendFill(array.offset + array.length, true);
  for (int64_t i = 0; i < array.length; ++i) {
    const int64_t key = DictionaryKey(array, i);
    // A key outside the dictionary stays, for the gatherer to refuse unless an outer null hides it.
    const bool null_value = key >= 0 && key < array.dictionary->length && !array.dictionary->IsValid(key);
    if (null_value || !array.IsValid(i)) ClearBit(bits.data(), array.offset + i);
  }
  result->validity = bits.Finish();
  result->null_count = -1;
  return result;
}

/// Everything about one Shred call.
class Shredder {
 public:
  Shredder(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf) : pieces_(pieces), leaf_(leaf) {
    for (const PathStep& step : leaf.steps) layers_.push_back({.is_list = step.kind == PathStep::Kind::kList});
    layers_.push_back({});
  }

  ShreddedLeaf Run() {
    for (const ArrayPtr& piece : pieces_) {
      Survey(*piece, 0, piece->length, 0);
      out_.num_rows += piece->length;
    }
    NumberLayers();
    for (const ArrayPtr& piece : pieces_) ShredPiece(*piece);
    CountItems();
    return std::move(out_);
  }

 private:
  /// Finds which layers have nulls and empties in slots [first, last) of `array`, at `depth` steps from the column. Slots hidden
  /// behind an outer null are looked at too: a layer declared nullable needlessly is harmless.
  void Survey(const Array& array, int64_t first, int64_t last, size_t depth) {
    Layer& layer = layers_[depth];
    if (depth == leaf_.steps.size()) {
      const Array& items = Resolve(array);
      layer.has_null = layer.has_null || (IsAllNull(*array.type) ? first < last : HasNulls(items, first, last));
      return;
    }
    layer.has_null = layer.has_null || HasNulls(array, first, last);
    const PathStep& step = leaf_.steps[depth];
    if (!layer.is_list) {
      return Survey(*array.children[step.child], array.offset + first, array.offset + last, depth + 1);
    }
    if (first == last) return;  // an array without rows may lack its offsets
    if (array.type->id == TypeId::kLargeList) {
      SurveyEmpties<int64_t>(array, first, last, layer);
      const int64_t* offsets = ListOffsets<int64_t>(array);
      Survey(*array.children[step.child], offsets[first], offsets[last], depth + 1);
    } else {
      SurveyEmpties<int32_t>(array, first, last, layer);
      const int32_t* offsets = ListOffsets<int32_t>(array);
      Survey(*array.children[step.child], offsets[first], offsets[last], depth + 1);
    }
  }

  /// The leaf array to read in place of `array`.
  const Array& Resolve(const Array& array) {
    if (array.type->id != TypeId::kDictionary || CountNulls(*array.dictionary) == 0) return array;
    for (const auto& [from, to] : resolved_) {
      if (from == &array) return *to;
    }
    resolved_.emplace_back(&array, PushDownDictionaryNulls(array));
    out_.owned.push_back(resolved_.back().second);
    return *resolved_.back().second;
  }

  void NumberLayers() {
    // A null struct is null in every layer down to the nearest list.
    for (size_t i = 0; i + 1 < layers_.size(); ++i) {
      if (!layers_[i].is_list && layers_[i].has_null) layers_[i + 1].has_null = true;
    }
    uint16_t codes = 0, lists = 0;
    bool inside_lists = true;
    for (size_t i = layers_.size(); i-- > 0;) {
      Layer& layer = layers_[i];
      layer.codes_inside = codes;
      if (layer.has_null) layer.null_code = ++codes;
      if (layer.is_list) {
        if (inside_lists) out_.max_visible = layer.codes_inside;
        inside_lists = false;
        if (layer.has_empty) layer.empty_code = ++codes;
        layer.rep_depth = ++lists;
      }
      out_.layers.push_back(Name(layer));
    }
    if (inside_lists) out_.max_visible = codes;
    out_.max_def = codes;
    out_.max_rep = lists;
  }

  static RepDefLayer Name(const Layer& layer) {
    using namespace ::lance::encodings21;
    if (!layer.is_list) return layer.has_null ? REPDEF_NULLABLE_ITEM : REPDEF_ALL_VALID_ITEM;
    if (layer.has_null) return layer.has_empty ? REPDEF_NULL_AND_EMPTY_LIST : REPDEF_NULLABLE_LIST;
    return layer.has_empty ? REPDEF_EMPTYABLE_LIST : REPDEF_ALL_VALID_LIST;
  }

  /// Entries of the piece at hand: level pairs, of which the live ones stand for the slots in `runs_`, in order.
  void ShredPiece(const Array& piece) {
    num_entries_ = piece.length;
    special_above_ = UINT16_MAX;
    rep_.Clear();
    def_.Clear();
    if (out_.has_def()) def_.AppendFill(num_entries_ * 2, 0);
    runs_.clear();
    AddRun(0, piece.length);
    const Array* array = &piece;
    for (size_t depth = 0; depth < leaf_.steps.size(); ++depth) {
      const int child = leaf_.steps[depth].child;
      if (!layers_[depth].is_list) {
        MarkNulls(*array, layers_[depth]);
        for (LeafRun& run : runs_) run.start += array->offset;
      } else if (array->type->id == TypeId::kLargeList) {
        ExpandLists<int64_t>(*array, layers_[depth]);
      } else {
        ExpandLists<int32_t>(*array, layers_[depth]);
      }
      array = array->children[child].get();
    }
    const Array& items = Resolve(*array);
    RefuseNullsWithoutFields(items);
    MarkNulls(items, layers_.back());
    AppendPiece(items);
  }

  void AddRun(int64_t start, int64_t length) {
    if (length == 0) return;
    if (!runs_.empty() && runs_.back().start + runs_.back().length == start) {
      runs_.back().length += length;
    } else {
      runs_.push_back({nullptr, start, length});
    }
  }

  /// Gives the layer's null level to live entries that are valid so far and whose slot is null.
  void MarkNulls(const Array& array, const Layer& layer) {
    if (layer.null_code == 0) return;
    const bool all_null = IsAllNull(*array.type);
    if (!all_null && !array.validity.present()) return;
    if (!all_null && special_above_ == UINT16_MAX) return MarkDenseNulls(array, layer.null_code);
    uint16_t* def = def_.as<uint16_t>();
    uint64_t entry = 0;
    for (const LeafRun& run : runs_) {
      const uint64_t first_bit = array.offset + run.start;
      for (int64_t i = 0; i < run.length; ++i, ++entry) {
        while (def[entry] > special_above_) ++entry;
        if (def[entry] == 0 && (all_null || !GetBit(array.validity.data(), first_bit + i))) def[entry] = layer.null_code;
      }
    }
  }

  /// Rows of a struct without fields are all stored as null, and read as there: one that is null by itself would come back.
  void RefuseNullsWithoutFields(const Array& items) {
    if (items.type->id != TypeId::kStruct || !items.type->children.empty() || !HasNulls(items, 0, items.length)) return;
    const uint16_t* def = def_.as<uint16_t>();
    uint64_t entry = 0;
    for (const LeafRun& run : runs_) {
      for (int64_t i = 0; i < run.length; ++i, ++entry) {
        while (def[entry] > special_above_) ++entry;
        if (def[entry] == 0 && !GetBit(items.validity.data(), uint64_t(items.offset + run.start + i))) {
          throw Unsupported("field '{}': a null row of a struct without fields cannot be stored", leaf_.path);
        }
      }
    }
  }

  /// As MarkNulls where every entry is live: a word of the bitmap at a time.
  void MarkDenseNulls(const Array& array, uint16_t null_code) {
    uint16_t* def = def_.as<uint16_t>();
    for (const LeafRun& run : runs_) {
      for (int64_t i = 0; i < run.length; i += 64) {
        const uint64_t count = std::min<uint64_t>(64, run.length - i);
        uint64_t nulls = ~LoadBits(array.validity.data(), array.offset + run.start + i, count);
        if (count < 64) nulls &= (uint64_t{1} << count) - 1;
        for (; nulls != 0; nulls &= nulls - 1) {
          uint16_t& level = def[i + std::countr_zero(nulls)];
          if (level == 0) level = null_code;
        }
      }
      def += run.length;
    }
  }

  /// Replaces each live entry by the entries of its list.
  template <typename T>
  void ExpandLists(const Array& array, const Layer& layer) {
    const T* offsets = array.buffers[0].present() ? ListOffsets<T>(array) : nullptr;
    const uint64_t num_out = CountExpanded(array, offsets);
    BufferBuilder rep(num_out * 2), def(out_.has_def() ? num_out * 2 : 0);
    const uint16_t next_rep = layer.rep_depth - 1;
    if (next_rep == 0) {
      rep.AppendFill(num_out * 2, 0);
    } else {
      std::fill_n(reinterpret_cast<uint16_t*>(rep.Extend(num_out * 2)), num_out, next_rep);
    }
    if (out_.has_def()) def.AppendFill(num_out * 2, 0);
    std::vector<LeafRun> slots = std::move(runs_);
    runs_.clear();
    uint16_t* out_rep = rep.as<uint16_t>();
    uint16_t* out_def = def.as<uint16_t>();
    ForEachEntry(slots, [&](uint16_t r, uint16_t d, int64_t slot) {
      *out_rep = r;
      uint64_t length = 1;
      if (slot >= 0 && d == 0) {
        const int64_t items = array.IsValid(slot) ? offsets[slot + 1] - offsets[slot] : 0;
        if (items > 0) {
          length = items;
          AddRun(offsets[slot], items);
        } else {
          d = array.IsValid(slot) ? layer.empty_code : layer.null_code;
        }
      }
      if (d != 0) *out_def = d;
      out_rep += length;
      if (out_def) out_def += length;
    });
    rep_ = std::move(rep);
    def_ = std::move(def);
    num_entries_ = num_out;
    special_above_ = layer.codes_inside;
  }

  template <typename T>
  uint64_t CountExpanded(const Array& array, const T* offsets) {
    uint64_t total = 0;
    ForEachEntry(runs_, [&](uint16_t, uint16_t d, int64_t slot) {
      const bool valid = slot >= 0 && d == 0 && array.IsValid(slot);
      total += valid && offsets[slot + 1] > offsets[slot] ? uint64_t(offsets[slot + 1] - offsets[slot]) : 1;
    });
    return total;
  }

  /// Calls visit(rep, def, slot) for every entry; slot is -1 for specials.
  template <typename Visit>
  void ForEachEntry(std::span<const LeafRun> slots, Visit&& visit) {
    const uint16_t* rep = rep_.size() ? rep_.as<uint16_t>() : nullptr;
    const uint16_t* def = out_.has_def() ? def_.as<uint16_t>() : nullptr;
    size_t run = 0;
    int64_t in_run = 0;
    for (uint64_t entry = 0; entry < num_entries_; ++entry) {
      const uint16_t r = rep ? rep[entry] : out_.max_rep;
      const uint16_t d = def ? def[entry] : 0;
      if (d > special_above_) {
        visit(r, d, -1);
        continue;
      }
      visit(r, d, slots[run].start + in_run);
      if (++in_run == slots[run].length) ++run, in_run = 0;
    }
  }

  void AppendPiece(const Array& items) {
    for (LeafRun& run : runs_) {
      run.array = &items;
      out_.runs.push_back(run);
      out_.num_items += run.length;
    }
    out_.num_levels += num_entries_;
    AppendLevels(rep_, out_.rep);
    AppendLevels(def_, out_.def);
  }

  static void AppendLevels(BufferBuilder& from, BufferBuilder& to) {
    if (to.size() == 0) {
      to = std::move(from);
    } else {
      to.Append(from.span());
    }
    from = BufferBuilder();
  }

  void CountItems() {
    out_.num_values = out_.num_items;
    if (!out_.has_def()) return;
    out_.num_values = kernel::CountLevelsAtMost(out_.def_levels(), 0);
  }

  const std::span<const ArrayPtr> pieces_;
  const ColumnLeaf& leaf_;
  std::vector<Layer> layers_;  ///< from the column inwards
  ShreddedLeaf out_;
  std::vector<std::pair<const Array*, ArrayPtr>> resolved_;

  uint64_t num_entries_ = 0;
  uint16_t special_above_ = 0;
  BufferBuilder rep_, def_;
  std::vector<LeafRun> runs_;
};

}  // namespace

ShreddedLeaf Shred(std::span<const ArrayPtr> pieces, const ColumnLeaf& leaf) { return Shredder(pieces, leaf).Run(); }

}  // namespace eider::page
