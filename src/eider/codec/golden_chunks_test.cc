#include <gtest/gtest.h>

#include <fmt/format.h>

#include "eider/codec/codec.h"

namespace eider::codec {
namespace {

enum class Context { kMiniBlock, kPerValue, kBlock, kLevel };

/// Bytes that the reference engine wrote, and a hash of the values that went in.
struct GoldenChunk {
  Context context;
  const char* name;
  uint64_t num_values;
  uint64_t bits;  ///< 0: variable width
  std::vector<uint32_t> dimensions;
  uint64_t hash;
  const char* encoding;
  std::vector<const char*> buffers;
};

const GoldenChunk kGoldenChunks[] = {
#include "eider/codec/golden_chunks.inc"
};

std::vector<uint8_t> FromHex(const char* hex) {
  std::vector<uint8_t> bytes;
  for (; *hex != 0; hex += 2) bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex, 2), nullptr, 16)));
  return bytes;
}

class Fnv {
 public:
  void Add(ByteSpan bytes) {
    for (const uint8_t b : bytes) hash_ = (hash_ ^ b) * 0x100000001B3u;
  }
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_ = 0xCBF29CE484222325u;
};

uint64_t HashOf(DecodedValues& values) {
  Fnv fnv;
  if (values.is_bits()) {
    fnv.Add({values.bits.data(), BytesForBits(values.bits.size())});
  } else if (values.shape.kind == ValueShape::Kind::kFixed) {
    fnv.Add(values.data.span());
  } else {
    const auto* offsets = values.offsets.as<uint32_t>();
    for (uint64_t i = 0; i < values.num_values; ++i) {
      const uint32_t size = offsets[i + 1] - offsets[i];
      fnv.Add({reinterpret_cast<const uint8_t*>(&size), 4});
      fnv.Add(values.data.span().subspan(offsets[i], size));
    }
  }
  return fnv.hash();
}

uint64_t Decode(const GoldenChunk& golden, const CompressiveEncoding& encoding, std::span<const ByteSpan> buffers) {
  ValueShape shape;
  shape.kind = golden.bits == 0 ? ValueShape::Kind::kVariable : ValueShape::Kind::kFixed;
  shape.bits_per_value = golden.bits;
  shape.dimensions = golden.dimensions;
  DecodedValues out(shape);
  const uint64_t n = golden.num_values;
  switch (golden.context) {
    case Context::kMiniBlock: {
      const auto decompressor = MakeMiniBlockDecompressor(encoding, shape);
      EXPECT_EQ(decompressor->num_buffers(), buffers.size());
      decompressor->AppendRange(buffers, n, 0, n / 2, out);
      std::vector<uint32_t> positions;
      for (uint64_t i = n / 2; i < n; ++i) positions.push_back(static_cast<uint32_t>(i));
      decompressor->AppendAt(buffers, n, std::span(positions).first(1), out);
      decompressor->AppendAt(buffers, n, std::span(positions).subspan(1), out);
      break;
    }
    case Context::kPerValue: MakePerValueDecompressor(encoding, shape)->AppendValue(buffers[0], out); break;
    case Context::kBlock: MakeBlockDecompressor(encoding, shape)->AppendBlock(buffers[0], n, out); break;
    case Context::kLevel: {
      auto* levels = reinterpret_cast<uint16_t*>(out.ExtendFixed(n));
      MakeLevelDecompressor(encoding)->Decode(buffers[0], {levels, n});
      break;
    }
  }
  EXPECT_EQ(out.num_values, n);
  return HashOf(out);
}

TEST(GoldenChunksTest, DecodeToWhatTheReferenceEngineWasGiven) {
  for (const GoldenChunk& golden : kGoldenChunks) {
    const auto bytes = FromHex(golden.encoding);
    CompressiveEncoding encoding;
    ASSERT_TRUE(encoding.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    SCOPED_TRACE(fmt::format("{} ({})", golden.name, DescribeEncoding(encoding)));
    std::vector<std::vector<uint8_t>> storage;
    for (const char* hex : golden.buffers) storage.push_back(FromHex(hex));
    EXPECT_EQ(Decode(golden, encoding, std::vector<ByteSpan>(storage.begin(), storage.end())), golden.hash);
  }
}

// Every byte of every chunk flipped, and every shorter chunk: an error or other values, never more than that.
TEST(GoldenChunksTest, DamagedChunksAreRefusedOrReadWithinBounds) {
  for (const GoldenChunk& golden : kGoldenChunks) {
    const auto bytes = FromHex(golden.encoding);
    CompressiveEncoding encoding;
    ASSERT_TRUE(encoding.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    if (golden.context == Context::kPerValue) continue;
    std::vector<std::vector<uint8_t>> storage;
    for (const char* hex : golden.buffers) storage.push_back(FromHex(hex));
    const auto attempt = [&] {
      try {
        Decode(golden, encoding, std::vector<ByteSpan>(storage.begin(), storage.end()));
      } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUnsupported) << error.what();
      }
    };
    for (auto& buffer : storage) {
      const size_t step = 1 + buffer.size() / 200;
      for (size_t i = 0; i < buffer.size(); i += step) {
        const uint8_t byte = buffer[i];
        for (const uint8_t other : {uint8_t(byte ^ 1), uint8_t(~byte), uint8_t{0}, uint8_t{255}}) {
          buffer[i] = other;
          attempt();
        }
        buffer[i] = byte;
      }
      const auto whole = buffer;
      for (size_t size = 0; size < whole.size(); size += step) {
        buffer.assign(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
        attempt();
      }
      buffer = whole;
    }
  }
}

}  // namespace
}  // namespace eider::codec
