#include "eider/base/file_sum.h"

#include <gtest/gtest.h>

#include "eider/base/bytes.h"
#include "eider/base/error.h"

namespace eider {
namespace {

TEST(FileSumTest, EveryChangedByteIsFoundWhereverTheSumStands) {
  const std::string before = "what came first, ", after = "and what came after it";
  for (const std::string& tail : {after, std::string()}) {
    std::string file = before + FileSum(SpanOf(before), SpanOf(tail)) + tail;
    const uint64_t end = before.size() + kFileSumBytes;
    EXPECT_TRUE(CheckFileSum(SpanOf(file), end));
    for (size_t i = 0; i < file.size(); ++i) {
      for (const uint8_t flip : {0x01, 0x80, 0xff}) {
        file[i] = static_cast<char>(file[i] ^ flip);
        EXPECT_THROW(CheckFileSum(SpanOf(file), end), Error) << "byte " << i;
        file[i] = static_cast<char>(file[i] ^ flip);
      }
    }
  }
}

TEST(FileSumTest, AFileOfOthersHasNone) {
  EXPECT_FALSE(CheckFileSum(SpanOf(std::string("a file of others, of some length")), 20));
  for (uint64_t end : {uint64_t{0}, uint64_t{4}, uint64_t{11}, uint64_t{100}}) EXPECT_FALSE(CheckFileSum(SpanOf(std::string("EIDERSUM")), end));
  EXPECT_TRUE(CheckFileSum(SpanOf(FileSum({})), kFileSumBytes)) << "of nothing";
}

}  // namespace
}  // namespace eider
