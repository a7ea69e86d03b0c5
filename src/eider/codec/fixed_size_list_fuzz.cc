// Lists of lists, with and without validity.

#include "eider/testing/codec_inputs.h"

namespace eider::testing {
namespace {

CompressiveEncoding Make(uint8_t option, const ValueShape& shape, Input&) {
  CompressiveEncoding encoding;
  auto* outer = encoding.mutable_fixed_size_list();
  outer->set_items_per_value(option & 1 ? 6 : 3);
  outer->set_has_validity(option & 8);
  auto* items = outer->mutable_values();
  if (option & 1) {
    codec::SetFlat(16, items);
  } else {
    items->mutable_fixed_size_list()->set_items_per_value(option & 2 ? 2 : shape.bits_per_value / 8);
    items->mutable_fixed_size_list()->set_has_validity(option & 16);
    codec::SetFlat(16, items->mutable_fixed_size_list()->mutable_values());
  }
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
