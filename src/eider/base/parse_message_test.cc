#include "eider/base/parse_message.h"

#include <gtest/gtest.h>

#include "eider/proto/table.pb.h"

namespace eider {
namespace {


TEST(ParseMessageTest, RefusesTextThatIsNotUtf8WithoutAWord) {
  const std::string bytes("\x0a\x03" "a\xff" "b", 5);  // field 1, the path of a data file
  lance::table::DataFile file;
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(ParseMessage(SpanOf(bytes), &file));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_TRUE(ParseMessage(SpanOf(std::string("\x0a\x03" "abc", 5)), &file));
  EXPECT_EQ(file.path(), "abc");
}

TEST(ParseMessageTest, RefusesTruncatedMessages) {
  lance::table::DataFile file;
  EXPECT_FALSE(ParseMessage(SpanOf("\x0a\x03" "ab"), &file));
}

}  // namespace
}  // namespace eider
