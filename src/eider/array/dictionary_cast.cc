#include "eider/array/dictionary_cast.h"

#include "eider/array/dictionary_key.h"
#include "eider/array/numbered_values.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/error.h"

namespace eider {
namespace {

/// An array of `type` with the nulls of `rows` and the key that `key_of` gives for each row of the others.
template <typename KeyOf>
std::shared_ptr<Array> WithKeys(const Array& rows, const TypePtr& type, const KeyOf& key_of) {
  const uint64_t width = ByteWidth(*type);
  BufferBuilder keys(uint64_t(rows.length) * width);
  BitBuilder validity;
  for (int64_t i = 0; i < rows.length; ++i) {
    const uint64_t key = rows.IsValid(i) ? key_of(i) : 0;
    keys.Append(&key, width);
    validity.AppendBit(rows.IsValid(i));
  }
  auto out = std::make_shared<Array>();
  out->type = type;
  out->length = rows.length;
  out->null_count = CountNulls(rows);
  if (out->null_count > 0) out->validity = validity.Finish();
  out->buffers = {keys.Finish()};
  return out;
}

ArrayPtr WithoutNulls(const ArrayPtr& values) {
  if (CountNulls(*values) == 0) return values;
  std::vector<int64_t> valid;
  for (int64_t i = 0; i < values->length; ++i) {
    if (values->IsValid(i)) valid.push_back(i);
  }
  return TakeArray(values, valid);
}

}  // namespace

ArrayPtr EncodeDictionary(const ArrayPtr& values, const TypePtr& type) {
  const ArrayPtr all = WithoutNulls(values);
  const NumberedValues numbered(*all);
  if (!numbered.kept.empty() && numbered.kept.size() - 1 > MaxDictionaryKey(*type->index_type)) {
    throw Invalid("{} distinct values in one batch, more than keys of {} can name", numbered.kept.size(), TypeToString(*type->index_type));
  }
  uint64_t next = 0;
  auto out = WithKeys(*values, type, [&](int64_t) { return numbered.numbers[next++]; });
  out->dictionary = TakeArray(all, numbered.kept);
  return out;
}

ArrayPtr RekeyDictionary(const ArrayPtr& array, const TypePtr& type) {
  const auto size = static_cast<uint64_t>(array->dictionary->length);
  if (size > 0 && size - 1 > MaxDictionaryKey(*type->index_type)) return EncodeDictionary(DecodeDictionary(*array), type);
  auto out = WithKeys(*array, type, [&](int64_t i) {
    const auto key = static_cast<uint64_t>(DictionaryKey(*array, i));
    if (key >= size) throw Invalid("dictionary key {} of a dictionary of {} values", int64_t(key), size);
    return key;
  });
  out->dictionary = array->dictionary;
  return out;
}

}  // namespace eider
