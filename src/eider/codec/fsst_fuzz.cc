// Any table is refused or decodes any codes to at most 8 bytes each, or refuses the codes. A table is mostly zeros: the input has the
// number of symbols and what there is of them.

#include "eider/codec/fsst.h"
#include "eider/testing/codec_inputs.h"

namespace eider::testing {
namespace {

std::vector<uint8_t> Table(uint8_t option, Input& input) {
  std::vector<uint8_t> table(codec::kFsstTableBytes);
  const uint8_t symbols = input.Byte();
  StoreLe<uint64_t>(table.data(), uint64_t{codec::kFsstMagic} << 32 | uint64_t{!(option & 1)} << 24 | symbols);
  const ByteSpan given = input.Take(option & 2 ? 9 * size_t{symbols} : 64);
  std::copy(given.begin(), given.end(), table.begin() + 8);
  if (option & 4) return table;
  // Lengths that are right let more codes through.
  for (size_t i = 8 + 8 * size_t{symbols}; i < 8 + 9 * size_t{symbols}; ++i) table[i] = static_cast<uint8_t>(1 + table[i] % 8);
  return table;
}

CompressiveEncoding Make(uint8_t option, const ValueShape& shape, Input& input) {
  CompressiveEncoding encoding;
  const std::vector<uint8_t> table = Table(option, input);
  encoding.mutable_fsst()->set_symbol_table(table.data(), table.size());
  SetPlain(option, shape, encoding.mutable_fsst()->mutable_values());
  return encoding;
}

}  // namespace
}  // namespace eider::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return eider::testing::RunCodec({data, size}, eider::testing::Make);
}
