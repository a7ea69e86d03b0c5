#include "eider/array/row_sizes.h"

#include <gtest/gtest.h>

#include "eider/base/memory.h"

namespace eider {
namespace {

ArrayPtr TextsOfLengths(const std::vector<int32_t>& lengths) {
  BufferBuilder offsets, bytes;
  int32_t end = 0;
  offsets.AppendValue(end);
  for (const int32_t length : lengths) {
    for (int32_t i = 0; i < length; ++i) bytes.AppendValue(uint8_t{'a'});
    offsets.AppendValue(end += length);
  }
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kUtf8);
  array->length = static_cast<int64_t>(lengths.size());
  array->buffers = {offsets.Finish(), bytes.Finish()};
  return array;
}

TEST(RowSizesTest, TellsEachRowOfASlice) {
  const ArrayPtr texts = TextsOfLengths({7, 1000, 0, 30});
  const ArrayPtr columns[] = {SliceArray(texts, 1, 3), SliceArray(texts, 0, 3)};
  const RowSizes sizes(columns);
  const uint64_t least = sizes[2] - 30;
  EXPECT_GE(least, 1u);
  EXPECT_EQ(sizes[0], least + 1007);
  EXPECT_EQ(sizes[1], least + 1000);
}

TEST(RowSizesTest, RowsFitByBytesAndOneAlways) {
  const std::vector<uint64_t> sizes{10, 20, 500, 1};
  const auto fit = [&](uint64_t bytes, int64_t first) {
    return RowsThatFit(bytes, static_cast<int64_t>(sizes.size()) - first, [&](int64_t i) { return sizes[static_cast<size_t>(first + i)]; });
  };
  EXPECT_EQ(fit(30, 0), 2);
  EXPECT_EQ(fit(29, 0), 1);
  EXPECT_EQ(fit(30, 2), 1) << "wider than that alone";
  EXPECT_EQ(fit(1000, 0), 4);
  EXPECT_EQ(fit(1000, 4), 0);
}

}  // namespace
}  // namespace eider
