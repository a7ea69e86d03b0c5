#include "eider/page/shred.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/base/bytes.h"
#include "eider/testing/arrays.h"

namespace eider::page {
namespace {

using namespace ::lance::encodings21;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Buffer Bits(const std::vector<int>& bits) {
  if (bits.empty()) return {};
  BitBuilder builder;
  for (const int bit : bits) builder.AppendBit(bit != 0);
  return builder.Finish();
}

TypePtr ListOf(TypePtr item) {
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kList;
  type->children.push_back({"item", std::move(item)});
  return type;
}

TypePtr StructOf(TypePtr child) {
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kStruct;
  type->children.push_back({"f", std::move(child)});
  return type;
}

ArrayPtr MakeArray(TypePtr type, int64_t length, const std::vector<int>& valid, std::vector<Buffer> buffers,
                   std::vector<ArrayPtr> children = {}) {
  auto array = std::make_shared<Array>();
  array->type = std::move(type);
  array->length = length;
  array->validity = Bits(valid);
  array->buffers = std::move(buffers);
  array->children = std::move(children);
  return array;
}

ArrayPtr Ints(const std::vector<int32_t>& values, const std::vector<int>& valid = {}) {
  return MakeArray(MakeType(TypeId::kInt32), int64_t(values.size()), valid, {testing::BufferOf(values)});
}
ArrayPtr List(const std::vector<int32_t>& offsets, const std::vector<int>& valid, ArrayPtr items) {
  return MakeArray(ListOf(items->type), int64_t(offsets.size()) - 1, valid, {testing::BufferOf(offsets)}, {items});
}
ArrayPtr Struct(const std::vector<int>& valid, ArrayPtr child) {
  return MakeArray(StructOf(child->type), child->length, valid, {}, {child});
}

ColumnLeaf LeafOf(const DataType& type) {
  ColumnLeaf leaf;
  leaf.path = "c";
  const DataType* step = &type;
  for (; step->id == TypeId::kList || step->id == TypeId::kStruct; step = step->children[0].type.get()) {
    leaf.steps.push_back({step->id == TypeId::kList ? PathStep::Kind::kList : PathStep::Kind::kStruct, 0});
  }
  leaf.type = MakeType(step->id);
  return leaf;
}

ShreddedLeaf ShredOne(const ArrayPtr& array) {
  const ArrayPtr pieces[] = {array};
  ShreddedLeaf leaf = Shred(pieces, LeafOf(*array->type));
  leaf.owned.push_back(array);
  return leaf;
}

std::vector<int> Levels(std::span<const uint16_t> levels) { return {levels.begin(), levels.end()}; }
std::vector<int> Layers(const ShreddedLeaf& leaf) { return {leaf.layers.begin(), leaf.layers.end()}; }
std::vector<int> Items(const ShreddedLeaf& leaf) {
  std::vector<int> items;
  for (const LeafRun& run : leaf.runs) {
    const int32_t* values = run.array->buffers[0].as<int32_t>() + run.array->offset + run.start;
    items.insert(items.end(), values, values + run.length);
  }
  return items;
}

TEST(ShredTest, NeedsNoLevelsWhereNothingIsNull) {
  const ShreddedLeaf leaf = ShredOne(Struct({}, Ints({1, 2, 3}, {1, 1, 1})));
  EXPECT_THAT(Layers(leaf), ElementsAre(REPDEF_ALL_VALID_ITEM, REPDEF_ALL_VALID_ITEM));
  EXPECT_THAT(Levels(leaf.def_levels()), IsEmpty());
  EXPECT_THAT(Levels(leaf.rep_levels()), IsEmpty());
  EXPECT_EQ(leaf.num_values, 3u);
}

TEST(ShredTest, TellsNullStructsFromNullItems) {
  const ShreddedLeaf leaf = ShredOne(Struct({1, 0, 1, 0}, Ints({1, 2, 3, 4}, {1, 1, 0, 0})));
  EXPECT_THAT(Layers(leaf), ElementsAre(REPDEF_NULLABLE_ITEM, REPDEF_NULLABLE_ITEM));
  EXPECT_THAT(Levels(leaf.def_levels()), ElementsAre(0, 2, 1, 2));
  EXPECT_EQ(leaf.num_items, 4u);
  EXPECT_EQ(leaf.num_values, 1u);
}

TEST(ShredTest, GivesNullAndEmptyListsAnEntryWithoutAnItem) {
  const ShreddedLeaf leaf = ShredOne(List({0, 2, 2, 2, 3}, {1, 0, 1, 1}, Ints({1, 2, 3})));
  EXPECT_THAT(Layers(leaf), ElementsAre(REPDEF_ALL_VALID_ITEM, REPDEF_NULL_AND_EMPTY_LIST));
  EXPECT_THAT(Levels(leaf.rep_levels()), ElementsAre(1, 0, 1, 1, 1));
  EXPECT_THAT(Levels(leaf.def_levels()), ElementsAre(0, 0, 1, 2, 0));
  EXPECT_EQ(leaf.max_visible, 0);
  EXPECT_THAT(Items(leaf), ElementsAre(1, 2, 3));
}

TEST(ShredTest, DropsWhatHidesUnderNullLists) {
  const ShreddedLeaf leaf = ShredOne(List({1, 2, 4, 5}, {1, 0, 1}, Ints({9, 1, 7, 8, 2})));
  EXPECT_THAT(Levels(leaf.rep_levels()), ElementsAre(1, 1, 1));
  EXPECT_THAT(Levels(leaf.def_levels()), ElementsAre(0, 1, 0));
  EXPECT_THAT(Items(leaf), ElementsAre(1, 2));
}

TEST(ShredTest, PushesNullStructsIntoTheListsBelow) {
  const ShreddedLeaf leaf = ShredOne(Struct({1, 0, 1}, List({0, 2, 3, 4}, {}, Ints({1, 2, 9, 3}))));
  EXPECT_THAT(Layers(leaf), ElementsAre(REPDEF_ALL_VALID_ITEM, REPDEF_NULLABLE_LIST, REPDEF_NULLABLE_ITEM));
  EXPECT_THAT(Levels(leaf.rep_levels()), ElementsAre(1, 0, 1, 1));
  EXPECT_THAT(Levels(leaf.def_levels()), ElementsAre(0, 0, 2, 0));
  EXPECT_THAT(Items(leaf), ElementsAre(1, 2, 3));
}

TEST(ShredTest, NumbersTheLayersOfStructsAroundAndInsideAList) {
  // st {l: [item {q}]}: null struct, empty list, null item, null q, value.
  const ArrayPtr items = Struct({0, 1, 1}, Ints({0, 0, 5}, {1, 0, 1}));
  const ShreddedLeaf leaf = ShredOne(Struct({0, 1, 1, 1}, List({0, 0, 0, 3, 3}, {1, 1, 1, 0}, items)));
  EXPECT_THAT(Layers(leaf), ElementsAre(REPDEF_NULLABLE_ITEM, REPDEF_NULLABLE_ITEM, REPDEF_NULL_AND_EMPTY_LIST, REPDEF_NULLABLE_ITEM));
  EXPECT_THAT(Levels(leaf.def_levels()), ElementsAre(5, 4, 2, 1, 0, 3));
  EXPECT_EQ(leaf.max_visible, 2);
  EXPECT_EQ(leaf.num_items, 3u);
}

TEST(ShredTest, RepeatsNestedListsByDepthFromTheLeaf) {
  // [[1, 2], [3]], [[]], [[4]]
  const ArrayPtr inner = List({0, 2, 3, 3, 4}, {}, Ints({1, 2, 3, 4}));
  const ShreddedLeaf leaf = ShredOne(List({0, 2, 3, 4}, {}, inner));
  EXPECT_THAT(Layers(leaf), ElementsAre(REPDEF_ALL_VALID_ITEM, REPDEF_EMPTYABLE_LIST, REPDEF_ALL_VALID_LIST));
  EXPECT_THAT(Levels(leaf.rep_levels()), ElementsAre(2, 0, 1, 2, 2));
  EXPECT_THAT(Levels(leaf.def_levels()), ElementsAre(0, 0, 0, 1, 0));
}

TEST(ShredTest, TreatsPiecesAndSlicesLikeTheWhole) {
  const ArrayPtr items = Struct({1, 0, 1, 1, 1, 0, 1}, Ints({0, 1, 2, 3, 4, 5, 6}, {1, 1, 0, 1, 1, 1, 1}));
  const ArrayPtr whole = Struct({1, 1, 0, 1, 1}, List({0, 2, 2, 4, 5, 7}, {1, 0, 1, 1, 1}, items));
  const ShreddedLeaf expected = ShredOne(whole);
  for (int64_t cut = 0; cut <= whole->length; ++cut) {
    const ArrayPtr pieces[] = {SliceArray(whole, 0, cut), SliceArray(whole, cut, whole->length - cut)};
    const ShreddedLeaf leaf = Shred(pieces, LeafOf(*whole->type));
    EXPECT_EQ(Levels(leaf.rep_levels()), Levels(expected.rep_levels())) << cut;
    EXPECT_EQ(Levels(leaf.def_levels()), Levels(expected.def_levels())) << cut;
    EXPECT_EQ(Items(leaf).size(), leaf.num_items) << cut;
    EXPECT_EQ(leaf.num_rows, 5u);
  }
}

}  // namespace
}  // namespace eider::page
