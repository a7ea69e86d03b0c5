// Any strings that our encoder encodes come back.

#include <cstdlib>

#include "eider/codec/fsst.h"
#include "eider/codec/fsst_encoder.h"
#include "fuzz/input_bounds.h"

namespace eider::codec {
namespace {

constexpr uint64_t kTrainingBytes = 2 << 20;  // counts of pairs and of candidates, whatever the input

void RoundTrip(ByteSpan input) {
  fuzz::AllowOutput(kTrainingBytes);
  LeafValues values;
  values.shape.kind = ValueShape::Kind::kVariable;
  std::vector<uint32_t> offsets{0};
  for (size_t at = 0; at < input.size(); at = offsets.back()) {
    offsets.push_back(static_cast<uint32_t>(std::min<size_t>(input.size(), at + 1 + input[at] % 40)));
  }
  values.num_values = offsets.size() - 1;
  values.data = input;
  values.offsets = {reinterpret_cast<const uint8_t*>(offsets.data()), 4 * offsets.size()};
  const FsstEncoder encoder(values);
  const std::string table = encoder.Table();
  const FsstDecoder decoder({reinterpret_cast<const uint8_t*>(table.data()), table.size()});
  for (uint64_t i = 0; i < values.num_values; ++i) {
    BufferBuilder codes;
    encoder.Encode(values.Value(i), codes);
    std::vector<uint8_t> out(FsstDecoder::Room(codes.size()));
    const size_t size = decoder.Decode(codes.span(), out.data());
    if (!std::equal(out.begin(), out.begin() + static_cast<ptrdiff_t>(size), values.Value(i).begin(), values.Value(i).end())) std::abort();
  }
}

}  // namespace
}  // namespace eider::codec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  eider::codec::RoundTrip({data, size});
  return 0;
}
