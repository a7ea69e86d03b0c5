// Checksums of blobs whose own sums fit: any check of any value passes or throws kCorrupt, and reads nothing outside the buffer.
//
//     u8 units, u8 groups (4 at most), and of each: u8 file, u8 position, u8 first unit, u8 bytes, the bytes
//     reads until the end: u8 file, u8 position, u8 bytes of the value, u8 blocks of 64 KiB more, u8 where the read starts
#include "eider/base/crc32c.h"
#include "eider/file/blob_sums.h"
#include "eider/file/checksums.h"
#include "eider/testing/bytes_file.h"
#include "eider/testing/fuzz_input.h"

namespace {

using namespace eider;

BufferBuilder Wrap(eider::testing::Input& input) {
  const uint32_t units = input.Byte(), num_groups = input.Byte() % 5;
  BufferBuilder index, groups;
  for (uint32_t i = 0; i < num_groups; ++i) {
    const uint32_t file = input.Byte();
    const uint64_t position = input.Byte();
    const uint32_t first_unit = input.Byte();
    const ByteSpan bytes = input.Take(input.Byte());
    for (const uint32_t n : {file, first_unit}) index.AppendValue<uint32_t>(n);
    index.AppendValue<uint64_t>(position);
    for (const uint32_t n : {uint32_t(20 + 28 * num_groups + groups.size()), uint32_t(bytes.size()), Crc32c(bytes)}) index.AppendValue<uint32_t>(n);
    groups.Append(bytes);
  }
  BufferBuilder out;
  out.Append("EIDERBLB", 8);
  out.AppendValue<uint32_t>(num_groups);
  out.AppendValue<uint32_t>(units);
  out.AppendValue<uint32_t>(Crc32c(index.span(), Crc32c(out.span())));
  out.Append(index.span());
  out.Append(groups.span());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<uint8_t> zeros(4 * file::kSumBlockBytes);
  eider::testing::Input input({data, size});
  const BufferBuilder bytes = Wrap(input);
  const auto stored = std::make_shared<eider::testing::BytesFile>(bytes.span(), true);
  const file::BlobSums sums(stored, {0, bytes.size()});
  const ByteSpan rest = input.Rest();
  for (size_t at = 0; at + 5 <= rest.size() && at < 200; at += 5) {
    const uint8_t* p = rest.data() + at;
    const uint64_t length = p[2] + p[3] % 4 * file::kSumBlockBytes, offset = std::min<uint64_t>(p[4], length);
    const file::BlobRead read{p[0], {p[1], length}, offset, ByteSpan(zeros).first(length - offset), at % 2 == 0};
    try {
      sums.Check(read, nullptr);
    } catch (const Error& error) {
      eider::testing::Require(error.kind() == ErrorKind::kCorrupt);
    }
  }
  return 0;
}
