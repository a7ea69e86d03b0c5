#include "eider/base/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace eider {
namespace {

TEST(Utf8Test, TakesText) {
  for (const char* text : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\xa6\x86", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, BadBytesBecomeText) {
  EXPECT_EQ(EscapeBadUtf8("\xe2\x82\xac plain"), "\xe2\x82\xac plain");
  EXPECT_EQ(EscapeBadUtf8("a\xa0\xe2\x82z\xff"), "a\\xa0\\xe2\\x82z\\xff");
}

TEST(Utf8Test, FindsABadByteWhereverItIs) {
  for (size_t size : {1, 7, 8, 9, 63, 64, 65, 200}) {
    const std::string ascii(size, 'a');
    EXPECT_TRUE(IsUtf8(ascii));
    EXPECT_TRUE(IsAscii(ascii));
    for (size_t at = 0; at < size; ++at) {
      std::string text = ascii;
      text[at] = '\xff';
      EXPECT_FALSE(IsUtf8(text)) << at << " of " << size;
      EXPECT_FALSE(IsAscii(text)) << at << " of " << size;
      EXPECT_TRUE(IsUtf8(text.replace(at, 1, "\xe2\x82\xac"))) << at << " of " << size;
    }
  }
}

TEST(Utf8Test, BothWaysAgreeOnAnySequence) {
  std::mt19937_64 random(5);
  const std::string pieces[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\xa6\x86", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf", "\xe0\xa0\x80", "abcdefghijklmnop"};
  int good = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    while (text.size() < 64 + random() % 70) text += pieces[random() % 8];
    if (round % 3 == 1) text[random() % text.size()] = char(random());
    if (round % 3 == 2) text.resize(text.size() - random() % 4);
    good += IsUtf8Portable(text);
    ASSERT_EQ(IsUtf8(text), IsUtf8Portable(text)) << "round " << round;
  }
  EXPECT_GT(good, 20'000);
  EXPECT_LT(good, 45'000);
  for (uint32_t four = 0; four < 0x1000000; four += 1 + (four & 0xFF) % 3) {  // any three bytes, and one that continues
    std::string text(70, 'x');
    const char bytes[] = {char(four >> 16), char(four >> 8), char(four), char(0x80 | (four & 0x3F))};
    text.replace(30, 4, bytes, 4);
    ASSERT_EQ(IsUtf8(text), IsUtf8Portable(text)) << four;
  }
}

TEST(Utf8Test, RefusesBrokenSequences) {
  for (const char* text : {"\xff", "\x80", "a\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

}  // namespace
}  // namespace eider
