#include "eider/mutate/join_keys.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace eider::mutate {
namespace {

constexpr uint64_t kBudget = 64 << 20;
using Values = std::vector<std::optional<int64_t>>;

ArrayPtr Words(const Values& values) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kInt64);
  array->length = static_cast<int64_t>(values.size());
  BufferBuilder words;
  BitBuilder valid;
  for (const std::optional<int64_t>& value : values) {
    words.AppendValue<int64_t>(value.value_or(0));
    valid.AppendFill(1, value.has_value());
  }
  array->validity = valid.Finish();
  array->null_count = -1;
  array->buffers = {words.Finish()};
  return array;
}

std::set<std::pair<uint32_t, uint32_t>> Matches(const KeyIndex& index, const JoinKeys& keys) {
  std::set<std::pair<uint32_t, uint32_t>> pairs;
  for (const MatchedRow& match : index.Find(keys)) EXPECT_TRUE(pairs.emplace(match.row, match.source).second);
  return pairs;
}

/// What a comparison of every row with every other finds, and an index that knows the range of its words, and one that does not.
void ExpectMatches(const Values& source, const Values& table, bool is_dense) {
  MemoryBudget budget(kBudget);
  const JoinKeys ours({Words(source)}, static_cast<int64_t>(source.size()));
  const JoinKeys theirs({Words(table)}, static_cast<int64_t>(table.size()));
  std::set<std::pair<uint32_t, uint32_t>> expected;
  for (uint32_t row = 0; row < table.size(); ++row) {
    for (uint32_t other = 0; other < source.size(); ++other) {
      if (table[row] && source[other] && *table[row] == *source[other]) expected.emplace(row, other);
    }
  }
  WordRange range;
  range.Add(ours);
  KeyIndex hashed(budget, source.size()), ranged(budget, source.size(), range);
  ASSERT_FALSE(hashed.WantsMarks());
  ASSERT_EQ(ranged.WantsMarks(), is_dense);
  if (is_dense) ranged.Mark(ours);
  hashed.Add(ours);
  ranged.Add(ours);
  EXPECT_EQ(Matches(hashed, theirs), expected);
  EXPECT_EQ(Matches(ranged, theirs), expected);
  for (uint32_t row = 0; row < source.size(); ++row) EXPECT_EQ(hashed.EarlierRow(row), ranged.EarlierRow(row));
}

TEST(KeyIndexTest, WordsThatLieCloseTogetherAreFoundAsOthersAre) {
  std::mt19937_64 random(1);
  for (const int64_t least : {int64_t{0}, int64_t{-300}, INT64_MIN, INT64_MAX - 600}) {
    Values source, table;
    for (int i = 0; i < 300; ++i) source.emplace_back(least + static_cast<int64_t>(random() % 600));
    for (int i = 0; i < 2000; ++i) table.emplace_back(static_cast<int64_t>(static_cast<uint64_t>(least) + random() % 1000 - 200));
    for (size_t i = 0; i < source.size(); i += 17) source[i] = std::nullopt;
    for (size_t i = 0; i < table.size(); i += 13) table[i] = std::nullopt;
    ExpectMatches(source, table, true);
  }
}

TEST(KeyIndexTest, WordsThatAreSpreadAreHashed) {
  ExpectMatches({INT64_MIN, 0, INT64_MAX, 0}, {INT64_MAX, INT64_MIN, 0, 1, -1, std::nullopt}, false);
  ExpectMatches({0, 1 << 20}, {1, 1 << 20, 0}, false);
}

TEST(KeyIndexTest, NullsAloneMatchNothing) { ExpectMatches({std::nullopt, std::nullopt}, {0, std::nullopt}, false); }

TEST(KeyIndexTest, OneWordIsDense) { ExpectMatches({7}, {6, 7, 8, -7, 7, INT64_MIN, INT64_MAX}, true); }

}  // namespace
}  // namespace eider::mutate
