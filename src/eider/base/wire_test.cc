#include "eider/base/wire.h"

#include <gtest/gtest.h>

namespace eider {
namespace {

std::vector<uint64_t> NumbersOf(std::string_view message) {
  std::vector<uint64_t> numbers;
  WireReader reader(SpanOf(message), "test");
  for (WireField field; reader.Next(field);) AppendWireNumbers(field, "test", numbers);
  return numbers;
}

TEST(WireReaderTest, FieldsComeInTheirOrder) {
  using namespace std::string_view_literals;
  const std::string_view message = "\x08\x96\x01\x12\x02hi\x1d\x01\x02\x03\x04"sv;
  WireReader reader(SpanOf(message), "test");
  WireField field;
  ASSERT_TRUE(reader.Next(field));
  EXPECT_EQ(field.number, 1u);
  EXPECT_EQ(field.varint, 150u);
  ASSERT_TRUE(reader.Next(field));
  EXPECT_EQ(field.number, 2u);
  EXPECT_EQ(field.varint, 0u);
  EXPECT_EQ(std::string(field.content.begin(), field.content.end()), "hi");
  EXPECT_EQ(field.whole.size(), 4u);
  ASSERT_TRUE(reader.Next(field));
  EXPECT_EQ(field.content.size(), 4u);
  EXPECT_FALSE(reader.Next(field));
}

TEST(WireReaderTest, NumbersArePackedOrComeOneByOne) {
  using namespace std::string_view_literals;
  EXPECT_EQ(NumbersOf("\x0a\x03\x01\xac\x02\x08\x05"sv), (std::vector<uint64_t>{1, 300, 5}));
  EXPECT_EQ(NumbersOf("\x0a\x00"sv), std::vector<uint64_t>{});
  EXPECT_EQ(NumbersOf("\x0d\x01\x02\x03\x04"sv), std::vector<uint64_t>{}) << "of another wire type";
}

TEST(WireReaderTest, MessagesThatEndEarlyAreRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view message : {"\x08"sv, "\x08\x80"sv, "\x0a\x05""abc"sv, "\x0d\x01"sv, "\x0b"sv, "\x00\x01"sv, "\x0a\x01\x80"sv,
                                         "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv}) {
    EXPECT_THROW(NumbersOf(message), Error) << message.size();
  }
}

}  // namespace
}  // namespace eider
