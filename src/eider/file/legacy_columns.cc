#include "eider/file/legacy_columns.h"

#include <algorithm>

#include "eider/base/parse_message.h"
#include "eider/page/legacy/legacy_page.h"
#include "eider/proto/file1.pb.h"
#include "eider/proto/file2.pb.h"
#include "eider/schema/field_proto.h"

namespace eider::file {
namespace {

constexpr uint64_t kLegacyFooterBytes = 16;
constexpr uint64_t kBatchBits = 40;
constexpr uint64_t kLegacyEntryBytes = 16;

/// The bytes of a message behind its u32 length.
Buffer ReadMessage(const io::ReadableFile& file, uint64_t position, const char* what) {
  if (position > file.size() || file.size() - position < 4) throw Corrupt("{} at {} of a file of {}", what, position, file.size());
  const uint64_t length = LoadLe<uint32_t>(file.Read({position, 4}).data());
  if (length > file.size() - position - 4) throw Corrupt("{}: {} bytes at {} of a file of {}", what, length, position, file.size());
  return file.Read({position + 4, length});
}

template <typename Message>
Message ReadMessageAt(const io::ReadableFile& file, uint64_t position, const char* what) {
  const Buffer bytes = ReadMessage(file, position, what);
  Message message;
  if (!ParseMessage(bytes.span(), &message)) {
    throw Corrupt("{}: {} bytes are no such message", what, bytes.size());
  }
  return message;
}

class LegacyColumn final : public StoredColumn {
 public:
  LegacyColumn(std::vector<page::legacy::LegacyPage> pages) : pages_(std::move(pages)) {
    for (size_t i = 0; i < pages_.size(); ++i) {
      first_rows_.push_back((i + 1) << kBatchBits);
      first_items_.push_back((i + 1) << kBatchBits);
      buffers_.push_back({pages_[i].position, 0});
    }
  }
  page::ArrayReadPtr ReadValues(size_t page, const TypePtr& type, page::RowRanges rows) const override {
    return page::legacy::MakeLegacyRead(pages_[page], type, std::move(rows));
  }
  page::ArrayReadPtr ReadKeys(size_t page, const TypePtr& type, page::RowRanges rows, ArrayPtr values) const override {
    return page::legacy::MakeLegacyDictionaryRead(pages_[page], type, std::move(rows), std::move(values));
  }
  std::unique_ptr<page::ListRead> ReadLists(size_t page, const DataType& type, page::RowRanges rows) const override {
    return page::legacy::MakeLegacyListRead(pages_[page], type.id == TypeId::kLargeList, std::move(rows));
  }
  std::string DescribePage(size_t page) const override { return fmt::format("{} values", pages_[page].length); }
  std::span<const ByteRange> page_buffers(size_t page) const override { return std::span(buffers_).subspan(page, 1); }

 private:
  const std::vector<page::legacy::LegacyPage> pages_;
  std::vector<ByteRange> buffers_;
};

}  // namespace

LegacyColumns::LegacyColumns(const io::ReadableFile& file, const LegacyTable& table) : file_(file), dictionaries_(table.manifest) {
  if (file.size() < kLegacyFooterBytes) throw Corrupt("{} bytes are too few for a footer", file.size());
  ReadMetadata(LoadLe<uint64_t>(file.Read({file.size() - kLegacyFooterBytes, 8}).data()));
  std::set<int32_t> ids(table.field_ids.begin(), table.field_ids.end());
  if (ids.empty()) ids = schema_.Ids();
  std::erase_if(ids, [](int32_t id) { return id < 0; });
  if (ids.empty()) throw Unsupported("a file of version 0.1 without a schema: it can be read only through its table");
  first_id_ = *ids.begin(), last_id_ = *ids.rbegin();
}

void LegacyColumns::ReadMetadata(uint64_t position) {
  const auto metadata = ReadMessageAt<::lance::file::Metadata>(file_, position, "metadata");
  page_table_ = metadata.page_table_position();
  statistics_ = metadata.statistics();
  int32_t last = 0;
  for (const int32_t offset : metadata.batch_offsets()) {
    if (offset < last) throw Corrupt("metadata: batch offset {} after {}", offset, last);
    first_rows_.push_back(static_cast<uint64_t>(last = offset));
  }
  if (first_rows_.empty()) first_rows_.push_back(0);
  if (first_rows_[0] != 0) throw Corrupt("metadata: the first batch starts at row {}", first_rows_[0]);
  if (metadata.manifest_position() != 0) ReadSchema(metadata.manifest_position());
}

void LegacyColumns::ReadSchema(uint64_t position) {
  const auto schema = ReadMessageAt<::lance::file::Schema>(file_, position, "schema");
  schema_ = SchemaFromProto(schema.fields(), schema.metadata());
}

const StoredColumn& LegacyColumns::Column(int32_t index) const {
  if (index < first_id_ || index > last_id_) throw Corrupt("field {} of a file with fields {} to {}", index, first_id_, last_id_);
  std::lock_guard lock(mutex_);
  std::unique_ptr<const StoredColumn>& column = columns_[index];
  if (column) return *column;
  const uint64_t batches = first_rows_.size() - 1, row = static_cast<uint64_t>(index - first_id_);
  const uint64_t position = CheckedAdd(page_table_, CheckedMul(row, batches * kLegacyEntryBytes, "page table"), "page table");
  if (position > file_.size() || batches * kLegacyEntryBytes > file_.size() - position) {
    throw Corrupt("page table of field {}: {} batches at {} of a file of {}", index, batches, position, file_.size());
  }
  const Buffer table = batches == 0 ? Buffer() : file_.Read({position, batches * kLegacyEntryBytes});
  std::vector<page::legacy::LegacyPage> pages;
  pages.reserve(batches);
  for (uint64_t i = 0; i < batches; ++i) {
    const uint8_t* entry = table.data() + i * kLegacyEntryBytes;
    pages.push_back({.position = LoadLe<uint64_t>(entry), .length = LoadLe<uint64_t>(entry + 8), .file_bytes = file_.size(),
                     .mapping = file_.Mapped()});
  }
  column = std::make_unique<const LegacyColumn>(std::move(pages));
  return *column;
}

page::RowRanges LegacyColumns::Locate(const page::RowRanges& rows) const {
  page::RowRanges located;
  for (page::RowRange range : rows) {
    while (range.count > 0) {
      const auto after = std::upper_bound(first_rows_.begin(), first_rows_.end(), range.first);
      const uint64_t batch = static_cast<uint64_t>(after - first_rows_.begin()) - 1;
      const uint64_t count = std::min(range.count, *after - range.first);
      page::AppendRange(located, {(batch << kBatchBits) + range.first - first_rows_[batch], count});
      range.first += count, range.count -= count;
    }
  }
  return located;
}

std::vector<PageFacts> LegacyColumns::Facts(const LanceField& leaf, ScanStats* stats) const {
  const uint64_t batches = first_rows_.size() - 1;
  std::lock_guard lock(mutex_);
  auto known = known_.find(leaf.id);
  if (known == known_.end()) known = known_.emplace(leaf.id, ReadLegacyStatistics(file_, statistics_, leaf, batches, stats)).first;
  std::vector<PageFacts> facts;
  for (size_t i = 0; i < known->second.size(); ++i) {
    if (first_rows_[i + 1] > first_rows_[i]) facts.push_back({first_rows_[i], first_rows_[i + 1] - first_rows_[i], &known->second[i]});
  }
  return facts;
}

// Where the values lie is written in the schema: in that of the manifest, for a file of a table.
ArrayPtr LegacyColumns::Dictionary(const LanceField& field, const TypePtr& type) const {
  ::lance::file::Field proto;
  if (!ParseMessage({reinterpret_cast<const uint8_t*>(field.unknown_fields.data()), field.unknown_fields.size()}, &proto) || !proto.has_dictionary()) {
    throw Corrupt("column '{}': a dictionary whose values are nowhere", field.name);
  }
  if (proto.dictionary().offset() < 0 || proto.dictionary().length() < 0) {
    throw Corrupt("column '{}': {} dictionary values at {}", field.name, proto.dictionary().length(), proto.dictionary().offset());
  }
  const io::ReadableFile& file = dictionaries_ ? *dictionaries_ : file_;
  const uint64_t length = static_cast<uint64_t>(proto.dictionary().length());
  const page::legacy::LegacyPage page{.position = static_cast<uint64_t>(proto.dictionary().offset()),
                                      .length = length,
                                      .file_bytes = file.size()};
  return ReadLegacyArray(file, page, type->value_type, nullptr);
}

}  // namespace eider::file
