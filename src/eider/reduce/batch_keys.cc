#include "eider/reduce/batch_keys.h"

#include <algorithm>
#include <array>

#include "eider/array/dictionary_key.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/base/hash_bytes.h"

namespace eider::reduce {
namespace {

template <typename T, typename Canonical>
void LoadWords(const Array& array, uint64_t* out, Canonical&& canonical) {
  const uint8_t* values = array.buffers[0].data() + array.offset * static_cast<int64_t>(sizeof(T));
  for (int64_t row = 0; row < array.length; ++row) {
    const T value = canonical(LoadLe<T>(values + row * static_cast<int64_t>(sizeof(T))));
    out[row] = 0;
    std::memcpy(out + row, &value, sizeof(T));
  }
}

/// A value of up to 8 bytes as a number; equal ones have equal numbers.
void LoadAllWords(const Array& array, uint64_t* out) {
  const auto same = [](auto value) { return value; };
  if (array.type->id == TypeId::kNull) {
    std::fill_n(out, array.length, 0);
    return;
  }
  if (array.type->id == TypeId::kBool) {
    for (int64_t row = 0; row < array.length; ++row) out[row] = GetBit(array.buffers[0].data(), static_cast<uint64_t>(array.offset + row));
    return;
  }
  if (array.type->id == TypeId::kDouble) return LoadWords<double>(array, out, CanonicalFloat<double>);
  if (array.type->id == TypeId::kFloat) return LoadWords<float>(array, out, CanonicalFloat<float>);
  if (array.type->id == TypeId::kHalfFloat) return LoadWords<uint16_t>(array, out, CanonicalHalf);
  const uint64_t width = ByteWidth(*array.type);
  switch (width) {
    case 1: return LoadWords<uint8_t>(array, out, same);
    case 2: return LoadWords<uint16_t>(array, out, same);
    case 4: return LoadWords<uint32_t>(array, out, same);
    case 8: return LoadWords<uint64_t>(array, out, same);
    default: break;
  }
  const uint8_t* values = array.buffers[0].data() + static_cast<uint64_t>(array.offset) * width;
  std::fill_n(out, array.length, 0);
  for (int64_t row = 0; row < array.length && width > 0; ++row) std::memcpy(out + row, values + static_cast<uint64_t>(row) * width, width);
}

/// A table of values seen lately: a later one takes the place of an earlier one.
constexpr size_t kMemoSize = 256;
/// After so many rows it is asked whether looking there pays.
constexpr size_t kTrialRows = 2048;
constexpr uint64_t kMix = 0x9E3779B97F4A7C15;
size_t MemoPlace(uint64_t word) { return word * kMix >> 56; }

constexpr size_t kHeadBytes = 16;
/// The first bytes of a text, zeros after a shorter one.
struct TextHead {
  uint64_t low = 0, high = 0, size = UINT64_MAX, row = 0;
  TextHead() = default;
  /// `has_room`: so many bytes may be read, whatever follows the text.
  TextHead(ByteSpan text, size_t text_row, bool has_room) : size(text.size()), row(text_row) {
    uint8_t copy[kHeadBytes] = {};
    const uint8_t* from = text.data();
    if (!has_room) {
      if (!text.empty()) std::memcpy(copy, from, std::min(kHeadBytes, text.size()));
      from = copy;
    }
    low = LoadLe<uint64_t>(from) & LowBytes(size);
    high = LoadLe<uint64_t>(from + 8) & LowBytes(size < 8 ? 0 : size - 8);
  }

 private:
  static uint64_t LowBytes(uint64_t bytes) { return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * bytes) - 1; }
};

}  // namespace

KeyForm KeyFormOf(std::span<const TypePtr> types) {
  if (types.size() != 1) return KeyForm::kRows;
  const DataType& type = types[0]->id == TypeId::kDictionary ? *types[0]->value_type : *types[0];
  switch (LayoutOf(type.id)) {
    case Layout::kNull:
    case Layout::kBits: return KeyForm::kWords;
    case Layout::kFixed: return ByteWidth(type) <= 8 ? KeyForm::kWords : KeyForm::kRows;
    case Layout::kVariable32:
    case Layout::kVariable64:
    case Layout::kView: return KeyForm::kTexts;
    default: return KeyForm::kRows;
  }
}

BatchKeys::BatchKeys(std::span<const ArrayPtr> columns, int64_t num_rows) : num_rows_(static_cast<size_t>(num_rows)), hashes_(num_rows_) {
  std::vector<TypePtr> types;
  for (const ArrayPtr& column : columns) types.push_back(column->type);
  const KeyForm form = KeyFormOf(types);
  if (form == KeyForm::kRows) {
    rows_ = std::make_unique<const RowKeys>(columns, num_rows);
    FindFirstTexts();
    return;
  }
  const bool has_items = columns[0]->type->id == TypeId::kDictionary;
  values_ = has_items ? columns[0]->dictionary : columns[0];
  if (has_items) SetItems(*columns[0]);
  else if (CountNulls(*values_) > 0) SetNulls(*values_);
  if (form == KeyForm::kWords) SetWords(*values_);
  else SetTexts(*values_);
}

void BatchKeys::SetNulls(const Array& array) {
  nulls_.resize(size());
  for (size_t row = 0; row < size(); ++row) nulls_[row] = !array.IsValid(static_cast<int64_t>(row));
}

// The value of a null is that of another row: nobody looks at it, and it is there.
void BatchKeys::SetItems(const Array& array) {
  const Array& values = *array.dictionary;
  const bool has_nulls = CountNulls(array) > 0 || CountNulls(values) > 0;
  items_.resize(size());
  if (has_nulls) nulls_.resize(size());
  for (size_t row = 0; row < size(); ++row) {
    const auto at = static_cast<int64_t>(row);
    const int64_t key = DictionaryKey(array, at);
    const bool is_null = has_nulls && (!array.IsValid(at) || (key >= 0 && key < values.length && !values.IsValid(key)));
    if (is_null) nulls_[row] = 1;
    else if (key < 0 || key >= values.length) throw Invalid("dictionary key {} of a dictionary of {} values", key, values.length);
    items_[row] = is_null ? 0 : key;
  }
}

template <typename IsSeen>
void BatchKeys::FindFirsts(IsSeen&& is_seen) {
  size_t found = 0, row = 0;
  bool has_null = false;
  firsts_.resize(size());
  const auto keep = [&](bool is_first) {
    firsts_[found] = static_cast<uint32_t>(row);
    found += is_first;
  };
  const auto is_first_null = [&] { return !std::exchange(has_null, true); };
  for (; row < size() && (row % kTrialRows != 0 || found <= row - row / 4); ++row) keep(IsNull(row) ? is_first_null() : !is_seen(row));
  for (; row < size(); ++row) keep(!IsNull(row) || is_first_null());
  firsts_.resize(found);
}

void BatchKeys::FindFirstItems(int64_t num_items) {
  std::vector<bool> seen(static_cast<size_t>(num_items));
  FindFirsts([&](size_t row) {
    const auto item = static_cast<size_t>(items_[row]);
    const bool is_seen = seen[item];
    seen[item] = true;
    return is_seen;
  });
}

void BatchKeys::SetWords(const Array& values) {
  words_.resize(static_cast<size_t>(values.length));
  LoadAllWords(values, words_.data());
  if (!items_.empty()) {
    std::vector<uint64_t> by_row(size());
    for (size_t row = 0; row < size(); ++row) by_row[row] = IsNull(row) ? 0 : words_[static_cast<size_t>(items_[row])];
    words_ = std::move(by_row);
  }
  // Each place with a word that does not belong there.
  std::array<uint64_t, kMemoSize> memo;
  for (size_t at = 0; at < kMemoSize; ++at) memo[at] = MemoPlace(0) == at ? 1 : 0;
  FindFirsts([&](size_t row) { return std::exchange(memo[MemoPlace(words_[row])], words_[row]) == words_[row]; });
  for (const uint32_t row : firsts_) hashes_[row] = HashWord(words_[row]);
}

void BatchKeys::SetTexts(const Array& values) {
  texts_ = std::make_unique<const StringValues>(values);
  if (values.type->id == TypeId::kUtf8 || values.type->id == TypeId::kBinary) {
    if (values.length > 0) offsets_ = values.buffers[0].as<int32_t>() + values.offset;
    data_ = values.buffers[1].data();
    data_bytes_ = values.buffers[1].size();
  }
  FindFirstTexts();
}

void BatchKeys::FindFirstTexts() {
  if (!items_.empty()) {
    FindFirstItems(values_->length);
  } else {
    std::vector<TextHead> memo(kMemoSize);
    FindFirsts([&](size_t row) {
      const ByteSpan text = Bytes(row);
      const bool has_room = data_ && static_cast<size_t>(text.data() - data_) + kHeadBytes <= data_bytes_;
      const TextHead head(text, row, has_room);
      TextHead& known = memo[MemoPlace(head.low ^ head.high * kMix ^ head.size)];
      const bool is_seen = known.size == head.size && known.low == head.low && known.high == head.high &&
                           (head.size <= kHeadBytes || std::ranges::equal(text.subspan(kHeadBytes), Bytes(known.row).subspan(kHeadBytes)));
      if (!is_seen) known = head;
      return is_seen;
    });
  }
  for (const uint32_t row : firsts_) hashes_[row] = IsNull(row) ? 0 : HashBytes(Bytes(row));
}

}  // namespace eider::reduce
