#include "eider/base/file_sum.h"

#include <cstring>

#include "eider/base/bytes.h"
#include "eider/base/crc32c.h"
#include "eider/base/error.h"

namespace eider {

bool ResemblesSumsMagic(const uint8_t* bytes) {
  int same = 0;
  for (int i = 0; i < 8; ++i) same += bytes[i] == uint8_t(kSumsMagic[i]);
  return same >= 4;
}

std::string FileSum(ByteSpan before, ByteSpan after) {
  std::string bytes(kFileSumBytes, '\0');
  StoreLe<uint32_t>(reinterpret_cast<uint8_t*>(bytes.data()), Crc32c(after, Crc32c(before)));
  std::memcpy(bytes.data() + sizeof(uint32_t), kSumsMagic, 8);
  return bytes;
}

bool HasFileSum(ByteSpan file, uint64_t end) {
  return end >= kFileSumBytes && end <= file.size() && ResemblesSumsMagic(file.data() + end - 8);
}

bool CheckFileSum(ByteSpan file, uint64_t end) {
  if (!HasFileSum(file, end)) return false;
  const uint64_t at = end - kFileSumBytes;
  const std::string expected = FileSum(file.first(at), file.subspan(end));
  if (std::memcmp(expected.data(), file.data() + at, kFileSumBytes) == 0) return true;
  throw Corrupt("the checksum of its {} bytes is {:08x}, stored is {:08x} '{}'", file.size(), LoadLe<uint32_t>(SpanOf(expected).data()),
                LoadLe<uint32_t>(file.data() + at), std::string_view(reinterpret_cast<const char*>(file.data() + at + 4), 8));
}

}  // namespace eider
