#include "eider/array/dictionary_cast.h"

#include <gtest/gtest.h>

#include "eider/array/concat.h"
#include "eider/array/equal.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/testing/arrays.h"

namespace eider {
namespace {

ArrayPtr SomeOf(const ArrayPtr& values, int64_t rows, int64_t step) {
  std::vector<int64_t> picked;
  for (int64_t i = 0; i < rows; ++i) picked.push_back(i % 11 == 3 ? -1 : i * step % values->length);
  return TakeArray(values, picked);
}

TEST(DictionaryCastTest, ValuesComeBack) {
  testing::RandomArrays random(7);
  for (const TypeId id : {TypeId::kUtf8, TypeId::kLargeBinary, TypeId::kInt16, TypeId::kDouble, TypeId::kDate32}) {
    const ArrayPtr values = SliceArray(SomeOf(random.Make(MakeType(id), 60), 900, 7), 5, 800);
    const ArrayPtr encoded = EncodeDictionary(values, DictionaryType(MakeType(TypeId::kUInt8), MakeType(id)));
    EXPECT_LE(encoded->dictionary->length, 60);
    EXPECT_EQ(CountNulls(*encoded->dictionary), 0);
    EXPECT_TRUE(ArraysEqual(*DecodeDictionary(*encoded), *values)) << TypeToString(*values->type);
    const TypePtr wide = DictionaryType(MakeType(TypeId::kInt64), MakeType(id));
    const ArrayPtr rekeyed = RekeyDictionary(SliceArray(encoded, 3, 500), wide);
    EXPECT_EQ(rekeyed->dictionary, encoded->dictionary);
    EXPECT_TRUE(ArraysEqual(*DecodeDictionary(*rekeyed), *SliceArray(values, 3, 500)));
  }
}

TEST(DictionaryCastTest, KeysThatAreTooFew) {
  const TypePtr number = MakeType(TypeId::kInt32);
  BufferBuilder numbers;
  for (int32_t i = 0; i < 300; ++i) numbers.AppendValue(i);
  auto values = std::make_shared<Array>();
  values->type = number;
  values->length = 300;
  values->buffers = {numbers.Finish()};
  const TypePtr narrow = DictionaryType(MakeType(TypeId::kInt8), number), wide = DictionaryType(MakeType(TypeId::kInt16), number);
  EXPECT_THROW(EncodeDictionary(values, narrow), Error);
  const ArrayPtr encoded = EncodeDictionary(values, wide);
  EXPECT_THROW(RekeyDictionary(encoded, narrow), Error);
  const ArrayPtr few = SliceArray(encoded, 290, 10), rekeyed = RekeyDictionary(few, narrow);
  EXPECT_EQ(rekeyed->dictionary->length, 10);
  EXPECT_TRUE(ArraysEqual(*DecodeDictionary(*rekeyed), *DecodeDictionary(*few)));
}

TEST(DictionaryCastTest, JoinedDictionariesHaveEachValueOnce) {
  testing::RandomArrays random(9);
  const TypePtr text = MakeType(TypeId::kUtf8), type = DictionaryType(MakeType(TypeId::kInt16), text);
  const ArrayPtr words = random.Make(text, 200);
  std::vector<ArrayPtr> plain, encoded;
  for (int64_t step = 1; step < 40; ++step) {
    plain.push_back(SomeOf(words, 150, step));
    encoded.push_back(EncodeDictionary(plain.back(), type));
  }
  const ArrayPtr joined = ConcatArrays(encoded);
  EXPECT_LE(joined->dictionary->length, 200);
  EXPECT_TRUE(ArraysEqual(*SliceArray(joined->dictionary, 0, encoded[0]->dictionary->length), *encoded[0]->dictionary));
  EXPECT_TRUE(ArraysEqual(*DecodeDictionary(*joined), *ConcatArrays(plain)));
  // Equal ones that are not the same object stay as they are.
  auto copy = std::make_shared<Array>(*encoded[0]);
  copy->dictionary = ConcatArrays(std::vector<ArrayPtr>{SliceArray(copy->dictionary, 0, 1), SliceArray(copy->dictionary, 1, copy->dictionary->length - 1)});
  EXPECT_EQ(ConcatArrays(std::vector<ArrayPtr>{encoded[0], copy})->dictionary, encoded[0]->dictionary);
}

}  // namespace
}  // namespace eider
