#include "eider/kernel/bitpack.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <random>
#include <vector>

namespace eider::kernel {
namespace {

template <typename T>
class BitpackTest : public testing::Test {
 protected:
  static constexpr uint32_t kBits = 8 * sizeof(T);
  static std::vector<T> Values(uint32_t width, uint32_t seed) {
    std::mt19937_64 random(seed);
    std::vector<T> values(kPackedBlockValues);
    const T mask = width == 0 ? T{0} : static_cast<T>(~uint64_t{0} >> (64 - width));
    for (T& v : values) v = static_cast<T>(random()) & mask;
    return values;
  }
  /// The layout as the header states it, one bit at a time.
  static std::vector<uint8_t> PackSlowly(const std::vector<T>& values, uint32_t width) {
    std::vector<uint8_t> packed(PackedBlockBytes(width));
    const uint32_t lanes = kPackedBlockValues / kBits;
    for (uint32_t row = 0; row < kBits; ++row) {
      for (uint32_t lane = 0; lane < lanes; ++lane) {
        const T value = values[kPackedRowOrder[row / 8] * 16 + row % 8 * 128 + lane];
        for (uint32_t b = 0; b < width; ++b) {
          const uint32_t bit = row * width + b;
          const size_t at = (size_t{lanes} * (bit / kBits) + lane) * kBits + bit % kBits;
          if ((value >> b) & 1) packed[at / 8] |= uint8_t(1u << (at % 8));
        }
      }
    }
    return packed;
  }
};
using Elements = testing::Types<uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(BitpackTest, Elements);

TYPED_TEST(BitpackTest, PacksEveryWidthAsTheFormatDraws) {
  for (uint32_t width = 0; width <= this->kBits; ++width) {
    const auto values = this->Values(width, width + 1);
    std::vector<uint8_t> packed(PackedBlockBytes(width));
    PackBlock<TypeParam>(values.data(), width, packed.data());
    EXPECT_EQ(packed, this->PackSlowly(values, width)) << "width " << width;
  }
}

TYPED_TEST(BitpackTest, UnpacksEveryWidthFromUnalignedBytes) {
  for (uint32_t width = 0; width <= this->kBits; ++width) {
    const auto values = this->Values(width, width + 100);
    std::vector<uint8_t> packed(PackedBlockBytes(width) + 1);
    PackBlock<TypeParam>(values.data(), width, packed.data() + 1);
    std::vector<TypeParam> out(kPackedBlockValues);
    UnpackBlock<TypeParam>(packed.data() + 1, width, out.data());
    EXPECT_EQ(out, values) << "width " << width;
  }
}

TYPED_TEST(BitpackTest, UnpacksAlikeOnEveryInstructionSet) {
  const int64_t supported = hwy::SupportedTargets();
  int compared = 0;
  for (const int64_t target : {int64_t{HWY_STATIC_TARGET}, int64_t{HWY_AVX2}, int64_t{HWY_AVX3}}) {
    if ((supported & target) == 0) continue;  // the static one always is
    ++compared;
    hwy::SetSupportedTargetsForTest(target);
    for (uint32_t width = 0; width <= this->kBits; ++width) {
      const auto values = this->Values(width, width + 300);
      std::vector<uint8_t> packed(PackedBlockBytes(width));
      PackBlock<TypeParam>(values.data(), width, packed.data());
      std::vector<TypeParam> out(kPackedBlockValues);
      UnpackBlock<TypeParam>(packed.data(), width, out.data());
      EXPECT_EQ(out, values) << "width " << width << " on " << hwy::TargetName(target);
    }
  }
  hwy::SetSupportedTargetsForTest(0);
  EXPECT_GE(compared, 1);
}

TYPED_TEST(BitpackTest, ExtractsEveryPositionOfEveryWidth) {
  for (uint32_t width = 0; width <= this->kBits; ++width) {
    const auto values = this->Values(width, width + 200);
    std::vector<uint8_t> packed(PackedBlockBytes(width));
    PackBlock<TypeParam>(values.data(), width, packed.data());
    for (uint32_t i = 0; i < kPackedBlockValues; ++i) {
      ASSERT_EQ(ExtractPacked<TypeParam>(packed.data(), width, i), values[i]) << "width " << width << " index " << i;
    }
  }
}

TYPED_TEST(BitpackTest, DropsBitsAboveTheWidth) {
  const auto values = this->Values(this->kBits, 7);
  std::vector<uint8_t> packed(PackedBlockBytes(3));
  PackBlock<TypeParam>(values.data(), 3, packed.data());
  for (uint32_t i = 0; i < kPackedBlockValues; ++i) {
    ASSERT_EQ(ExtractPacked<TypeParam>(packed.data(), 3, i), values[i] & 7);
  }
}

}  // namespace
}  // namespace eider::kernel
