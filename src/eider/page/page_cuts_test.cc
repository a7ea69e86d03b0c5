#include "eider/page/page_cuts.h"

#include <gtest/gtest.h>

#include "eider/testing/arrays.h"

namespace eider::page {
namespace {

ColumnLeaf LeafOf(const ArrayPtr& array) { return {.path = "v", .field_id = 0, .type = array->type}; }

uint64_t Rows(const std::vector<std::vector<ArrayPtr>>& pages) {
  uint64_t rows = 0;
  for (const auto& page : pages) {
    for (const ArrayPtr& piece : page) rows += uint64_t(piece->length);
  }
  return rows;
}

ArrayPtr Texts(int64_t rows, int64_t distinct) {
  std::vector<std::optional<std::string>> values;
  for (int64_t i = 0; i < rows; ++i) values.push_back("value number " + std::to_string(i * 7919 % distinct));
  return testing::Strings(values);
}

TEST(CutPagesTest, CutsNarrowColumnsIntoEvenPages) {
  const ArrayPtr numbers = testing::Numbers(std::vector<int64_t>(10'000));
  const auto pages = CutPages(std::vector{numbers, numbers}, LeafOf(numbers), 20'000);
  EXPECT_EQ(pages.size(), 8u);
  EXPECT_EQ(Rows(pages), 20'000u);
  EXPECT_EQ(CutPages(std::vector{numbers}, LeafOf(numbers), 1 << 20).size(), 1u);
}

TEST(CutPagesTest, KeepsValuesTogetherThatShareALargeDictionary) {
  const ArrayPtr unique = Texts(20'000, 20'011), shared = Texts(20'000, 2'003), few = Texts(20'000, 3);
  EXPECT_EQ(CutPages(std::vector{unique}, LeafOf(unique), 100'000).size(), 4u);
  EXPECT_EQ(CutPages(std::vector{shared}, LeafOf(shared), 100'000).size(), 1u);
  EXPECT_EQ(CutPages(std::vector{few}, LeafOf(few), 100'000).size(), 4u);
}

TEST(CutPagesTest, DoesNotCountTheOffsetsOfNulls) {
  std::vector<std::optional<std::string>> values(100'000);
  for (size_t i = 0; i < values.size(); i += 100) values[i] = "value number " + std::to_string(i);
  const ArrayPtr sparse = testing::Strings(values);
  EXPECT_EQ(CutPages(std::vector{sparse}, LeafOf(sparse), 100'000).size(), 1u);
}

}  // namespace
}  // namespace eider::page
