// Any record of a column whose own sum fits either throws kCorrupt, or parses to pages whose sums lie in the buffer; and any page
// is verified against them without reading outside the file. The sums of whole buffers are right, so that checks get beyond the
// first unit.
//
//     u8 bytes of buffer 0, u8 bytes / 64 of buffer 1, u8 bytes of buffer 2, their bytes, the record
#include "eider/base/crc32c.h"
#include "eider/file/checksums.h"
#include "eider/file/page_verifier.h"
#include "eider/testing/bytes_file.h"
#include "eider/testing/fuzz_input.h"

namespace {

using namespace eider;
using eider::testing::Require;

constexpr uint64_t kNumSums = 64;

/// A file: the buffers of one page, and the checksums of its one column, whose metadata is empty.
struct File {
  page::PageSource page;
  file::FileTail tail;
  Buffer bytes;
};

/// `record`, then kNumSums sums, those of `page` first.
BufferBuilder Wrap(ByteSpan record, const BufferBuilder& page_bytes, const page::PageSource& page) {
  BufferBuilder out;
  const uint32_t begin = 32 + 8 + 4 + 8, end = begin + 8 + uint32_t(record.size());
  out.Append("EIDERSUM", 8);
  for (const uint16_t n : {1, 2, 2, 0}) out.AppendValue<uint16_t>(n);
  out.AppendValue<uint32_t>(1);
  out.AppendValue<uint32_t>(2);
  out.AppendValue<uint64_t>(end + kNumSums * 4);
  out.AppendValue<uint64_t>(0);
  out.AppendValue<uint32_t>(Crc32c(out.span()));
  out.AppendValue<uint32_t>(begin);
  out.AppendValue<uint32_t>(end);
  BufferBuilder body;
  body.AppendValue<uint32_t>(0);  // the sum of nothing
  body.Append(record);
  const uint8_t number[4] = {};
  out.AppendValue<uint32_t>(Crc32c(body.span(), Crc32c(number)));
  out.Append(body.span());
  for (const ByteRange range : page.buffers) out.AppendValue<uint32_t>(Crc32c(page_bytes.span().subspan(range.offset, range.length)));
  out.AppendFill((kNumSums - page.buffers.size()) * 4, 0);
  return out;
}

File MakeFile(ByteSpan data) {
  eider::testing::Input input(data);
  File file;
  BufferBuilder bytes;
  const uint64_t sizes[] = {input.Byte(), input.Byte() * uint64_t{64}, input.Byte()};
  for (const uint64_t size : sizes) {
    const ByteSpan given = input.Take(size);
    file.page.buffers.push_back({bytes.size(), size});
    bytes.Append(given);
    bytes.AppendFill(size - given.size(), 0);
  }
  const BufferBuilder sums = Wrap(input.Rest(), bytes, file.page);
  BufferBuilder table;
  for (const uint64_t n : {uint64_t{0}, uint64_t{0}, uint64_t{bytes.size()}, uint64_t{sums.size()}}) table.AppendValue<uint64_t>(n);
  bytes.Append(sums.span());
  file.bytes = bytes.Finish();
  file.tail = {.file_bytes = file.bytes.size(), .num_columns = 1, .num_global_buffers = 2};
  file.tail.buffer_table = table.Finish();
  file.tail.start = file.bytes.size();  // nothing was read with the footer
  return file;
}

void VerifyPage(const File& file, const io::ReadableFile& from, const file::FileSums& sums, const file::PageSums& page, bool is_take) {
  const file::PageVerifier verifier(file.page, page, sums);
  for (ByteRange range : file.page.buffers) {
    if (is_take) range = {range.offset + range.length / 3, range.length / 2};
    verifier.IsBulk(range);
    const Buffer bytes = from.Read(range);
    verifier.Verify(from, from.Mapped().span(), range, bytes.span(), is_take);
  }
}

void Check(const File& file, bool mapped) {
  const eider::testing::BytesFile from(file.bytes.span(), mapped);
  const file::FileSums sums(from, file.tail, nullptr);
  Require(sums.present());
  const file::ColumnSums column = sums.Column(from, 0, {});
  for (const file::PageSums& page : column.pages) Require(page.first_sum + page.num_sums <= kNumSums);
  for (const file::PageSums& page : column.pages) {
    for (const bool is_take : {false, true}) VerifyPage(file, from, sums, page, is_take);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const File file = MakeFile({data, size});
  for (const bool mapped : {false, true}) {
    try {
      Check(file, mapped);
    } catch (const Error& error) {
      Require(error.kind() == ErrorKind::kCorrupt);
    }
  }
  return 0;
}
