#include "eider/page/layers.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/page/unravel.h"

namespace eider::page {
namespace {

std::shared_ptr<LeafSpec> Int32Leaf(std::vector<LayerSpec> layers) {
  auto leaf = std::make_shared<LeafSpec>();
  leaf->type = MakeType(TypeId::kInt32);
  leaf->shape = ShapeOfType(*leaf->type);
  leaf->layers = std::move(layers);
  return leaf;
}

std::vector<bool> Validity(LayerSlots& slots) {
  std::vector<bool> bits;
  for (uint64_t i = 0; i < slots.length; ++i) bits.push_back(slots.IsValid(i));
  return bits;
}

std::vector<int32_t> Offsets(const LayerSlots& slots) {
  return {slots.offsets.as<int32_t>(), slots.offsets.as<int32_t>() + slots.offsets.size() / 4};
}

TEST(LayersTest, NumbersLevelsFromTheInside) {
  const std::vector<LayerSpec> path = {{}, {}, {.is_list = true}, {}};
  const int kinds[] = {3, 3, 6, 3};
  const Layers layers(kinds, path);
  EXPECT_EQ(layers.num_lists(), 1);
  EXPECT_EQ(layers.max_def(), 5);
  EXPECT_EQ(layers.max_visible_def(), 2);
  EXPECT_EQ(layers.layers()[2].null_level, 3);
  EXPECT_EQ(layers.layers()[2].empty_level, 4);
  EXPECT_EQ(layers.stop_lists()[2], 0);
  EXPECT_EQ(layers.stop_lists()[5], 1);
}

TEST(LayersTest, RefusesLayersThatAreNotThoseOfTheSchema) {
  const std::vector<LayerSpec> path = {{}, {.is_list = true}};
  const int missing[] = {3}, swapped[] = {6, 3}, zero[] = {0, 6}, seven[] = {3, 7};
  EXPECT_THROW(Layers(missing, path), Error);
  EXPECT_THROW(Layers(swapped, path), Error);
  EXPECT_THROW(Layers(zero, path), Error);
  EXPECT_THROW(Layers(seven, path), Error);
}

TEST(UnravelTest, MakesListsNullsAndEmptiesOfLevels) {
  // [[1, null], null, [], [2]]
  const std::vector<LayerSpec> path = {{}, {.is_list = true}};
  const int kinds[] = {3, 6};
  LeafOutput out(Int32Leaf(path));
  const uint16_t rep[] = {1, 0, 1, 1, 1}, def[] = {0, 1, 2, 3, 0};
  UnravelLists(Layers(kinds, path), rep, def, out);
  EXPECT_EQ(Validity(out.layers[0]), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(Validity(out.layers[1]), (std::vector<bool>{true, false, true, true}));
  EXPECT_EQ(Offsets(out.layers[1]), (std::vector<int32_t>{0, 2, 2, 2}));
  EXPECT_EQ(out.layers[1].children, 3u);
}

TEST(UnravelTest, PutsANullStructOverAListAsANullList) {
  // struct{l: [7]}, null struct, struct{l: null}
  const std::vector<LayerSpec> path = {{}, {.is_list = true}, {}};
  const int kinds[] = {1, 4, 3};
  LeafOutput out(Int32Leaf(path));
  const uint16_t rep[] = {1, 1, 1}, def[] = {0, 2, 1};
  UnravelLists(Layers(kinds, path), rep, def, out);
  EXPECT_EQ(Validity(out.layers[1]), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(Validity(out.layers[2]), (std::vector<bool>{true, false, true}));
}

TEST(UnravelTest, ContinuesARowAcrossRuns) {
  // [[[1, 2], [3]], []] cut inside the first row
  const std::vector<LayerSpec> path = {{}, {.is_list = true}, {.is_list = true}};
  const int kinds[] = {1, 2, 5};
  const Layers layers(kinds, path);
  LeafOutput out(Int32Leaf(path));
  const uint16_t rep1[] = {2, 0}, def1[] = {0, 0}, rep2[] = {1, 2}, def2[] = {0, 1};
  UnravelLists(layers, rep1, def1, out);
  UnravelLists(layers, rep2, def2, out);
  EXPECT_EQ(out.layers[0].length, 3u);
  EXPECT_EQ(Offsets(out.layers[1]), (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(Offsets(out.layers[2]), (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(out.layers[2].children, 2u);
}

TEST(UnravelTest, PagesMayDifferInTheirLayers) {
  const std::vector<LayerSpec> path = {{}};
  const int all_valid[] = {1}, nullable[] = {3};
  LeafOutput out(Int32Leaf(path));
  UnravelAllValid(Layers(all_valid, path), 3, out);
  EXPECT_FALSE(out.layers[0].has_nulls);
  const uint16_t def[] = {0, 1};
  UnravelItems(Layers(nullable, path), def, out);
  EXPECT_EQ(Validity(out.layers[0]), (std::vector<bool>{true, true, true, true, false}));
}

TEST(UnravelTest, RefusesLevelsThatTheLayersDoNotName) {
  const std::vector<LayerSpec> path = {{}, {.is_list = true}};
  const int kinds[] = {1, 6};
  const Layers layers(kinds, path);
  LeafOutput out(Int32Leaf(path));
  const uint16_t one[] = {1}, two[] = {2}, three[] = {3}, zero[] = {0};
  EXPECT_THROW(UnravelLists(layers, two, zero, out), Error);    // no second list
  EXPECT_THROW(UnravelLists(layers, one, three, out), Error);   // no third level
  EXPECT_THROW(UnravelLists(layers, zero, two, out), Error);    // an empty list that opens no list
}

}  // namespace
}  // namespace eider::page
