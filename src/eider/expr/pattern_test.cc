#include "eider/expr/pattern.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace eider::expr {
namespace {

/// LIKE by definition, of texts of one-byte characters.
bool IsLike(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (IsLike(text.substr(skip), pattern.substr(1))) return true;
    }
    return false;
  }
  return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) && IsLike(text.substr(1), pattern.substr(1));
}

TEST(PatternTest, LikeAgreesWithItsDefinition) {
  std::mt19937_64 random(1);
  const auto make = [&](std::string_view letters, size_t most) {
    std::string text;
    for (size_t i = random() % most; i > 0; --i) text.push_back(letters[random() % letters.size()]);
    return text;
  };
  for (int i = 0; i < 4000; ++i) {
    const std::string pattern = make("ab%_%", 8), text = make("ab", 12);
    EXPECT_EQ(LikePattern(pattern, false).Matches(text), IsLike(text, pattern)) << text << " LIKE " << pattern;
    EXPECT_EQ(LikePattern(pattern, true).Matches(text), IsLike(text, pattern)) << text << " ILIKE " << pattern;
  }
}

TEST(PatternTest, PartsThatNearlyMatchEverywhereTakeLinearTime) {
  const std::string text(1 << 20, 'a');
  const auto begin = std::chrono::steady_clock::now();
  for (const size_t length : {10, 32, 33, 200, 1000, 100'000}) {
    const std::string part = std::string(length, 'a') + "b";
    for (const std::string& pattern : {"%" + part + "%", "x%" + part + "%c", "%" + part + "%" + part + "%", "%b" + std::string(length, 'a') + "%a%"}) {
      EXPECT_FALSE(LikePattern(pattern, false).Matches(text)) << length;
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(PatternTest, LongPartsAreFoundWhereTheyLie) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (size_t j = 0; j < 400; ++j) text.push_back(random() % 9 ? 'a' : 'b');
    const std::string part = text.substr(random() % 300, 33 + random() % 60), other = part.substr(0, part.size() - 1) + (part.back() == 'a' ? 'b' : 'a');
    EXPECT_TRUE(LikePattern("%" + part + "%", false).Matches(text)) << part;
    EXPECT_EQ(LikePattern("%" + other + "%", false).Matches(text), text.find(other) != std::string::npos) << other;
    EXPECT_EQ(LikePattern("a%" + part + "%" + other + "%b", false).Matches(text), text[0] == 'a' && text.back() == 'b' && [&] {
      const size_t first = text.find(part, 1);
      if (first == std::string::npos) return false;
      const size_t second = text.find(other, first + part.size());
      return second != std::string::npos && second + other.size() < text.size();
    }());
  }
}

TEST(PatternTest, FoldedPatternsKnowLettersBeyondAscii) {
  EXPECT_TRUE(LikePattern("%STRA_E", true).Matches("die stra\xC3\x9F" "e"));
  EXPECT_TRUE(LikePattern("\xC3\x84%", true).Matches("\xC3\xA4pfel"));
  EXPECT_TRUE(LikePattern("K", true).Matches("\xE2\x84\xAA"));
  EXPECT_FALSE(LikePattern("K", false).Matches("k"));
}

}  // namespace
}  // namespace eider::expr
