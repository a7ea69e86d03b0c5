#include "eider/array/jsonb.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"

namespace eider {
namespace {

std::string Hex(std::string_view text) {
  BufferBuilder out;
  AppendJsonb(text, out);
  std::string hex;
  for (const uint8_t byte : out.span()) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string Again(std::string_view text) {
  BufferBuilder stored, shown;
  AppendJsonb(text, stored);
  AppendJsonText(stored.span(), shown);
  return {shown.as<char>(), shown.size()};
}

template <typename Body>
std::string MessageOf(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string Refused(std::string_view text) {
  BufferBuilder out;
  return MessageOf([&] { AppendJsonb(text, out); });
}

TEST(JsonbTest, StoresTheBytesOfTheReference) {
  EXPECT_EQ(Hex("1"), "20000000200000025001");
  EXPECT_EQ(Hex("-0"), "200000002000000100");
  EXPECT_EQ(Hex("256"), "2000000020000003500100");
  EXPECT_EQ(Hex("-129"), "200000002000000340ff7f");
  EXPECT_EQ(Hex("-9223372036854775808"), "2000000020000009408000000000000000");
  EXPECT_EQ(Hex("18446744073709551616"), "20000000200000096043f0000000000000");
  EXPECT_EQ(Hex("1.5"), "2000000020000009603ff8000000000000");
  EXPECT_EQ(Hex("1e400"), "200000002000000120");
  EXPECT_EQ(Hex("-1e400"), "200000002000000130");
  EXPECT_EQ(Hex("1e-400"), "2000000020000009600000000000000000");
  EXPECT_EQ(Hex("true"), "2000000040000000");
  EXPECT_EQ(Hex("\"\\ud83d\\ude00\""), "2000000010000004f09f9880");
  EXPECT_EQ(Hex("[]"), "80000000");
  EXPECT_EQ(Hex("[1,[2,[3]]]"), "800000022000000250000018500180000002200000025000000a500280000001200000025003");
  EXPECT_EQ(Hex("{\"aa\":1,\"b\":2,\"a\":3,\"\\u00e9\":4}"),
            "40000004100000011000000210000001100000022000000220000002200000022000000261616162c3a95003500150025004");
}

TEST(JsonbTest, ShowsTheTextOfTheReference) {
  EXPECT_EQ(Again(" { \"b\" : [ 1 , null , true ] , \"a\" : { } } "), "{\"a\":{},\"b\":[1,null,true]}");
  EXPECT_EQ(Again("1e15"), "1000000000000000.0");
  EXPECT_EQ(Again("1e16"), "1e+16");
  EXPECT_EQ(Again("-1.5e-7"), "-1.5e-7");
  EXPECT_EQ(Again("0.00001"), "0.00001");
  EXPECT_EQ(Again("0.000001"), "1e-6");
  EXPECT_EQ(Again("5e-324"), "5e-324");
  EXPECT_EQ(Again("-0.0"), "-0.0");
  EXPECT_EQ(Again("1e400"), "null");
  EXPECT_EQ(Again("\"\\b\\f\\r\\u0001\\/\\\"\\u007f\""), "\"\\b\\f\\r\\u0001/\\\"\x7f\"");
  EXPECT_EQ(Again("\"\\ud800\""), "\"\\\\ud800\"");
  EXPECT_EQ(Again("-9223372036854775809"), "-9.223372036854776e+18");
}

TEST(JsonbTest, RefusesWhatIsNoJsonAndSaysWhere) {
  EXPECT_EQ(Refused("{\"a\" 1}"), "JSON: expected : at byte 5 of '{\"a\" 1}'");
  EXPECT_EQ(Refused("[1,]"), "JSON: expected a value at byte 3 of '[1,]'");
  EXPECT_EQ(Refused("[1] x"), "JSON: expected nothing more at byte 4 of '[1] x'");
  EXPECT_EQ(Refused("{\"a\":1,\"a\":2}"), "JSON: two members named 'a' in one object");
  for (const char* text : {"", " ", "nul", "01", "1.", ".5", "+1", "NaN", "'a'", "\"abc", "\"a\nb\"", "\"\\x\"", "\"\\u12g4\"",
                           "{a:1}", "[1 2]", "-", "1e", "{\"a\":1,}", "\"\xff\""}) {
    EXPECT_NE(Refused(text), "") << text;
  }
  EXPECT_EQ(Refused(std::string(1025, '[')), "JSON: nested more than 1024 deep");
}

TEST(JsonbTest, RefusesBytesThatDisagreeWithThemselves) {
  const auto refused = [](std::vector<uint8_t> bytes) {
    BufferBuilder out;
    return MessageOf([&] { AppendJsonText(bytes, out); });
  };
  EXPECT_EQ(refused({0x80, 0, 0}), "JSONB: a container of 3 bytes");
  EXPECT_EQ(refused({0x8f, 0xff, 0xff, 0xff, 0, 0, 0, 0}), "JSONB: 268435455 entries in 8 bytes");
  EXPECT_EQ(refused({0x80, 0, 0, 1, 0x10, 0, 0, 9, 'a'}), "JSONB: value: bytes [8, +9) of a buffer of 9");
  EXPECT_EQ(refused({0x80, 0, 0, 1, 0x10, 0, 0, 1, 0xff}), "JSONB: a string of 1 bytes that is not UTF-8");
  EXPECT_EQ(refused({0x80, 0, 0, 0, 7}), "JSONB: values end at byte 4 of 5");
  EXPECT_EQ(refused({0x20, 0, 0, 0, 0x20, 0, 0, 4, 0x50, 0, 0, 0}), "JSONB: a number of kind 0x50 in 4 bytes");
  EXPECT_EQ(refused({0x20, 0, 0, 0, 0x20, 0, 0, 1, 0x70}), "JSONB: a number of kind 0x70 (1 bytes)");
}

}  // namespace
}  // namespace eider
