#include "eider/file/blob_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "eider/base/error.h"
#include "eider/testing/bytes_file.h"

namespace eider::file {
namespace {

using ::testing::HasSubstr;
using testing::BytesFile;

struct Value {
  uint32_t side_car;
  uint64_t position;
  std::string bytes;
  BlobRead Read(uint64_t offset, uint64_t length, bool is_mapped = false) const {
    return {side_car, {position, bytes.size()}, offset, SpanOf(bytes).subspan(offset, length), is_mapped};
  }
  BlobRead Whole() const { return Read(0, bytes.size()); }
};

std::string RandomBytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, 0);
  for (char& c : bytes) c = char(random());
  return bytes;
}

/// Values of the data file (aligned) and of three side-cars, in turn.
std::vector<Value> MakeValues(size_t count, size_t max_size) {
  std::mt19937_64 random(7);
  std::vector<Value> values;
  uint64_t ends[4] = {};
  for (size_t i = 0; i < count; ++i) {
    const uint32_t file = uint32_t(random() % 4);
    const uint64_t position = file == 0 ? (ends[0] + 63) / 64 * 64 : ends[file];
    values.push_back({file, position, RandomBytes(random, 1 + random() % max_size)});
    ends[file] = position + values.back().bytes.size();
  }
  return values;
}

std::string Serialized(const std::vector<Value>& values) {
  BlobSumWriter writer;
  for (const Value& value : values) writer.Add(value.side_car, value.position, SpanOf(value.bytes));
  const BufferBuilder bytes = writer.Serialize();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::unique_ptr<BlobSums> Open(const std::string& bytes, bool mapped = true) {
  return std::make_unique<BlobSums>(std::make_shared<BytesFile>(SpanOf(bytes), mapped), ByteRange{0, bytes.size()});
}

std::string ErrorOf(const BlobSums& sums, const BlobRead& read) {
  try {
    sums.Check(read, nullptr);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    return error.what();
  }
  return "";
}

TEST(BlobSumsTest, EveryValueIsFoundAndEveryChangedByteOfIt) {
  const std::vector<Value> values = MakeValues(1000, 300);
  for (const bool mapped : {false, true}) {
    const auto sums = Open(Serialized(values), mapped);
    for (const Value& value : values) {
      EXPECT_EQ(ErrorOf(*sums, value.Whole()), "");
      Value changed = value;
      changed.bytes[changed.bytes.size() / 2] ^= 4;
      EXPECT_THAT(ErrorOf(*sums, changed.Whole()), HasSubstr("block 0: checksum"));
    }
  }
}

TEST(BlobSumsTest, APartIsCheckedAsFarAsItHasWholeBlocks) {
  std::mt19937_64 random(1);
  const std::vector<Value> values{{0, 64, RandomBytes(random, 50)}, {0, 128, RandomBytes(random, 300'000)}, {2, 0, "x"}};
  const auto sums = Open(Serialized(values));
  Value changed = values[1];
  changed.bytes[70'000] ^= 1;  // in block 1
  EXPECT_THAT(ErrorOf(*sums, changed.Whole()), HasSubstr("blob of bytes [128, +300000): block 1: checksum"));
  EXPECT_EQ(ErrorOf(*sums, changed.Read(0, 65536)), "");
  EXPECT_EQ(ErrorOf(*sums, changed.Read(1, 131'071)).empty(), false);
  EXPECT_EQ(ErrorOf(*sums, changed.Read(65'537, 100'000)), "") << "block 2 alone is whole";
  EXPECT_EQ(ErrorOf(*sums, changed.Read(65'536, 65'535)), "") << "a byte is missing";
  changed = values[1];
  changed.bytes.back() ^= 1;
  EXPECT_EQ(ErrorOf(*sums, changed.Read(262'144, 37'855)), "");
  EXPECT_THAT(ErrorOf(*sums, changed.Read(262'144, 37'856)), HasSubstr("block 4: checksum")) << "the last block is shorter";
}

TEST(BlobSumsTest, WhatIsMappedIsCheckedOnce) {
  const std::vector<Value> values{{0, 64, "abc"}, {0, 128, "def"}};
  const auto sums = Open(Serialized(values));
  Value changed = values[1];
  changed.bytes[0] = 'x';
  EXPECT_EQ(ErrorOf(*sums, values[0].Read(0, 3, true)), "");
  EXPECT_NE(ErrorOf(*sums, changed.Read(0, 3, true)), "");
  EXPECT_NE(ErrorOf(*sums, changed.Read(0, 3, true)), "") << "and again";
  EXPECT_EQ(ErrorOf(*sums, values[1].Read(0, 3, true)), "");
  EXPECT_EQ(ErrorOf(*sums, changed.Read(0, 3, true)), "") << "a mapped file that was right stays so";
  EXPECT_NE(ErrorOf(*sums, changed.Read(0, 3, false)), "");
}

TEST(BlobSumsTest, AValueThatIsNotListedIsCorrupt) {
  const std::vector<Value> values = MakeValues(200, 50);
  const auto sums = Open(Serialized(values));
  for (Value value : {values[3], values[150]}) {
    ++value.position;
    EXPECT_THAT(ErrorOf(*sums, value.Whole()), HasSubstr("has no checksum of such a value"));
  }
  Value longer = values[9];
  longer.bytes += "x";
  EXPECT_NE(ErrorOf(*sums, longer.Whole()), "");
  longer = values[9];
  longer.side_car = 5;
  EXPECT_NE(ErrorOf(*sums, longer.Whole()), "");
  EXPECT_NE(ErrorOf(*Open(Serialized({})), values[0].Whole()), "");
}

TEST(BlobSumsTest, EveryChangedByteOfTheSumsIsFoundOrHarmless) {
  std::vector<Value> values = MakeValues(50, 40);
  values.push_back({9, 0, std::string(70'000, 'v')});
  const std::string good = Serialized(values);
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x80, 0xFF}) {
      std::string bytes = good;
      bytes[i] = char(uint8_t(bytes[i]) ^ flip);
      size_t refused = 0;
      const auto sums = Open(bytes);
      for (const Value& value : values) {
        refused += !ErrorOf(*sums, value.Whole()).empty();
        Value changed = value;
        changed.bytes[0] ^= 1;
        ASSERT_NE(ErrorOf(*sums, changed.Whole()), "") << "byte " << i;
      }
      ASSERT_GT(refused, 0u) << "byte " << i;
    }
  }
}

TEST(BlobSumsTest, SevenBytesListASmallValue) {
  std::vector<Value> values;
  for (uint64_t i = 0; i < 10'000; ++i) values.push_back({0, i * 128, std::string(100, 'v')});
  EXPECT_LT(Serialized(values).size(), values.size() * 7);
}

}  // namespace
}  // namespace eider::file
