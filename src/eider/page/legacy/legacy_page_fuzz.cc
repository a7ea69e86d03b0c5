// Any page over any bytes either throws kCorrupt or kUnsupported, or gives as many rows as were asked for:
// | u8 type | u8 rows | u16 position | u16 length | the file ... |
#include <cstdlib>

#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/page/legacy/legacy_page.h"

namespace {

using namespace eider;
using page::RowRanges;

TypePtr TypeOf(uint8_t choice) {
  const Field item{.name = "item", .type = MakeType(choice & 16 ? TypeId::kBool : TypeId::kInt16)};
  switch (choice % 6) {
    case 0: return MakeType(TypeId::kInt64);
    case 1: return MakeType(TypeId::kBool);
    case 2: return MakeType(TypeId::kUtf8);
    case 3: return MakeType(TypeId::kLargeBinary);
    case 4: return FixedSizeListType(item, 3);
    default: return MakeType(TypeId::kNull);
  }
}

template <typename Read>
void Drive(Read& read, ByteSpan bytes) {
  for (int round = 0;; ++round) {
    if (round > 4) std::abort();
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

template <typename Body>
void Try(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kUnsupported) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 6) return 0;
  const ByteSpan file(data + 6, size - 6);
  const page::legacy::LegacyPage page{.position = LoadLe<uint16_t>(data + 2), .length = LoadLe<uint16_t>(data + 4), .file_bytes = file.size()};
  const uint64_t rows = data[1];
  RowRanges ranges;
  page::AppendRange(ranges, {0, rows / 3});
  page::AppendRange(ranges, {rows / 3 + 1, rows / 2});
  const uint64_t wanted = page::CountRows(ranges);
  Try([&] {
    const page::ArrayReadPtr read = page::legacy::MakeLegacyRead(page, TypeOf(data[0]), ranges);
    Drive(*read, file);
    if (static_cast<uint64_t>(read->Finish()->length) != wanted) std::abort();
  });
  Try([&] {
    const auto lists = page::legacy::MakeLegacyListRead(page, data[0] & 1, ranges);
    Drive(*lists, file);
    if (lists->Finish().lengths.size() != wanted) std::abort();
  });
  return 0;
}
