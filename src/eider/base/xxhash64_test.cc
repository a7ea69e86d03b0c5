#include "eider/base/xxhash64.h"

#include <gtest/gtest.h>

namespace eider {
namespace {

TEST(XxHash64Test, HashesAsEverybodyElse) {
  EXPECT_EQ(XxHash64(SpanOf("")), 0xEF46DB3751D8E999u);
  EXPECT_EQ(XxHash64(SpanOf("a")), 0xD24EC4F1A98C6E5Bu);
  EXPECT_EQ(XxHash64(SpanOf("abc")), 0x44BC2CF5AD770999u);
  EXPECT_EQ(XxHash64(SpanOf("Nobody inspects the spammish repetition")), 0xFBCEA83C8A378BF1u);
}

}  // namespace
}  // namespace eider
