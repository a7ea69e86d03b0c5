#include "eider/codec/fsst_encoder.h"

#include <gtest/gtest.h>

#include "eider/codec/fsst.h"
#include "eider/testing/leaf_samples.h"

namespace eider::codec {
namespace {

testing::LeafSample Words(uint64_t n) {
  static const char* const kWords[] = {"alpha ", "beta ", "gamma ", "http://www.", "example", ".com/", "the ", "quick ", "\xFF"};
  testing::LeafSample sample = testing::VariableSample("words", 4, 0, 1, [](uint64_t) { return 0; });
  std::mt19937 random(11);
  for (uint64_t i = 0; i < n; ++i) {
    for (uint32_t k = random() % 6; k > 0; --k) {
      const std::string_view word = kWords[random() % std::size(kWords)];
      sample.data.insert(sample.data.end(), word.begin(), word.end());
    }
    const auto end = static_cast<uint32_t>(sample.data.size());
    sample.offsets.insert(sample.offsets.end(), reinterpret_cast<const uint8_t*>(&end), reinterpret_cast<const uint8_t*>(&end) + 4);
  }
  sample.num_values = n;
  return sample;
}

size_t ExpectRoundTrip(const testing::LeafSample& sample) {
  const LeafValues values = sample.Values();
  const FsstEncoder encoder(values);
  const std::string table = encoder.Table();
  const FsstDecoder decoder({reinterpret_cast<const uint8_t*>(table.data()), table.size()});
  size_t total = 0;
  for (uint64_t i = 0; i < values.num_values; ++i) {
    BufferBuilder codes;
    encoder.Encode(values.Value(i), codes);
    std::vector<uint8_t> out(FsstDecoder::Room(codes.size()));
    out.resize(decoder.Decode(codes.span(), out.data()));
    const ByteSpan value = values.Value(i);
    EXPECT_EQ(out, std::vector<uint8_t>(value.begin(), value.end())) << i;
    total += codes.size();
  }
  return total;
}

TEST(FsstEncoderTest, StringsComeBackAndShrink) {
  const testing::LeafSample sample = Words(3000);
  EXPECT_LT(ExpectRoundTrip(sample), sample.data.size() / 2);
}

TEST(FsstEncoderTest, NoiseEmptyAndSingleValuesComeBack) {
  ExpectRoundTrip(testing::VariableSample("noise", 4, 500, 3, [](uint64_t i) { return i % 40; }));
  ExpectRoundTrip(Words(0));
  ExpectRoundTrip(Words(1));
  ExpectRoundTrip(testing::VariableSample("one letter", 8, 500, 3, [](uint64_t i) { return i % 40; }, 1));
}

/// Several batches, one of them a single long value.
TEST(FsstEncoderTest, AllValuesAtOnceHaveTheCodesOfEach) {
  const auto length = [](uint64_t i) { return i == 5000 ? uint64_t{600'000} : i % 97; };
  for (const testing::LeafSample& sample : {Words(60'000), testing::VariableSample("letters", 4, 12'000, 5, length, 9)}) {
    const LeafValues values = sample.Values();
    const FsstEncoder encoder(values);
    const FsstEncoder::Codes codes = encoder.EncodeAll(values);
    ASSERT_EQ(codes.offsets.size(), values.num_values + 1);
    ASSERT_EQ(codes.offsets.back(), codes.bytes.size());
    for (uint64_t i = 0; i < values.num_values; ++i) {
      BufferBuilder one;
      encoder.Encode(values.Value(i), one);
      const ByteSpan among = codes.bytes.span().subspan(codes.offsets[i], codes.offsets[i + 1] - codes.offsets[i]);
      ASSERT_TRUE(std::equal(among.begin(), among.end(), one.span().begin(), one.span().end())) << sample.name << " " << i;
    }
  }
}

TEST(FsstEncoderTest, TheTableDependsOnTheSampleAlone) {
  EXPECT_EQ(FsstEncoder(Words(2000).Values()).Table(), FsstEncoder(Words(2000).Values()).Table());
}

TEST(FsstTest, RefusesTablesAndCodesThatAreNone) {
  std::string table = FsstEncoder(Words(100).Values()).Table();
  const auto decoder = [&] { return FsstDecoder({reinterpret_cast<const uint8_t*>(table.data()), table.size()}); };
  const uint8_t lone_escape[] = {255};
  std::vector<uint8_t> out(64);
  EXPECT_THROW(decoder().Decode(lone_escape, out.data()), Error);
  const size_t n = static_cast<uint8_t>(table[0]);
  ASSERT_LT(n, 255u);
  const uint8_t unknown[] = {static_cast<uint8_t>(n)};
  EXPECT_THROW(decoder().Decode(unknown, out.data()), Error);
  table[8 + 8 * n] = 9;
  EXPECT_THROW(decoder(), Error);
  table[4] = 0;
  EXPECT_THROW(decoder(), Error);
  table.pop_back();
  EXPECT_THROW(decoder(), Error);
}

}  // namespace
}  // namespace eider::codec
