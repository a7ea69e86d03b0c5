// LZ4 and Zstandard around plain values, run lengths and bit-packing: sizes that lie, frames that are none.

#include "eider/codec/general.h"
#include "eider/codec/rle.h"
#include "eider/testing/codec_inputs.h"
#include "fuzz/input_bounds.h"

namespace eider::testing {
namespace {

CompressiveEncoding Make(uint8_t option, const ValueShape& shape, Input&) {
  CompressiveEncoding inner, encoding;
  if ((option & 6) == 2) {
    codec::SetRle(shape.bits_per_value, &inner);
  } else if ((option & 6) == 4) {
    inner.mutable_inline_bitpacking()->set_uncompressed_bits_per_value(shape.bits_per_value);
  } else {
    SetPlain(option, shape, &inner);
  }
  codec::SetGeneral(static_cast<::lance::encodings21::CompressionScheme>(1 + (option & 1)), std::nullopt, std::move(inner), &encoding);
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A zstd block of one byte repeated has 4 bytes and gives 128 KiB, which are what the page says; twice while they are copied.
  eider::fuzz::AllowOutput(2 * (size / 4) * (128 << 10));
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
