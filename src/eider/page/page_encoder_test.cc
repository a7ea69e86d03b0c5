#include "eider/page/page_encoder.h"

#include <gtest/gtest.h>

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/testing/arrays.h"

namespace eider::page {
namespace {

ColumnLeaf MakeLeaf(TypePtr type, uint16_t version_minor = 2) {
  ColumnLeaf leaf;
  leaf.path = "c";
  leaf.type = std::move(type);
  leaf.options.compression.version_minor = version_minor;
  return leaf;
}

/// A list column of which every `period`-th list has one item and the others are null.
ArrayPtr SparseLists(int64_t length, int64_t period) {
  std::vector<int32_t> offsets{0}, items;
  BitBuilder validity;
  for (int64_t i = 0; i < length; ++i) {
    const bool valid = i % period == 0;
    if (valid) items.push_back(int32_t(i));
    validity.AppendBit(valid);
    offsets.push_back(int32_t(items.size()));
  }
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kList;
  type->children.push_back({"item", MakeType(TypeId::kInt32)});
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = length;
  array->validity = validity.Finish();
  array->buffers.push_back(testing::BufferOf(offsets));
  array->children.push_back(testing::Numbers(items));
  return array;
}

ArrayPtr Vectors(int64_t length, int32_t dimension) {
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kFixedSizeList;
  type->list_size = dimension;
  type->children.push_back({"item", MakeType(TypeId::kFloat)});
  std::vector<float> values(length * dimension);
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(i);
  auto items = std::make_shared<Array>();
  items->type = MakeType(TypeId::kFloat);
  items->length = int64_t(values.size());
  items->buffers.push_back(testing::BufferOf(values));
  auto array = std::make_shared<Array>();
  array->type = type;
  array->length = length;
  array->children.push_back(items);
  return array;
}

std::vector<EncodedPage> EncodeOne(const ArrayPtr& array, const ColumnLeaf& leaf) {
  const ArrayPtr pieces[] = {array};
  return EncodePages(pieces, leaf);
}

TEST(PageEncoderTest, KeepsOneValueInTheLayoutIn22Only) {
  const ArrayPtr sevens = testing::Numbers(std::vector<int32_t>(1000, 7));
  const std::vector<EncodedPage> new_pages = EncodeOne(sevens, MakeLeaf(MakeType(TypeId::kInt32), 2));
  ASSERT_EQ(new_pages.size(), 1u);
  EXPECT_EQ(new_pages[0].layout.constant_layout().inline_value(), std::string("\7\0\0\0", 4));
  EXPECT_TRUE(new_pages[0].buffers.empty());
  const std::vector<EncodedPage> old_pages = EncodeOne(sevens, MakeLeaf(MakeType(TypeId::kInt32), 1));
  EXPECT_TRUE(old_pages[0].layout.has_mini_block_layout());
  EXPECT_FALSE(old_pages[0].layout.mini_block_layout().has_large_chunk());
}

TEST(PageEncoderTest, TakesFullZipFrom256BytesOnAndLeavesPlainVectorsWhereTheyLie) {
  const ArrayPtr narrow = Vectors(10, 63), wide = Vectors(10, 64);
  EXPECT_TRUE(EncodeOne(narrow, MakeLeaf(narrow->type))[0].layout.has_mini_block_layout());
  const std::vector<EncodedPage> pages = EncodeOne(SliceArray(wide, 3, 5), MakeLeaf(wide->type));
  ASSERT_TRUE(pages[0].layout.has_full_zip_layout());
  EXPECT_EQ(pages[0].layout.full_zip_layout().bits_per_value(), 64u * 32);
  ASSERT_EQ(pages[0].buffers.size(), 1u);
  EXPECT_EQ(pages[0].buffers[0].parts[0].data(), wide->children[0]->buffers[0].data() + 3 * 256);
}

TEST(PageEncoderTest, StoresStringsThatRepeatOnce) {
  auto strings = std::make_shared<Array>();
  strings->type = MakeType(TypeId::kUtf8);
  strings->length = 1000;
  std::vector<int32_t> offsets{0};
  std::string data;
  for (int i = 0; i < 1000; ++i) {
    data += fmt::format("value {}", i % 7);
    offsets.push_back(int32_t(data.size()));
  }
  strings->buffers = {testing::BufferOf(offsets), CopyToBuffer({reinterpret_cast<const uint8_t*>(data.data()), data.size()})};
  const std::vector<EncodedPage> pages = EncodeOne(strings, MakeLeaf(strings->type));
  EXPECT_EQ(pages[0].layout.mini_block_layout().num_dictionary_items(), 7u);
  EXPECT_LT(pages[0].size(), data.size() / 4);
}

TEST(PageEncoderTest, CutsRowsWhoseSpecialEntriesOverflowAChunk) {
  for (const uint16_t minor : {1, 2}) {
    const ArrayPtr sparse = SparseLists(300000, 500);
    ColumnLeaf leaf = MakeLeaf(MakeType(TypeId::kInt32), minor);
    leaf.steps.push_back({PathStep::Kind::kList, 0});
    const std::vector<EncodedPage> pages = EncodeOne(sparse, leaf);
    EXPECT_GT(pages.size(), 1u);
    uint64_t rows = 0;
    for (const EncodedPage& page : pages) rows += page.num_rows;
    EXPECT_EQ(rows, 300000u);
  }
}

TEST(PageEncoderTest, LeavesOverTheLevelsOfARowThatTheNextChunkContinues) {
  // One row of 5000 items, then 10 rows of one.
  std::vector<int32_t> items(5010), offsets{0};
  for (size_t i = 0; i < items.size(); ++i) items[i] = int32_t(i * 2654435761u);
  for (int32_t i = 0; i <= 10; ++i) offsets.push_back(5000 + i);
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kList;
  type->children.push_back({"item", MakeType(TypeId::kInt32)});
  auto lists = std::make_shared<Array>();
  lists->type = type;
  lists->length = 11;
  lists->buffers.push_back(testing::BufferOf(offsets));
  lists->children.push_back(testing::Numbers(items));
  ColumnLeaf leaf = MakeLeaf(MakeType(TypeId::kInt32));
  leaf.steps.push_back({PathStep::Kind::kList, 0});
  const std::vector<EncodedPage> pages = EncodeOne(lists, leaf);
  ASSERT_EQ(pages[0].buffers.size(), 3u);
  const ByteSpan index = pages[0].buffers[2].parts[0];
  const uint64_t num_chunks = pages[0].buffers[0].size() / 4;
  ASSERT_EQ(index.size(), num_chunks * 16);
  uint64_t rows = 0;
  for (uint64_t i = 0; i < num_chunks; ++i) {
    rows += LoadLe<uint64_t>(index.data() + 16 * i);
    const uint64_t leftover = LoadLe<uint64_t>(index.data() + 16 * i + 8);
    EXPECT_EQ(leftover > 0, i + 1 < num_chunks && rows == 0) << i;
  }
  EXPECT_EQ(rows, 11u);
}

TEST(ColumnLeafTest, NamesTheFieldAndTheKeyOfARequestThatItCannotMeet) {
  LanceField field;
  field.name = "v";
  const Field arrow{"v", MakeType(TypeId::kInt32)};
  const auto message = [&](const char* key, const char* value) -> std::string {
    field.metadata = {{key, value}};
    try {
      FindColumnLeaves(field, arrow, 2);
    } catch (const Error& error) {
      return fmt::format("{} {}", ErrorKindName(error.kind()), error.what());
    }
    return "";
  };
  EXPECT_EQ(message("lance-encoding:compression", "brotli"),
            "kInvalid field 'v': metadata lance-encoding:compression: unknown value 'brotli'");
  EXPECT_EQ(message("lance-encoding:blob", "true"),
            "kUnsupported field 'v': metadata lance-encoding:blob = 'true' is not supported for writing");
  EXPECT_EQ(message("lance-encoding:structural-encoding", "fullzip"), "");
}

}  // namespace
}  // namespace eider::page
