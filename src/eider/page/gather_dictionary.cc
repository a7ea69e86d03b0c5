#include <string_view>
#include <unordered_map>

#include "eider/array/dictionary_key.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/page/dictionary.h"
#include "eider/page/gather.h"

namespace eider::page {
namespace {

/// A dictionary of more values than the page has items stays whole up to so many bytes.
constexpr uint64_t kKeptBytes = 1 << 20;

/// How many values the first dictionary may have to stay whole.
uint64_t MostKept(const ShreddedLeaf& leaf, const DataType& type) {
  for (const LeafRun& run : leaf.runs) {
    if (run.length == 0) continue;
    const Array& dictionary = *run.array->dictionary;
    if (static_cast<uint64_t>(dictionary.length) > leaf.num_items && ArrayBytes(dictionary) > kKeptBytes) return 0;
    break;
  }
  return std::min(MaxDictionaryItems(*type.index_type), std::max(kKeptWhole, leaf.num_items));
}

/// Distinct values over the dictionaries of several arrays, numbered by first use; before them all values of the first dictionary, when
/// it is to stay whole: its keys are categories to the user, who cares for their order and for those that no row has.
class DictionaryMerger {
 public:
  DictionaryMerger(const DataType& type, uint64_t kept_whole)
      : type_(type), max_items_(MaxDictionaryItems(*type.index_type)), kept_whole_(kept_whole) {}

  /// Prepares to look up keys of `dictionary`.
  void Enter(const ArrayPtr& dictionary) {
    if (dictionary == current_) return;
    current_ = dictionary;
    ShreddedLeaf all;
    all.num_rows = all.num_levels = all.num_items = all.num_values = dictionary->length;
    all.runs.push_back({dictionary.get(), 0, dictionary->length});
    sources_.push_back(Gather(all, *type_.value_type));
    numbers_.assign(dictionary->length, -1);
    if (sources_.size() > 1 || numbers_.size() > kept_whole_) return;
    for (uint64_t i = 0; i < numbers_.size(); ++i) {
      if (dictionary->IsValid(i)) NumberOf(i);
    }
  }

  /// The number of a key's value, or -1 when there are too many.
  int64_t NumberOf(uint64_t key) {
    if (key >= numbers_.size()) {
      throw Invalid("dictionary key {} of a dictionary of {} values", int64_t(key), numbers_.size());
    }
    if (numbers_[key] < 0) numbers_[key] = Intern(ValueBytes(sources_.back().values, key));
    return numbers_[key];
  }

  GatheredValues Finish() {
    GatheredValues out;
    out.values.shape = ShapeOf(*type_.value_type);
    out.values.num_values = order_.size();
    BufferBuilder data, offsets;
    for (const std::string_view value : order_) {
      AppendOffset(offsets, out.values.shape.offset_bytes, data.size());
      data.Append(value.data(), value.size());
      out.max_value_bytes = std::max<uint64_t>(out.max_value_bytes, value.size());
    }
    AppendOffset(offsets, out.values.shape.offset_bytes, data.size());
    out.owned.push_back(data.Finish());
    out.values.data = out.owned.back().span();
    if (out.values.shape.kind == codec::ValueShape::Kind::kVariable) {
      out.owned.push_back(offsets.Finish());
      out.values.offsets = out.owned.back().span();
    }
    return out;
  }

 private:
  static std::string_view ValueBytes(const codec::LeafValues& values, uint64_t i) {
    const uint64_t width = values.shape.bits_per_value / 8;
    const ByteSpan bytes =
        values.shape.kind == codec::ValueShape::Kind::kVariable ? values.Value(i) : values.data.subspan(i * width, width);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static void AppendOffset(BufferBuilder& offsets, uint8_t width, uint64_t value) {
    if (width == 4) {
      offsets.AppendValue<uint32_t>(uint32_t(value));
    } else {
      offsets.AppendValue<uint64_t>(value);
    }
  }
  int64_t Intern(std::string_view value) {
    const auto found = index_.find(value);
    if (found != index_.end()) return found->second;
    if (order_.size() >= max_items_) return -1;
    index_.emplace(value, int64_t(order_.size()));
    order_.push_back(value);
    return int64_t(order_.size()) - 1;
  }

  const DataType& type_;
  const uint64_t max_items_, kept_whole_;
  ArrayPtr current_;
  std::vector<GatheredValues> sources_;  ///< keep the bytes of `order_`
  std::vector<int64_t> numbers_;         ///< key of the current dictionary -> number, or -1
  std::unordered_map<std::string_view, int64_t> index_;
  std::vector<std::string_view> order_;
};

/// nullopt: there are more values than keys.
std::optional<GatheredDictionary> GatherKeys(const ShreddedLeaf& leaf, const DataType& type, uint64_t kept_whole) {
  const uint64_t width = FixedBitWidth(*type.index_type) / 8;
  DictionaryMerger dictionary(type, kept_whole);
  BufferBuilder indices(leaf.num_items * width);
  indices.AppendFill(leaf.num_items * width, 0);
  const Buffer validity = leaf.has_def() ? ItemValidity(leaf) : Buffer();
  std::vector<bool> used;
  uint64_t item = 0;
  for (const LeafRun& run : leaf.runs) {
    dictionary.Enter(run.array->dictionary);
    for (int64_t i = 0; i < run.length; ++i, ++item) {
      if (validity.present() && !GetBit(validity.data(), item)) continue;
      const int64_t number = dictionary.NumberOf(static_cast<uint64_t>(DictionaryKey(*run.array, run.start + i)));
      if (number < 0) return std::nullopt;
      std::memcpy(indices.data() + item * width, &number, width);
      if (uint64_t(number) >= used.size()) used.resize(std::max<size_t>(2 * used.size(), uint64_t(number) + 1));
      used[uint64_t(number)] = true;
    }
  }
  GatheredDictionary out;
  out.indices.values.shape = ShapeOf(*type.index_type);
  out.indices.values.num_values = leaf.num_items;
  out.indices.max_value_bytes = width;
  out.indices.owned.push_back(indices.Finish());
  out.indices.values.data = out.indices.owned.back().span();
  out.dictionary = dictionary.Finish();
  used.resize(out.dictionary.values.num_values);
  out.used = std::move(used);
  return out;
}

}  // namespace

uint64_t MaxDictionaryItems(const DataType& key_type) {
  return std::min<uint64_t>(MaxDictionaryKey(key_type), INT32_MAX - 1) + 1;
}

std::optional<GatheredDictionary> GatherDictionary(const ShreddedLeaf& leaf, const DataType& type) {
  const codec::ValueShape value_shape = ShapeOf(*type.value_type);
  if (value_shape.kind == codec::ValueShape::Kind::kFixed && (value_shape.bits_per_value == 0 || value_shape.bits_per_value % 8)) {
    throw Unsupported("dictionary of {}", TypeToString(*type.value_type));
  }
  auto gathered = GatherKeys(leaf, type, MostKept(leaf, type));
  return gathered ? std::move(gathered) : GatherKeys(leaf, type, 0);
}

}  // namespace eider::page
