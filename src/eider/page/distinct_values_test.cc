#include "eider/page/distinct_values.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace eider::page {
namespace {

TEST(DistinctValuesTest, NumbersValuesOfAnyLengthInOrderOfTheirFirstUse) {
  std::vector<std::string> texts;
  for (int length = 0; length < 70; ++length) {
    for (char last : {'a', 'b'}) texts.push_back(std::string(size_t(length), 'x') + last);
  }
  texts.push_back("");
  DistinctValues distinct(4);
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(distinct.Number(SpanOf(texts[i])), i);
  }
  EXPECT_EQ(distinct.values().size(), texts.size());
}

TEST(DistinctValuesTest, AGuessFromASampleIsNearTheTruth) {
  std::mt19937 random(5);
  for (const uint64_t truth : {100u, 10'000u, 100'000u}) {
    std::vector<std::string> values(1'000'000);
    for (std::string& value : values) value = std::to_string(random() % truth);
    DistinctValues sample(kDistinctSample);
    for (uint64_t i = 0; i < kDistinctSample; ++i) sample.Number(SpanOf(values[i * 244]));
    const uint64_t guess = EstimateDistinct(values.size(), kDistinctSample, sample.values().size());
    EXPECT_GT(guess, truth * 3 / 4) << truth;
    EXPECT_LT(guess, truth * 4 / 3) << truth;
  }
  EXPECT_EQ(EstimateDistinct(50, 50, 7), 7u);
}

}  // namespace
}  // namespace eider::page
