#include "eider/page/planar_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/proto/encodings21.pb.h"
#include "eider/proto/encodings23.pb.h"

namespace eider::page {
namespace {

namespace known = ::lance::encodings21;
namespace planar = ::lance::encodings23;
using ::testing::HasSubstr;

planar::PlanarLayout MiniBlock() {
  planar::PlanarLayout layout;
  layout.mutable_structure()->mutable_dense()->add_layers(known::REPDEF_NULLABLE_ITEM);
  planar::MiniBlockValues* values = layout.mutable_values()->mutable_mini_block();
  values->mutable_value_compression()->mutable_flat()->set_bits_per_value(64);
  values->mutable_levels()->mutable_def_compression()->mutable_flat()->set_bits_per_value(16);
  values->set_num_buffers(1);
  values->set_num_items(7);
  return layout;
}

planar::PlanarLayout Nulls(uint32_t outer, uint32_t leaf) {
  planar::PlanarLayout layout;
  for (const uint32_t listed : {outer, leaf}) {
    planar::Validity* validity = layout.mutable_structure()->mutable_sparse()->add_layers()->mutable_validity();
    validity->set_listed(listed);
    validity->mutable_positions()->mutable_constant();
  }
  layout.mutable_values()->mutable_all_null();
  return layout;
}

known::PageLayout Translate(const planar::PlanarLayout& layout, size_t num_buffers = 0) {
  known::PageLayout page;
  EXPECT_TRUE(page.ParseFromString(TranslatePlanarLayout(layout.SerializeAsString(), num_buffers)));
  return page;
}

std::string Refusal(const planar::PlanarLayout& layout, size_t num_buffers = 0) {
  try {
    TranslatePlanarLayout(layout.SerializeAsString(), num_buffers);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported) << error.what();
    return error.what();
  }
  return "read";
}

TEST(PlanarLayoutTest, AMiniBlockPageIsThatOfVersion22) {
  const known::PageLayout page = Translate(MiniBlock(), 2);
  ASSERT_TRUE(page.has_mini_block_layout());
  const known::MiniBlockLayout& layout = page.mini_block_layout();
  EXPECT_TRUE(layout.has_large_chunk());
  EXPECT_EQ(layout.num_items(), 7u);
  EXPECT_EQ(layout.num_buffers(), 1u);
  EXPECT_EQ(layout.value_compression().flat().bits_per_value(), 64u);
  EXPECT_EQ(layout.def_compression().flat().bits_per_value(), 16u);
  EXPECT_FALSE(layout.has_rep_compression());
  ASSERT_EQ(layout.layers_size(), 1);
  EXPECT_EQ(layout.layers(0), known::REPDEF_NULLABLE_ITEM);
}

TEST(PlanarLayoutTest, AFullZipPageKeepsItsCounts) {
  planar::PlanarLayout layout = MiniBlock();
  planar::FullZipValues* values = layout.mutable_values()->mutable_full_zip();
  values->mutable_value_compression()->mutable_variable()->mutable_offsets()->mutable_flat()->set_bits_per_value(32);
  values->mutable_levels()->set_bits_def(1);
  values->set_bits_per_offset(32);
  values->set_num_items(5);
  values->set_num_visible_items(4);
  const known::FullZipLayout page = Translate(layout, 2).full_zip_layout();
  EXPECT_EQ(page.bits_def(), 1u);
  EXPECT_EQ(page.bits_rep(), 0u);
  EXPECT_EQ(page.bits_per_offset(), 32u);
  EXPECT_EQ(page.num_items(), 5u);
  EXPECT_EQ(page.num_visible_items(), 4u);
}

TEST(PlanarLayoutTest, ConstantsHaveItemsAlone) {
  planar::PlanarLayout layout;
  layout.mutable_structure()->mutable_dense()->add_layers(known::REPDEF_ALL_VALID_ITEM);
  layout.mutable_values()->mutable_constant()->set_value("abcd");
  EXPECT_EQ(Translate(layout).constant_layout().inline_value(), "abcd");
  EXPECT_THAT(Refusal(layout, 2), HasSubstr("a constant page with 2 buffers"));
  layout.mutable_structure()->mutable_dense()->add_layers(known::REPDEF_NULLABLE_LIST);
  EXPECT_THAT(Refusal(layout), HasSubstr("layers of nulls or lists"));
}

TEST(PlanarLayoutTest, NullsAreThoseOfTheLeafAlone) {
  const known::ConstantLayout page = Translate(Nulls(1, 2)).constant_layout();
  EXPECT_FALSE(page.has_inline_value());
  ASSERT_EQ(page.layers_size(), 2);
  EXPECT_EQ(page.layers(0), known::REPDEF_NULLABLE_ITEM);
  EXPECT_EQ(page.layers(1), known::REPDEF_ALL_VALID_ITEM);
  EXPECT_THAT(Refusal(Nulls(2, 2)), HasSubstr("sparse structure"));
  planar::PlanarLayout some = Nulls(1, 2);
  some.mutable_structure()->mutable_sparse()->mutable_layers(0)->mutable_validity()->set_count(1);
  EXPECT_THAT(Refusal(some), HasSubstr("sparse structure"));
}

/// The layout with a field 100 in the message that `inner` gives.
template <typename Inner>
std::string RefusalOfFieldIn(const Inner& inner) {
  planar::PlanarLayout layout = MiniBlock();
  known::CompressiveEncoding* values = layout.mutable_values()->mutable_mini_block()->mutable_value_compression();
  google::protobuf::MessageLite* message = inner(values);
  std::string bytes = message->SerializeAsString() + std::string("\xa0\x06\x01", 3);
  EXPECT_TRUE(message->ParseFromString(bytes));
  return Refusal(layout, 2);
}

TEST(PlanarLayoutTest, AFieldThatIsNotKnownIsNamedHoweverDeep) {
  using Encoding = known::CompressiveEncoding;
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_flat(); }), HasSubstr("field 100 of flat is not known"));
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_flat()->mutable_data(); }), HasSubstr("field 100 of a buffer's compression"));
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_general()->mutable_values()->mutable_inline_bitpacking(); }),
              HasSubstr("field 100 of bit-packing is not known"));
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_general()->mutable_compression(); }), HasSubstr("field 100"));
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_fsst()->mutable_values()->mutable_variable(); }), HasSubstr("field 100 of variable"));
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_rle(); }), HasSubstr("field 100 of runs"));
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_fixed_size_list(); }), HasSubstr("field 100 of a fixed-size list"));
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_byte_stream_split()->mutable_values()->mutable_flat(); }), HasSubstr("field 100 of flat"));
  EXPECT_THAT(RefusalOfFieldIn([](Encoding* e) { return e->mutable_variable_packed_struct()->add_fields(); }),
              HasSubstr("field 100 of a field of a packed struct"));
}

TEST(PlanarLayoutTest, WhatIsNotKnownIsNamed) {
  planar::PlanarLayout delta = MiniBlock();
  delta.mutable_values()->mutable_mini_block()->mutable_value_compression()->mutable_delta();
  EXPECT_THAT(Refusal(delta), HasSubstr("encoding 'delta'"));
  planar::PlanarLayout offsets = MiniBlock();
  offsets.mutable_values()->mutable_mini_block()->mutable_value_compression()->mutable_variable()->mutable_offsets()->mutable_delta();
  EXPECT_THAT(Refusal(offsets), HasSubstr("offsets as delta"));
  planar::PlanarLayout runs = MiniBlock();
  known::Rle* rle = runs.mutable_values()->mutable_mini_block()->mutable_value_compression()->mutable_rle();
  rle->mutable_values()->mutable_flat()->set_bits_per_value(32);
  rle->mutable_run_lengths()->mutable_flat()->set_bits_per_value(16);
  EXPECT_THAT(Refusal(runs), HasSubstr("lengths of runs of 16 bits"));
  planar::PlanarLayout layers = MiniBlock();
  layers.mutable_structure()->mutable_dense()->add_layers(7);
  EXPECT_THAT(Refusal(layers), HasSubstr("layer of kind 7"));
  planar::PlanarLayout sparse = MiniBlock();
  sparse.mutable_structure()->mutable_sparse();
  EXPECT_THAT(Refusal(sparse), HasSubstr("sparse structure"));
  planar::PlanarLayout more = MiniBlock();
  ASSERT_TRUE(more.MergeFromString(std::string("\x28\x01", 2)));  // field 5
  EXPECT_THAT(Refusal(more), HasSubstr("field 5 of a page is not known"));
}

}  // namespace
}  // namespace eider::page
