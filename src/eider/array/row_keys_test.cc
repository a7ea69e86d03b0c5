#include "eider/array/row_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "eider/array/types.h"

namespace eider {
namespace {

ArrayPtr Texts(const std::vector<std::optional<std::string>>& values) {
  BufferBuilder offsets, data;
  BitBuilder valid;
  offsets.AppendValue<int32_t>(0);
  for (const auto& value : values) {
    if (value) data.Append(value->data(), value->size());
    offsets.AppendValue(static_cast<int32_t>(data.size()));
    valid.AppendBit(value.has_value());
  }
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kUtf8);
  array->length = static_cast<int64_t>(values.size());
  array->validity = valid.Finish();
  array->buffers = {offsets.Finish(), data.Finish()};
  return array;
}

ArrayPtr Doubles(const std::vector<double>& values) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kDouble);
  array->length = static_cast<int64_t>(values.size());
  array->buffers = {CopyToBuffer({reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(double)})};
  return array;
}

TEST(RowKeysTest, EqualRowsHaveEqualBytesAndOthersDiffer) {
  const std::vector<ArrayPtr> columns = {Texts({"a", "ab", std::nullopt, "", "a", ""}), Texts({"bc", "c", "", std::nullopt, "bc", ""})};
  const RowKeys keys(columns, 6);
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 6; ++j) EXPECT_EQ(std::ranges::equal(keys.At(i), keys.At(j)), i == j || (i % 4 == 0 && j % 4 == 0)) << i << " " << j;
  }
}

TEST(RowKeysTest, ZerosAreEqualAsNumbersAndNotAsBits) {
  const ArrayPtr zeros = Doubles({0.0, -0.0, NAN, NAN});
  const RowKeys numbers({&zeros, 1}, 4), bits({&zeros, 1}, 4, FloatKeys::kBits);
  EXPECT_TRUE(std::ranges::equal(numbers.At(0), numbers.At(1)));
  EXPECT_FALSE(std::ranges::equal(bits.At(0), bits.At(1)));
  EXPECT_TRUE(std::ranges::equal(bits.At(2), bits.At(3)));
}

}  // namespace
}  // namespace eider
