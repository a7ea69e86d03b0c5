#include "eider/page/dictionary.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "eider/array/dictionary_key.h"
#include "eider/array/equal.h"
#include "eider/array/null_array.h"
#include "eider/page/finish_values.h"

namespace eider::page {
namespace {

uint64_t LoadKey(const uint8_t* keys, uint64_t i, size_t width) {
  switch (width) {
    case 1: return keys[i];
    case 2: return LoadLe<uint16_t>(keys + 2 * i);
    case 4: return LoadLe<uint32_t>(keys + 4 * i);
    default: return LoadLe<uint64_t>(keys + 8 * i);
  }
}
void StoreKey(uint8_t* keys, uint64_t i, size_t width, uint64_t key) { std::memcpy(keys + i * width, &key, width); }

/// Values of a dictionary as bytes.
class DictionaryValues {
 public:
  explicit DictionaryValues(const Array& array) : length_(static_cast<uint64_t>(array.length)) {
    if (array.type->id == TypeId::kNull) return;  // no value has bytes
    if (array.buffers.empty()) throw Unsupported("a dictionary of {}", TypeToString(*array.type));
    const codec::ValueShape shape = ShapeOfType(*array.type);
    if (shape.kind == codec::ValueShape::Kind::kVariable) {
      offset_bytes_ = shape.offset_bytes;
      offsets_ = array.buffers[0].data();
      data_ = array.buffers[1].data();
      data_bytes_ = array.buffers[1].size();
    } else {
      if (shape.bits_per_value % 8 != 0) throw Unsupported("a dictionary of {}", TypeToString(*array.type));
      width_ = shape.bits_per_value / 8;
      data_ = array.buffers[0].data();
    }
  }
  uint64_t length() const { return length_; }
  bool variable() const { return offset_bytes_ != 0; }
  /// True when `n` bytes may be read from the start of a variable value.
  bool HasBytes(ByteSpan value, uint64_t n) const { return n <= data_bytes_ - static_cast<uint64_t>(value.data() - data_); }
  ByteSpan operator[](uint64_t i) const {
    if (offset_bytes_ == 0) return {data_ + i * width_, width_};
    const uint64_t begin = Offset(i);
    return {data_ + begin, Offset(i + 1) - begin};
  }

 private:
  uint64_t Offset(uint64_t i) const {
    return offset_bytes_ == 4 ? LoadLe<uint32_t>(offsets_ + 4 * i) : LoadLe<uint64_t>(offsets_ + 8 * i);
  }
  uint64_t length_;
  uint64_t width_ = 0;
  uint8_t offset_bytes_ = 0;
  const uint8_t* offsets_ = nullptr;
  const uint8_t* data_ = nullptr;
  uint64_t data_bytes_ = 0;
};

/// Keys as they are stored. Outside the dictionary they may lie under nulls only.
class Keys {
 public:
  Keys(const codec::DecodedValues& keys, uint64_t dictionary_length, LayerSlots& items, uint64_t first_item)
      : keys_(keys.data.data()), count_(keys.num_values), width_(keys.shape.bits_per_value / 8), length_(dictionary_length), items_(items),
        first_item_(first_item) {}

  /// Calls use(key), or empty() for a null whose key names nothing, for each in turn.
  template <typename Use, typename Empty>
  void ForEach(const Use& use, const Empty& empty) const {
    switch (width_) {
      case 1: return Visit<uint8_t>(use, empty);
      case 2: return Visit<uint16_t>(use, empty);
      case 4: return Visit<uint32_t>(use, empty);
      default: return Visit<uint64_t>(use, empty);
    }
  }

 private:
  template <typename Key, typename Use, typename Empty>
  void Visit(const Use& use, const Empty& empty) const {
    for (uint64_t i = 0; i < count_; ++i) {
      const Key key = LoadLe<Key>(keys_ + i * sizeof(Key));
      if (key < length_) {
        use(key);
        continue;
      }
      if (items_.IsValid(first_item_ + i)) {
        throw Corrupt("dictionary: key {} of item {}, the dictionary has {} values", key, i, length_);
      }
      empty();
    }
  }

  const uint8_t* const keys_;
  const uint64_t count_, width_, length_;
  LayerSlots& items_;
  const uint64_t first_item_;
};

/// Short values, each with room to spare: copied whole, whatever its length.
template <size_t kBytes>
class PaddedValues {
 public:
  explicit PaddedValues(const DictionaryValues& values) : bytes_(values.length() * kBytes), sizes_(values.length()) {
    for (uint64_t i = 0; i < values.length(); ++i) {
      const ByteSpan value = values[i];
      if (!value.empty()) std::memcpy(bytes_.data() + i * kBytes, value.data(), value.size());
      sizes_[i] = static_cast<uint8_t>(value.size());
    }
  }
  uint64_t size(uint64_t key) const { return sizes_[key]; }
  void Copy(uint64_t key, uint8_t* to) const { std::memcpy(to, bytes_.data() + key * kBytes, kBytes); }
  static constexpr size_t kSlack = kBytes;

 private:
  std::vector<uint8_t> bytes_, sizes_;
};

/// Values of any length.
class LooseValues {
 public:
  explicit LooseValues(const DictionaryValues& values) : values_(values) {}
  uint64_t size(uint64_t key) const { return values_[key].size(); }
  void Copy(uint64_t key, uint8_t* to) const {
    const ByteSpan value = values_[key];
    // Without a byte to append there may be no buffer, and so no slack.
    const bool is_short = !value.empty() && value.size() <= kSlack && values_.HasBytes(value, kSlack);
    is_short ? std::memcpy(to, value.data(), kSlack) : std::memcpy(to, value.data(), value.size());
  }
  static constexpr size_t kSlack = 16;

 private:
  const DictionaryValues& values_;
};

// Two passes: how many bytes, then the bytes. What is copied beyond a value is overwritten, or room to spare.
template <typename Offset, typename Values>
void AppendStrings(const Values& values, const Keys& keys, uint64_t count, codec::DecodedValues& out) {
  uint64_t at = out.data.size(), end = at;
  keys.ForEach([&](uint64_t key) { end += values.size(key); }, [] {});
  out.CheckOffset(end);
  out.data.Reserve(end + Values::kSlack);
  uint8_t* to = out.data.Extend(end - at);
  uint8_t* offset = out.offsets.Extend(count * sizeof(Offset));
  const auto store = [&](uint64_t size) {
    to += size;
    at += size;
    StoreLe<Offset>(offset, static_cast<Offset>(at));
    offset += sizeof(Offset);
  };
  keys.ForEach([&](uint64_t key) { values.Copy(key, to), store(values.size(key)); }, [&] { store(0); });
  out.num_values += count;
}

template <typename Offset>
void AppendStrings(const DictionaryValues& values, const Keys& keys, uint64_t count, codec::DecodedValues& out) {
  uint64_t longest = 0;
  const bool is_small = values.length() <= std::min<uint64_t>(count, 4096);
  for (uint64_t i = 0; is_small && i < values.length(); ++i) longest = std::max<uint64_t>(longest, values[i].size());
  if (!is_small || longest > 32) AppendStrings<Offset>(LooseValues(values), keys, count, out);
  else if (longest <= 16) AppendStrings<Offset>(PaddedValues<16>(values), keys, count, out);
  else AppendStrings<Offset>(PaddedValues<32>(values), keys, count, out);
}

/// One dictionary out of several: equal values share a key.
class Unifier {
 public:
  explicit Unifier(const codec::ValueShape& shape) : values_(shape) {}
  uint64_t Key(ByteSpan value) {
    const auto [it, is_new] = keys_.try_emplace(std::string(reinterpret_cast<const char*>(value.data()), value.size()), keys_.size());
    if (is_new) {
      if (values_.shape.kind == codec::ValueShape::Kind::kVariable) {
        values_.AppendVariable(value);
      } else {
        uint8_t* place = values_.ExtendFixed(1);
        if (!value.empty()) std::memcpy(place, value.data(), value.size());
      }
    }
    return it->second;
  }
  codec::DecodedValues& values() { return values_; }

 private:
  codec::DecodedValues values_;
  std::unordered_map<std::string, uint64_t> keys_;
};

// Checks keys [begin, end) against `length` and gives each valid one to `map`.
template <typename Map>
void MapKeys(LeafOutput& leaf, uint64_t begin, uint64_t end, uint64_t length, Map&& map) {
  const size_t width = leaf.spec->shape.bits_per_value / 8;
  uint8_t* keys = leaf.values.data.data();
  for (uint64_t i = begin; i < end; ++i) {
    if (!leaf.layers[0].IsValid(i)) {
      StoreKey(keys, i, width, 0);
      continue;
    }
    const uint64_t key = LoadKey(keys, i, width);
    if (key >= length) throw Corrupt("dictionary: key {} of item {}, the dictionary has {} values", key, i, length);
    map(i, key);
  }
}

bool OneDictionary(const LeafOutput& leaf) {
  const ArrayPtr& first = leaf.dictionaries[0].dictionary;
  const auto is_first = [&](const DictionaryRun& run) { return run.dictionary == first || ArraysEqual(*run.dictionary, *first); };
  return std::ranges::all_of(leaf.dictionaries, is_first);
}

ArrayPtr Unify(LeafOutput& leaf) {
  Unifier unifier(leaf.spec->dictionary_shape);
  const size_t width = leaf.spec->shape.bits_per_value / 8;
  const uint64_t largest = MaxDictionaryKey(*leaf.spec->type->index_type);
  uint64_t all_values = 0;
  for (const DictionaryRun& run : leaf.dictionaries) all_values += static_cast<uint64_t>(run.dictionary->length);
  for (size_t r = 0; r < leaf.dictionaries.size(); ++r) {
    const DictionaryValues values(*leaf.dictionaries[r].dictionary);
    std::vector<uint64_t> unified(values.length(), UINT64_MAX);
    // The first keeps its order, and its unused values, as the writer does.
    if (r == 0 && values.length() <= std::max(kKeptWhole, leaf.values.num_values) && all_values <= largest) {
      for (uint64_t key = 0; key < values.length(); ++key) unified[key] = unifier.Key(values[key]);
    }
    const uint64_t end = r + 1 < leaf.dictionaries.size() ? leaf.dictionaries[r + 1].first_value : leaf.values.num_values;
    MapKeys(leaf, leaf.dictionaries[r].first_value, end, values.length(), [&](uint64_t i, uint64_t key) {
      if (unified[key] == UINT64_MAX) unified[key] = unifier.Key(values[key]);
      if (unified[key] > largest) {
        throw Unsupported("pages with different dictionaries: together they have more values than {} keys can name",
                          TypeToString(*leaf.spec->type->index_type));
      }
      StoreKey(leaf.values.data.data(), i, width, unified[key]);
    });
  }
  return FinishValues(leaf.spec->type->value_type, unifier.values(), Buffer(), 0);
}

}  // namespace

void AddDictionary(const ArrayPtr& dictionary, LeafOutput& out) {
  if (!out.dictionaries.empty() && out.dictionaries.back().dictionary == dictionary) return;
  out.dictionaries.push_back({out.values.num_values, dictionary});
}

void AppendFromDictionary(const Array& dictionary, const codec::DecodedValues& keys, LayerSlots& items, uint64_t first_item,
                          codec::DecodedValues& out) {
  const DictionaryValues values(dictionary);
  const Keys stored(keys, values.length(), items, first_item);
  if (values.variable()) {
    return out.shape.offset_bytes == 4 ? AppendStrings<uint32_t>(values, stored, keys.num_values, out)
                                       : AppendStrings<uint64_t>(values, stored, keys.num_values, out);
  }
  const auto copy = [&](uint64_t key) {
    const ByteSpan value = values[key];
    std::memcpy(out.ExtendFixed(1), value.data(), value.size());
  };
  stored.ForEach(copy, [&] { out.AppendEmpty(1); });
}

void AppendAsDictionary(codec::DecodedValues& values, uint64_t first_item, LeafOutput& out) {
  const uint64_t n = values.num_values;
  const ArrayPtr plain = FinishValues(out.spec->type->value_type, values, Buffer(), 0);
  const DictionaryValues items(*plain);
  Unifier unifier(out.spec->dictionary_shape);
  const uint64_t largest = MaxDictionaryKey(*out.spec->type->index_type);
  const uint64_t first_value = out.values.num_values;
  const size_t width = out.spec->shape.bits_per_value / 8;
  uint8_t* keys = out.values.ExtendFixed(n);
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t key = out.layers[0].IsValid(first_item + i) ? unifier.Key(items[i]) : 0;
    if (key > largest) {
      throw Unsupported("a page of plain values in a column of {}: more values than keys", TypeToString(*out.spec->type));
    }
    StoreKey(keys, i, width, key);
  }
  out.dictionaries.push_back({first_value, FinishValues(out.spec->type->value_type, unifier.values(), Buffer(), 0)});
}

ArrayPtr FinishDictionary(LeafOutput& leaf) {
  ArrayPtr dictionary;
  if (leaf.dictionaries.empty()) {
    MapKeys(leaf, 0, leaf.values.num_values, 0, [](uint64_t, uint64_t) {});
    dictionary = MakeNullArray(leaf.spec->type->value_type, 0);
  } else if (MapKeys(leaf, 0, leaf.dictionaries[0].first_value, 0, [](uint64_t, uint64_t) {}); OneDictionary(leaf)) {
    dictionary = leaf.dictionaries[0].dictionary;
    MapKeys(leaf, leaf.dictionaries[0].first_value, leaf.values.num_values, static_cast<uint64_t>(dictionary->length),
            [](uint64_t, uint64_t) {});
  } else {
    dictionary = Unify(leaf);
  }
  auto array = std::make_shared<Array>();
  array->type = leaf.spec->type;
  array->length = static_cast<int64_t>(leaf.values.num_values);
  array->null_count = leaf.layers[0].has_nulls ? -1 : 0;
  array->validity = FinishValidity(leaf.layers[0]);
  array->buffers.push_back(leaf.values.data.Finish());
  array->dictionary = std::move(dictionary);
  return array;
}

PlainValues::PlainValues(LeafOutput& out) : out_(out), first_item_(out.layers[0].length) {
  if (out.spec->is_dictionary()) scratch_ = std::make_unique<codec::DecodedValues>(out.spec->dictionary_shape);
}

void PlainValues::Finish() {
  if (scratch_) AppendAsDictionary(*scratch_, first_item_, out_);
}

}  // namespace eider::page
