#include "eider/page/blob_decoder.h"

#include <gtest/gtest.h>

#include "eider/proto/encodings21.pb.h"

namespace eider::page {
namespace {

using ::lance::encodings21::PageLayout;

/// A page of v1 descriptors in a full-zip inner page: 16 bytes a row.
struct Page {
  std::string layout;
  std::vector<uint64_t> words;

  ByteSpan bytes() const { return {reinterpret_cast<const uint8_t*>(words.data()), words.size() * 8}; }
};

Page MakePage(std::vector<uint64_t> words) {
  PageLayout page;
  auto* blob = page.mutable_blob_layout();
  blob->add_layers(::lance::encodings21::REPDEF_NULLABLE_ITEM);
  auto* inner = blob->mutable_inner_layout()->mutable_full_zip_layout();
  inner->set_bits_per_value(128);
  inner->set_num_items(words.size() / 2);
  inner->set_num_visible_items(words.size() / 2);
  inner->add_layers(::lance::encodings21::REPDEF_ALL_VALID_ITEM);
  auto* packed = inner->mutable_value_compression()->mutable_packed_struct();
  packed->add_bits_per_value(64);
  packed->add_bits_per_value(64);
  packed->mutable_values()->mutable_flat()->set_bits_per_value(128);
  return {page.SerializeAsString(), std::move(words)};
}

std::shared_ptr<LeafSpec> DescriptorLeaf() {
  DataType type{.id = TypeId::kStruct};
  type.children = {{.name = "position", .type = MakeType(TypeId::kUInt64)}, {.name = "size", .type = MakeType(TypeId::kUInt64)}};
  auto leaf = std::make_shared<LeafSpec>();
  leaf->type = std::make_shared<const DataType>(std::move(type));
  leaf->shape = ShapeOfType(*leaf->type);
  leaf->layers.push_back({});
  return leaf;
}

LeafOutput Decode(const Page& page) {
  const auto leaf = DescriptorLeaf();
  const uint64_t rows = page.words.size() / 2;
  const PageSource source{.buffers = {{0, page.bytes().size()}}, .num_rows = rows, .layout = page.layout, .version_minor = 1};
  const auto decoder = MakePageDecoder(source, leaf);
  const auto read = decoder->Read({.first = 0, .count = rows});
  std::vector<ByteRange> wants;
  read->Want(wants);
  std::vector<ByteSpan> bytes;
  for (const ByteRange& want : wants) bytes.push_back(page.bytes().subspan(want.offset, want.length));
  read->Feed(bytes);
  LeafOutput out(leaf);
  read->Decode(out);
  return out;
}

std::string ErrorOf(const Page& page) {
  try {
    Decode(page);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(BlobDecoderTest, TellsNullsFromEmptyValues) {
  LeafOutput out = Decode(MakePage({64, 3, 1 << 16, 0, 0, 0}));
  EXPECT_EQ(out.values.num_values, 3u);
  EXPECT_TRUE(out.layers[0].IsValid(0));
  EXPECT_FALSE(out.layers[0].IsValid(1));
  EXPECT_TRUE(out.layers[0].IsValid(2));
  EXPECT_EQ(LoadLe<uint64_t>(out.values.data.data()), 64u);
  EXPECT_EQ(LoadLe<uint64_t>(out.values.data.data() + 16), 0u);
}

TEST(BlobDecoderTest, RefusesLevelsThatNoItemHas) {
  EXPECT_EQ(ErrorOf(MakePage({(1 << 16) + 1, 0})), "blob: levels 0x10001 of a null item");
  EXPECT_EQ(ErrorOf(MakePage({uint64_t{1} << 40, 0})), "blob: levels 0x10000000000 of a null item");
  EXPECT_NE(ErrorOf(MakePage({2 << 16, 0})), "");
}

}  // namespace
}  // namespace eider::page
