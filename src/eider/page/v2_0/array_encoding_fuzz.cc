// Any encoding over any buffers either throws kCorrupt or kUnsupported, or gives arrays of as many rows as were asked for, for
// every type: | u8 type | u8 rows | u16 encoding bytes | encoding | buffer 0, 1 and 2: a third of the rest each |
#include <cstdlib>

#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/page/v2_0/array_encoding.h"

namespace {

using namespace eider;
using page::RowRanges;

TypePtr TypeOf(uint8_t choice) {
  const Field item{.name = "item", .type = MakeType(TypeId::kInt16)};
  switch (choice % 10) {
    case 0: return MakeType(TypeId::kInt64);
    case 1: return MakeType(TypeId::kBool);
    case 2: return MakeType(TypeId::kUtf8);
    case 3: return MakeType(TypeId::kLargeBinary);
    case 4: return FixedSizeListType(item, 3);
    case 5: return FixedSizeBinaryType(5);
    case 6: return DictionaryType(MakeType(TypeId::kInt8), MakeType(TypeId::kUtf8));
    case 7: return StructType({{.name = "a", .type = MakeType(TypeId::kInt32)}, {.name = "b", .type = FixedSizeListType(item, 2)}});
    case 8: return MakeType(TypeId::kUInt8);
    default: return MakeType(TypeId::kNull);
  }
}

template <typename Read>
void Drive(Read& read, ByteSpan bytes) {
  for (int round = 0;; ++round) {
    if (round > 8) std::abort();
    std::vector<ByteRange> wants;
    read.Want(wants);
    if (wants.empty()) return;
    std::vector<ByteSpan> spans;
    for (const ByteRange& want : wants) {
      if (want.end() > bytes.size()) std::abort();
      spans.push_back(bytes.subspan(want.offset, want.length));
    }
    read.Feed(spans);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  const TypePtr type = TypeOf(data[0]);
  const uint64_t rows = data[1], encoded = std::min<uint64_t>(size - 4, LoadLe<uint16_t>(data + 2));
  ::lance::encodings::ArrayEncoding encoding;
  if (!encoding.ParseFromArray(data + 4, static_cast<int>(encoded))) return 0;
  const ByteSpan bytes(data + 4 + encoded, size - 4 - encoded);
  const uint64_t third = bytes.size() / 3;
  const ByteRange buffers[] = {{0, third}, {third, third}, {2 * third, bytes.size() - 2 * third}};
  const page::v2_0::PageBuffers page{.page = buffers, .column = buffers, .file = {}};
  RowRanges ranges;
  page::AppendRange(ranges, {0, rows / 3});
  page::AppendRange(ranges, {rows / 3 + 1, rows / 2});
  page::v2_0::DescribeArrayEncoding(encoding);
  try {
    const page::ArrayReadPtr read = page::v2_0::MakeArrayRead(encoding, page, type, ranges);
    Drive(*read, bytes);
    if (static_cast<uint64_t>(read->Finish()->length) != page::CountRows(ranges)) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kUnsupported) std::abort();
  }
  try {
    const auto lists = page::v2_0::MakeListRead(encoding, page, ranges);
    Drive(*lists, bytes);
    if (lists->Finish().lengths.size() != page::CountRows(ranges)) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kUnsupported) std::abort();
  }
  return 0;
}
