#include "eider/expr/key_sets.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace eider::expr {
namespace {

void ExpectHolds(const std::vector<uint64_t>& keys, const std::vector<uint64_t>& others) {
  const NumberSet set(keys);
  set.VisitLook([&](auto&& look) {
    for (const uint64_t key : keys) EXPECT_TRUE(look(key)) << key;
    const std::set<uint64_t> all(keys.begin(), keys.end());
    for (const uint64_t key : others) EXPECT_EQ(look(key), all.contains(key)) << key;
  });
}

TEST(KeySetsTest, NumbersCloseTogetherAndFarApart) {
  const std::vector<uint64_t> edges{0, 1, 2, 63, 64, 65, 1 << 20, INT64_MAX, uint64_t(INT64_MAX) + 1, UINT64_MAX - 1, UINT64_MAX};
  ExpectHolds({}, edges);
  ExpectHolds({0}, edges);
  ExpectHolds({UINT64_MAX}, edges);
  ExpectHolds({uint64_t(-3), uint64_t(-1), 0, 2, 2}, edges);
  ExpectHolds({0, UINT64_MAX, uint64_t(INT64_MIN), INT64_MAX}, edges);
  std::mt19937_64 random(1);
  std::vector<uint64_t> wide, narrow, others;
  for (int i = 0; i < 5000; ++i) {
    wide.push_back(random());
    narrow.push_back(random() % 100'000 - 50'000);
    others.push_back(random() % 100'000 - 50'000);
    others.push_back(random());
  }
  ExpectHolds(wide, others);
  ExpectHolds(narrow, others);
}

TEST(KeySetsTest, TextsOfEveryLength) {
  std::vector<std::string> held, others;
  for (size_t length = 0; length < 70; ++length) {
    held.push_back(std::string(length, 'x'));
    for (size_t at = 0; at < length; ++at) {
      others.push_back(held.back());
      others.back()[at] = 'y';
    }
    if (length > 0) others.push_back(std::string(length, '\0') + "x");
  }
  const TextSet set(std::vector<std::string_view>(held.begin(), held.end()));
  for (const std::string& text : held) EXPECT_TRUE(set.Has(text));
  for (const std::string& text : others) EXPECT_FALSE(set.Has(text));
  EXPECT_TRUE(set.Has(std::string_view()));
  EXPECT_FALSE(TextSet({}).Has(""));
}

TEST(KeySetsTest, HashesDifferFromSetToSet) {
  const SeededHash a, b;
  EXPECT_NE(a("some text of more than sixteen bytes"), b("some text of more than sixteen bytes"));
  EXPECT_NE(a(uint64_t{7}), b(uint64_t{7}));
}

}  // namespace
}  // namespace eider::expr
