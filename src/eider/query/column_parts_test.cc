#include "eider/query/column_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/array/equal.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/testing/arrays.h"

namespace eider::query {
namespace {

ArrayPtr StructOf(const std::string& name, const ArrayPtr& child) {
  auto array = std::make_shared<Array>();
  array->type = StructType({{name, child->type}});
  array->length = child->length;
  array->children = {child};
  return array;
}

LanceField FieldOf(const ArrayPtr& a, const ArrayPtr& b) {
  Schema schema;
  schema.fields = {{"s", StructType({a->type->children[0], b->type->children[0]})}};
  return ToLanceSchema(schema).fields[0];
}

/// The array with the nulls of another.
ArrayPtr WithNullsOf(const Array& array, const ArrayPtr& nulls) {
  auto out = std::make_shared<Array>(array);
  out->validity = nulls->validity;
  out->null_count = -1;
  return out;
}

/// A list of structs with one child; a negative length is a null.
ArrayPtr ListOf(const std::string& name, const ArrayPtr& child, const std::vector<int>& lengths) {
  BufferBuilder offsets;
  BitBuilder valid;
  int32_t end = 0;
  offsets.AppendValue(end);
  for (const int length : lengths) {
    offsets.AppendValue(end += std::max(length, 0));
    valid.AppendBit(length >= 0);
  }
  auto out = std::make_shared<Array>();
  const ArrayPtr items = StructOf(name, child);
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kList;
  type->children = {{"item", items->type}};
  out->type = type;
  out->length = static_cast<int64_t>(lengths.size());
  out->validity = valid.Finish();
  out->buffers = {offsets.Finish()};
  out->children = {items};
  return out;
}

LanceField ListFieldOf(const ArrayPtr& a, const ArrayPtr& b) {
  auto type = std::make_shared<DataType>(*a->type);
  type->children[0].type = StructType({a->children[0]->type->children[0], b->children[0]->type->children[0]});
  Schema schema;
  schema.fields = {{"l", type}};
  return ToLanceSchema(schema).fields[0];
}

TEST(MergePartsTest, JoinsSlicedStructsOfDifferentOffsets) {
  testing::RandomArrays random(3);
  const auto nulls = [&random] { return random.Make(MakeType(TypeId::kInt8), 40); };
  const ArrayPtr a = WithNullsOf(*StructOf("x", random.Make(MakeType(TypeId::kInt64), 40)), nulls());
  const ArrayPtr b = WithNullsOf(*StructOf("y", random.Make(MakeType(TypeId::kUtf8), 40)), nulls());
  for (const auto& [at_a, at_b] : {std::pair{0, 0}, {3, 0}, {0, 9}, {11, 5}}) {
    const ArrayPtr left = SliceArray(a, at_a, 20), right = SliceArray(b, at_b, 20);
    const ArrayPtr merged = MergeParts(FieldOf(a, b), left, right);
    ASSERT_EQ(merged->length, 20);
    ASSERT_EQ(merged->children.size(), 2u);
    for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(merged->IsValid(i), left->IsValid(i) || right->IsValid(i)) << i;
    EXPECT_TRUE(ArraysEqual(*merged->children[0], *StructChild(*left, 0)));
    EXPECT_TRUE(ArraysEqual(*merged->children[1], *StructChild(*right, 0)));
  }
}

TEST(MergePartsTest, AListThatIsNullInOnePartHasItemsOfNothingThere) {
  testing::RandomArrays random(4);
  const ArrayPtr p = random.Make(MakeType(TypeId::kInt64), 7), q = random.Make(MakeType(TypeId::kUtf8), 6);
  const ArrayPtr a = ListOf("p", p, {2, -1, 0, -1, 3, 0, 2}), b = ListOf("q", q, {2, 1, 0, -1, 3, -1, -1});
  for (const int64_t first : {0, 1, 4}) {
    const ArrayPtr merged = MergeParts(ListFieldOf(a, b), SliceArray(a, first, 7 - first), SliceArray(b, first, 7 - first));
    const auto* offsets = merged->buffers[0].as<int32_t>();
    const std::vector<int32_t> ends{0, 2, 3, 3, 3, 6, 6, 8};
    for (int64_t i = first; i < 7; ++i) {
      EXPECT_EQ(merged->IsValid(i - first), i != 3) << i;
      EXPECT_EQ(offsets[i - first + 1], ends[static_cast<size_t>(i + 1)] - ends[static_cast<size_t>(first)]) << i;
    }
    const Array& items = *merged->children[0];
    EXPECT_EQ(CountNulls(items), 0);
    if (first > 0) continue;
    EXPECT_FALSE(items.children[0]->IsValid(2)) << "of the list that is null in a";
    EXPECT_TRUE(ValuesEqual(*items.children[0], 3, *p, 2));
    EXPECT_TRUE(ValuesEqual(*items.children[0], 7, *p, 6));
    EXPECT_TRUE(ValuesEqual(*items.children[1], 2, *q, 2));
    EXPECT_FALSE(items.children[1]->IsValid(7)) << "of the list that is null in b";
  }
}

TEST(MergePartsTest, RefusesListsOfOtherLengths) {
  testing::RandomArrays random(5);
  const ArrayPtr child = random.Make(MakeType(TypeId::kInt8), 3), a = ListOf("p", child, {1, 2}), b = ListOf("q", child, {2, 1});
  try {
    MergeParts(ListFieldOf(a, b), a, b);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("column 'l': list 0 of 2 has 1 items in one data file, 2 in another"));
  }
}

TEST(MergePartsTest, RefusesAnotherNumberOfRows) {
  testing::RandomArrays random(3);
  const ArrayPtr a = StructOf("x", random.Make(MakeType(TypeId::kInt8), 4));
  const ArrayPtr b = StructOf("y", random.Make(MakeType(TypeId::kInt8), 5));
  EXPECT_THROW(MergeParts(FieldOf(a, b), a, b), Error);
}

}  // namespace
}  // namespace eider::query
