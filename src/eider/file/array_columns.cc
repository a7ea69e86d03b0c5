#include "eider/file/array_columns.h"

#include "eider/base/parse_message.h"
#include "eider/file/column_metadata.h"
#include "eider/page/v2_0/array_encoding.h"

namespace eider::file {
namespace {

class ArrayColumn final : public StoredColumn {
 public:
  ArrayColumn(ByteSpan bytes, std::span<const ByteRange> file_buffers, uint64_t file_bytes, Buffer mapping)
      : metadata_(ParseColumnMetadata(bytes, {.file_bytes = file_bytes, .page_encoding = "lance.encodings.ArrayEncoding", .alignment = 1,
                                              .may_be_blob = true})),
        file_buffers_(file_buffers),
        mapping_(std::move(mapping)),
        encodings_(metadata_.pages.size()) {
    for (size_t i = 0; i < metadata_.pages.size(); ++i) {
      InContext([&] { return fmt::format("page {}", i); }, [&] { AddPage(i); });
    }
  }
  page::ArrayReadPtr ReadValues(size_t page, const TypePtr& type, page::RowRanges rows) const override {
    return page::v2_0::MakeArrayRead(encodings_[page], Buffers(page), type, std::move(rows));
  }
  std::unique_ptr<page::ListRead> ReadLists(size_t page, const DataType&, page::RowRanges rows) const override {
    return page::v2_0::MakeListRead(encodings_[page], Buffers(page), std::move(rows));
  }
  bool holds_nothing(size_t page) const override { return encodings_[page].nullable().has_all_nulls(); }
  std::string DescribePage(size_t page) const override { return page::v2_0::DescribeArrayEncoding(encodings_[page]); }
  std::span<const ByteRange> page_buffers(size_t page) const override { return metadata_.pages[page].buffers; }

 private:
  void AddPage(size_t i) {
    const CheckedPage& page = metadata_.pages[i];
    if (!ParseMessage({reinterpret_cast<const uint8_t*>(page.encoding.data()), page.encoding.size()}, &encodings_[i])) throw Corrupt("{} bytes are no ArrayEncoding message", page.encoding.size());
    first_rows_.push_back(CheckedAdd(first_rows_.back(), page.num_rows, "rows"));
    const uint64_t items = encodings_[i].has_list() ? encodings_[i].list().num_items() : 0;
    first_items_.push_back(CheckedAdd(first_items_.back(), items, "items"));
    if (i > 0 && encodings_[i].has_list() != holds_lists_) throw Corrupt("some pages hold lists, others do not");
    holds_lists_ = encodings_[i].has_list();
  }
  page::v2_0::PageBuffers Buffers(size_t page) const {
    return {.page = metadata_.pages[page].buffers, .column = metadata_.buffers, .file = file_buffers_, .mapping = mapping_};
  }

  const CheckedColumn metadata_;
  const std::span<const ByteRange> file_buffers_;
  const Buffer mapping_;
  std::vector<::lance::encodings::ArrayEncoding> encodings_;
};

}  // namespace

ArrayColumns::ArrayColumns(const io::ReadableFile& file, const FileTail& tail) : file_(file), tail_(tail), mapping_(file.Mapped()) {
  for (uint32_t i = 0; i < tail.num_global_buffers; ++i) global_buffers_.push_back(tail.global_buffer(i));
}

const StoredColumn& ArrayColumns::Column(int32_t index) const {
  if (index < 0 || static_cast<uint32_t>(index) >= tail_.num_columns) {
    throw Corrupt("file column {} of {}", index, tail_.num_columns);
  }
  std::lock_guard lock(mutex_);
  std::unique_ptr<const StoredColumn>& column = columns_[index];
  if (!column) {
    column = InContext([&] { return fmt::format("column {}", index); }, [&] {
      const Buffer bytes = ReadThroughTail(file_, tail_, tail_.column(static_cast<size_t>(index)), nullptr);
      return std::make_unique<const ArrayColumn>(bytes.span(), global_buffers_, file_.size(), mapping_);
    });
  }
  return *column;
}

}  // namespace eider::file
