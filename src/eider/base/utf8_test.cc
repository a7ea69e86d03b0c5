#include "eider/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace eider {
namespace {

TEST(Utf8Test, TakesText) {
  for (const char* text : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\xa6\x86", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
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

TEST(Utf8Test, RefusesBrokenSequences) {
  for (const char* text : {"\xff", "\x80", "a\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

}  // namespace
}  // namespace eider
