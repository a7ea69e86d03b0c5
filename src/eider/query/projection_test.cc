#include "eider/query/projection.h"

#include <gtest/gtest.h>

#include "eider/array/equal.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
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

TEST(MergeStructsTest, JoinsSlicedStructsOfDifferentOffsets) {
  testing::RandomArrays random(3);
  auto a = std::make_shared<Array>(*StructOf("x", random.Make(MakeType(TypeId::kInt64), 40)));
  a->validity = random.Make(MakeType(TypeId::kInt8), 40)->validity;
  a->null_count = -1;
  const ArrayPtr b = StructOf("y", random.Make(MakeType(TypeId::kUtf8), 40));
  for (const auto& [at_a, at_b] : {std::pair{0, 0}, {3, 0}, {0, 9}, {11, 5}}) {
    const ArrayPtr left = SliceArray(a, at_a, 20), right = SliceArray(b, at_b, 20);
    const ArrayPtr merged = MergeStructs(FieldOf(a, b), left, right);
    ASSERT_EQ(merged->length, 20);
    ASSERT_EQ(merged->children.size(), 2u);
    for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(merged->IsValid(i), left->IsValid(i)) << i;
    EXPECT_TRUE(ArraysEqual(*StructChild(*merged, 0), *StructChild(*left, 0)));
    for (int64_t i = 0; i < 20; ++i) {
      if (!merged->IsValid(i)) continue;
      EXPECT_TRUE(ValuesEqual(*StructChild(*merged, 1), i, *StructChild(*right, 0), i)) << i;
    }
  }
}

TEST(MergeStructsTest, RefusesAnotherNumberOfRows) {
  testing::RandomArrays random(3);
  const ArrayPtr a = StructOf("x", random.Make(MakeType(TypeId::kInt8), 4));
  const ArrayPtr b = StructOf("y", random.Make(MakeType(TypeId::kInt8), 5));
  EXPECT_THROW(MergeStructs(FieldOf(a, b), a, b), Error);
}

}  // namespace
}  // namespace eider::query
