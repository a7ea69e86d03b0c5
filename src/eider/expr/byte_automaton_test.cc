#include "eider/expr/byte_automaton.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>
#include <string>

namespace eider::expr {
namespace {

const std::vector<std::string> kPieces{"a", "b", "c", "k", "S", "\n", " ", "_", "7", ".", "é", "€", "😀", "\xE2\x84\xAA", "\xC5\xBF", "-", "]", "x"};

std::string RandomText(std::mt19937_64& random) {
  std::string text;
  for (size_t i = random() % 12 + (random() % 20 == 0 ? 60 : 0); i > 0; --i) text += kPieces[random() % kPieces.size()];
  return text;
}

std::string RandomPattern(std::mt19937_64& random, int depth) {
  static const std::vector<std::string> kAtoms{"a", "b", "c", "k", "S", ".", ".", "é", "€", "[ab]", "[^a]", "[^a\\n]", "[a-c_]", "[]a]", "[^]]", "[\\w-]", "[\\d.]", "[K-S]",
                                               "[\\W]", "[^\\s7]", "\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "\\.", "\\-", "\\n", "^", "$", "\\A", "\\z", "", "[a", "x{2", "\\b", "(?i)b"};
  static const std::vector<std::string> kSuffixes{"", "", "", "", "*", "+", "?", "*?", "{2}", "{1,3}", "{0,2}", "{2,}", "{,2}", "**"};
  std::string pattern;
  for (size_t i = random() % 4; i > 0; --i) {
    std::string atom = kAtoms[random() % kAtoms.size()];
    if (depth > 0 && random() % 3 == 0) {
      atom = (random() % 2 ? "(" : "(?:") + RandomPattern(random, depth - 1) + ")";
    }
    pattern += atom + kSuffixes[random() % kSuffixes.size()];
  }
  return random() % 4 ? pattern : pattern + "|" + RandomPattern(random, 0);
}

TEST(ByteAutomatonTest, AgreesWithRe2OnRandomExpressions) {
  std::mt19937_64 random(3);
  int compiled = 0, matches = 0;
  for (int i = 0; i < 20'000; ++i) {
    const char* const heads[] = {"", "", "(?i)", "(?s)", "(?is)"};
    const std::string pattern = heads[random() % 5] + RandomPattern(random, 2);
    const auto automaton = ByteAutomaton::Compile(pattern);
    if (!automaton) continue;
    re2::RE2::Options options;
    options.set_log_errors(false);
    const re2::RE2 expected(pattern, options);
    ASSERT_TRUE(expected.ok()) << pattern << ": " << expected.error();
    ++compiled;
    for (int j = 0; j < 20; ++j) {
      const std::string text = RandomText(random);
      const bool match = re2::RE2::PartialMatch(text, expected);
      matches += match;
      ASSERT_EQ(automaton->Matches(text), match) << pattern << " in '" << text << "'";
    }
    ASSERT_EQ(automaton->Matches(""), re2::RE2::PartialMatch("", expected)) << pattern;
  }
  EXPECT_GT(compiled, 5000);
  EXPECT_GT(matches, 5000);
}

TEST(ByteAutomatonTest, LongTextsAndManyStates) {
  const auto plain = ByteAutomaton::Compile("a[b-d]+e");
  ASSERT_TRUE(plain);
  for (size_t before = 0; before < 100; ++before) {
    EXPECT_TRUE(plain->Matches(std::string(before, 'a') + "abcde" + std::string(70, 'x')));
    EXPECT_TRUE(plain->Matches(std::string(before, 'x') + "abe"));
    EXPECT_FALSE(plain->Matches(std::string(before, 'a') + "ae"));
  }
  EXPECT_FALSE(ByteAutomaton::Compile("a.{12}b"));            // thousands of states
  EXPECT_FALSE(ByteAutomaton::Compile(std::string(500, 'a')));
  EXPECT_FALSE(ByteAutomaton::Compile(std::string(100'000, '(')));
  EXPECT_FALSE(ByteAutomaton::Compile("((a{99}){99}){99}"));
}

TEST(ByteAutomatonTest, WhatIsNotPlainIsLeftToOthers) {
  for (const char* pattern : {"\\bword\\b", "(?m)^a", "[[:alpha:]]", "\\pL", "(?P<x>a)", "a**", "(", ")", "[", "a{3,2}", "\\", "*a", "\\1", "x{1001}", "[b-a]", "(?i)[^a]"}) {
    EXPECT_FALSE(ByteAutomaton::Compile(pattern)) << pattern;
  }
}

}  // namespace
}  // namespace eider::expr
