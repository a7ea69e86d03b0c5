#include "eider/schema/offset_width.h"

#include <gtest/gtest.h>

#include <map>

#include "eider/array/equal.h"
#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/schema/logical_type.h"
#include "eider/testing/arrays.h"

namespace eider {
namespace {

/// The type with the other width everywhere.
TypePtr OtherWidths(const TypePtr& type) {
  static const std::map<TypeId, TypeId> kOther = {
      {TypeId::kUtf8, TypeId::kLargeUtf8},           {TypeId::kLargeUtf8, TypeId::kUtf8}, {TypeId::kBinary, TypeId::kLargeBinary},
      {TypeId::kLargeBinary, TypeId::kBinary},       {TypeId::kList, TypeId::kLargeList}, {TypeId::kLargeList, TypeId::kList},
      {TypeId::kUtf8View, TypeId::kLargeUtf8},
  };
  auto out = std::make_shared<DataType>(*type);
  if (const auto found = kOther.find(type->id); found != kOther.end()) out->id = found->second;
  for (Field& child : out->children) child.type = OtherWidths(child.type);
  return out;
}

std::vector<TypePtr> Types() {
  std::vector<TypePtr> types = testing::ManyTypes();
  for (const TypePtr& type : testing::ManyTypes()) {
    types.push_back(OtherWidths(type));
    types.push_back(StructType({{"a", ListType({"item", type})}, {"b", type}}));
    types.push_back(FixedSizeListType({"item", StructType({{"a", type}})}, 2));
  }
  return types;
}

bool HasViews(const DataType& type) {
  return type.id == TypeId::kUtf8View || std::ranges::any_of(type.children, [](const Field& field) { return HasViews(*field.type); });
}

TEST(OffsetWidthTest, GoesThereAndBackWithAnyWindow) {
  testing::RandomArrays random(11);
  for (const TypePtr& type : Types()) {
    const TypePtr other = WithWidthsOf(type, *OtherWidths(type));
    if (HasViews(*type)) continue;  // nothing makes views
    EXPECT_TRUE(TypesEqual(*other, *OtherWidths(type))) << TypeToString(*type);
    const ArrayPtr whole = random.Make(type, 300);
    for (const auto& [first, count] : std::vector<std::pair<int64_t, int64_t>>{{0, 300}, {0, 0}, {13, 200}, {299, 1}, {300, 0}}) {
      const ArrayPtr array = SliceArray(whole, first, count), there = ToWidthsOf(array, other);
      ASSERT_TRUE(TypesEqual(*there->type, *other));
      std::string difference;
      EXPECT_TRUE(ArraysEqual(*ToWidthsOf(there, WithWidthsOf(other, *type)), *array, &difference)) << TypeToString(*type) << " " << difference;
    }
  }
}

TEST(OffsetWidthTest, ViewsBecomeLarge) {
  testing::RandomArrays random(12);
  const TypePtr view = MakeType(TypeId::kUtf8View);
  const ArrayPtr array = SliceArray(random.Make(view, 500), 7, 450), large = ToWidthsOf(array, WithoutViews(view));
  ASSERT_EQ(large->type->id, TypeId::kLargeUtf8);
  ASSERT_EQ(CountNulls(*large), CountNulls(*array));
  const StringValues before(*array), after(*large);
  for (int64_t i = 0; i < array->length; ++i) {
    ASSERT_EQ(array->IsValid(i), large->IsValid(i));
    if (array->IsValid(i)) { ASSERT_TRUE(std::ranges::equal(before.At(i), after.At(i))) << i; }
  }
  const TypePtr nested = ListType({"item", StructType({{"a", view}})});
  EXPECT_EQ(TypeToString(*WithoutViews(nested)), "list<item: struct<a: large_string>>");
  EXPECT_EQ(ToWidthsOf(random.Make(nested, 50), WithoutViews(nested))->length, 50);
}

TEST(OffsetWidthTest, OtherDifferencesStay) {
  const TypePtr text = MakeType(TypeId::kUtf8), bytes = MakeType(TypeId::kLargeBinary), number = MakeType(TypeId::kInt32);
  EXPECT_EQ(WithWidthsOf(text, *bytes), text);
  EXPECT_EQ(WithWidthsOf(number, *MakeType(TypeId::kInt64)), number);
  const TypePtr view = MakeType(TypeId::kUtf8View);
  EXPECT_EQ(WithWidthsOf(view, *text), view);
  EXPECT_EQ(WithWidthsOf(text, *view), text);
  // Items of lists may have any name.
  const TypePtr listed = ListType({"element", number}), like = ListType({"item", number});
  EXPECT_EQ(TypeToString(*WithWidthsOf(listed, *like)), "list<item: int32>");
  const ArrayPtr lists = testing::RandomArrays(3).Make(listed, 20);
  EXPECT_TRUE(ArraysEqual(*ToWidthsOf(ToWidthsOf(lists, like), listed), *lists));
  // By name in structs, where one may lack what the other has.
  const TypePtr here = StructType({{"a", text}, {"b", number}}), there = StructType({{"c", text}, {"a", MakeType(TypeId::kLargeUtf8)}});
  EXPECT_EQ(TypeToString(*WithWidthsOf(here, *there)), "struct<a: large_string, b: int32>");
  const Field plain{"v", text, true, {}}, json{"v", MakeType(TypeId::kLargeUtf8), true, {{std::string(kExtensionNameKey), "arrow.json"}}};
  EXPECT_EQ(WithWidthsOf(plain, json).type, text);
}

TEST(OffsetWidthTest, RefusesWhatNarrowOffsetsCannotHold) {
  auto text = std::make_shared<Array>();
  text->type = MakeType(TypeId::kLargeBinary);
  text->length = 2;
  text->buffers = {testing::BufferOf<int64_t>({5, 6, 5 + (int64_t{1} << 31)}), Buffer()};
  try {
    ToWidthsOf(text, MakeType(TypeId::kBinary));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    EXPECT_NE(std::string(error.what()).find("2147483648"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace eider
