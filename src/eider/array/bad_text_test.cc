#include "eider/array/bad_text.h"

#include <gtest/gtest.h>

#include "eider/testing/arrays.h"

namespace eider {
namespace {

const std::string kBad = "\xff\xfe";

ArrayPtr ListOf(const ArrayPtr& items, std::vector<int32_t> offsets, std::vector<bool> valid) {
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kList;
  type->children = {{"item", items->type}};
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = int64_t(valid.size());
  array->null_count = -1;
  BitBuilder bits;
  for (const bool v : valid) bits.AppendBit(v);
  array->validity = bits.Finish();
  array->buffers = {CopyToBuffer({reinterpret_cast<const uint8_t*>(offsets.data()), offsets.size() * 4})};
  array->children = {items};
  return array;
}

TEST(BadTextTest, FindsTheFirstRowAndHonoursSlices) {
  const ArrayPtr array = testing::Strings({"a", "\xe2\x82\xac", std::nullopt, kBad, "b", kBad});
  EXPECT_EQ(FindBadText(array), 3);
  EXPECT_EQ(FindBadText(SliceArray(array, 2, 3)), 1);
  EXPECT_EQ(FindBadText(SliceArray(array, 0, 3)), std::nullopt);
  EXPECT_EQ(FindBadText(SliceArray(array, 3, 0)), std::nullopt);
  EXPECT_EQ(FindBadText(testing::Strings({"\xe2", "\x82\xac"})), 0) << "a sequence may not be cut into two values";
  EXPECT_EQ(FindBadText(testing::Numbers(std::vector<int64_t>{1, 2})), std::nullopt);
}

TEST(BadTextTest, BytesUnderNullsDoNotCount) {
  const ArrayPtr items = testing::Strings({kBad, "b", kBad});
  auto masked = std::make_shared<Array>(*items);
  BitBuilder valid;
  for (const bool v : {false, true, false}) valid.AppendBit(v);
  masked->validity = valid.Finish();
  masked->null_count = 2;
  EXPECT_EQ(FindBadText(masked), std::nullopt);
  EXPECT_EQ(FindBadText(ListOf(items, {0, 1, 2}, {false, true})), std::nullopt);
  EXPECT_EQ(FindBadText(ListOf(items, {0, 1, 2, 3}, {false, true, true})), 2);
}

TEST(BadTextTest, LooksIntoStructsAndDictionaries) {
  auto record = std::make_shared<Array>();
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kStruct;
  type->children = {{"n", MakeType(TypeId::kInt32)}, {"s", MakeType(TypeId::kUtf8)}};
  record->type = type;
  record->length = 2;
  record->null_count = 0;
  record->children = {testing::Numbers(std::vector<int32_t>{1, 2}), testing::Strings({"a", kBad})};
  EXPECT_EQ(FindBadText(record), 1);

  auto dictionary = std::make_shared<Array>(*testing::Numbers(std::vector<int32_t>{0, 2, 0, 1}));
  auto of = std::make_shared<DataType>();
  of->id = TypeId::kDictionary;
  of->index_type = MakeType(TypeId::kInt32);
  of->value_type = MakeType(TypeId::kUtf8);
  dictionary->type = of;
  dictionary->dictionary = testing::Strings({"a", kBad, "c"});
  EXPECT_EQ(FindBadText(dictionary), 3);
  EXPECT_EQ(FindBadText(SliceArray(dictionary, 0, 3)), std::nullopt) << "no key names it";
}

}  // namespace
}  // namespace eider
