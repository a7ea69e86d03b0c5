#include "eider/file/file_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider::file {
namespace {

/// Keeps what is written, or fails from the n-th byte on.
class MemoryFile : public io::WritableFile {
 public:
  explicit MemoryFile(std::string* out, uint64_t capacity = UINT64_MAX) : out_(out), capacity_(capacity) {}
  void Append(ByteSpan bytes) override {
    if (bytes_.size() + bytes.size() > capacity_) throw IoError("x.lance: no space left on device");
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  uint64_t size() const override { return bytes_.size(); }
  void Close(bool) override { *out_ = bytes_; }

 private:
  std::string* out_;
  const uint64_t capacity_;
  std::string bytes_;
};

ArrayPtr Int64s(int64_t first, int64_t count, bool with_nulls) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kInt64);
  array->length = count;
  BufferBuilder data;
  BitBuilder validity;
  for (int64_t i = first; i < first + count; ++i) {
    data.AppendValue<int64_t>(i * i);
    validity.AppendBit(i % 3 != 0);
  }
  array->buffers.push_back(data.Finish());
  if (with_nulls) array->validity = validity.Finish();
  return array;
}

SchemaPtr TwoColumns() {
  auto schema = std::make_shared<Schema>();
  schema->fields = {{"a", MakeType(TypeId::kInt64)}, {"b", MakeType(TypeId::kInt64)}};
  schema->metadata = {{"z", "1"}, {"y", "2"}, {"x", "3"}};
  return schema;
}

RecordBatch Batch(int64_t first, int64_t count) {
  return {TwoColumns(), count, {Int64s(first, count, false), Int64s(first, count, true)}};
}

std::shared_ptr<Session> SessionOf(int threads) {
  return std::make_shared<Session>(SessionOptions{.memory_limit = 1 << 28, .cpu_threads = threads});
}

std::string WriteAll(int threads, uint64_t max_page_bytes, FileVersion version, FileSummary* summary = nullptr) {
  std::string bytes;
  FileWriter writer(std::make_unique<MemoryFile>(&bytes), ToLanceSchema(*TwoColumns()),
                    {.version = version, .max_page_bytes = max_page_bytes}, SessionOf(threads));
  for (int64_t i = 0; i < 10; ++i) writer.Write(Batch(i * 1000, 1000));
  const FileSummary written = writer.Finish(false);
  if (summary) *summary = written;
  return bytes;
}

TEST(FileWriterTest, WritesTheSameBytesForTheSameInputWhateverTheThreads) {
  const std::string bytes = WriteAll(0, 5000, {2, 2});
  EXPECT_EQ(WriteAll(3, 5000, {2, 2}), bytes);
  EXPECT_NE(WriteAll(0, 5000, {2, 1}), bytes);
}

TEST(FileWriterTest, SumsUpTheFile) {
  FileSummary summary;
  const std::string bytes = WriteAll(0, 1 << 20, {2, 1}, &summary);
  EXPECT_EQ(summary.num_rows, 10000u);
  EXPECT_EQ(summary.size_bytes, bytes.size());
  EXPECT_EQ(summary.field_ids, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(summary.column_indices, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(bytes.substr(bytes.size() - 8), std::string("\2\0\1\0LANC", 8));
}

TEST(FileWriterTest, PublishesNothingAfterAFailedWrite) {
  std::string bytes;
  FileWriter writer(std::make_unique<MemoryFile>(&bytes, 3000), ToLanceSchema(*TwoColumns()), {.max_page_bytes = 4000}, SessionOf(0));
  const auto kind_of = [](const auto& body) -> std::optional<ErrorKind> {
    try {
      body();
      return std::nullopt;
    } catch (const Error& error) {
      return error.kind();
    }
  };
  EXPECT_EQ(kind_of([&] { writer.Write(Batch(0, 10000)); }), ErrorKind::kIo);
  EXPECT_EQ(kind_of([&] { writer.Finish(true); }), ErrorKind::kInvalid);
  EXPECT_EQ(bytes, "");
}

TEST(FileWriterTest, NamesTheColumnAndBothTypesOfAMismatch) {
  std::string bytes;
  FileWriter writer(std::make_unique<MemoryFile>(&bytes), ToLanceSchema(*TwoColumns()), {}, SessionOf(0));
  RecordBatch batch = Batch(0, 10);
  auto wrong = std::make_shared<Array>(*batch.columns[1]);
  wrong->type = MakeType(TypeId::kDouble);
  batch.columns[1] = wrong;
  try {
    writer.Write(batch);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    EXPECT_STREQ(error.what(), "column 'b': expected int64, found double");
  }
}

/// What is read back after `array` is written as the only column, in `batches` equal batches.
struct OneColumn {
  std::shared_ptr<const FileReader> reader;
  ArrayPtr array;
};

OneColumn WriteOneColumn(const ArrayPtr& array, const std::string& name, uint64_t max_page_bytes, int64_t batches = 1) {
  auto schema = std::make_shared<Schema>();
  schema->fields = {{"a", array->type}};
  const auto session = SessionOf(0);
  const io::ObjectStorePtr store = io::MakeMemoryStore(name);
  FileWriter writer(store->Create("x.lance"), ToLanceSchema(*schema), {.max_page_bytes = max_page_bytes}, session);
  const int64_t rows = array->length / batches;
  for (int64_t i = 0; i < batches; ++i) writer.Write({schema, rows, {SliceArray(array, i * rows, rows)}});
  writer.Finish(false);
  const ReadContext context{.session = session.get()};
  OneColumn out{.reader = FileReader::Open(store->Open("x.lance"), context)};
  out.array = out.reader->ReadRange(out.reader->AllColumns(), 0, uint64_t(array->length), context).at(0);
  return out;
}

TEST(FileWriterTest, FinishesColumnsWithoutBytes) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kNull);
  array->length = 3;
  const ArrayPtr read = WriteOneColumn(array, "no-bytes", 1000).array;
  EXPECT_EQ(read->length, 3);
  EXPECT_EQ(CountNulls(*read), 3);
}

/// Keys 0, 1, .. count - 1, 0, 1, .. into the squares.
std::shared_ptr<Array> Squares(int64_t rows, int64_t count, bool with_nulls) {
  auto array = std::make_shared<Array>();
  array->type = DictionaryType(MakeType(TypeId::kInt32), MakeType(TypeId::kInt64));
  array->length = rows;
  BufferBuilder keys;
  for (int64_t i = 0; i < rows; ++i) keys.AppendValue<int32_t>(int32_t(i % count));
  array->buffers.push_back(keys.Finish());
  array->dictionary = Int64s(0, count, with_nulls);
  return array;
}

TEST(FileWriterTest, ADictionaryLargerThanAPageIsSharedByItsRows) {
  const std::shared_ptr<Array> squares = Squares(4000, 1000, false);  // 16000 bytes of keys, 8000 of values
  for (const int64_t batches : {1, 400}) {
    const OneColumn written = WriteOneColumn(squares, fmt::format("dictionary-{}", batches), 4000, batches);
    EXPECT_EQ(written.reader->Metadata().columns.at(0).pages.size(), 4u) << batches;
    const Array& read = *written.array;
    for (int64_t i = 0; i < 4000; ++i) {
      const int32_t key = read.buffers[0].as<int32_t>()[read.offset + i];
      ASSERT_EQ(read.dictionary->buffers[0].as<int64_t>()[read.dictionary->offset + key], (i % 1000) * (i % 1000));
    }
  }
}

TEST(FileWriterTest, RefusesKeysOutsideTheirDictionary) {
  for (const bool null_values : {false, true}) {
    std::shared_ptr<Array> squares = Squares(8, 8, null_values);
    squares->dictionary = SliceArray(squares->dictionary, 0, 7);
    try {
      WriteOneColumn(squares, fmt::format("keys-{}", null_values), 1000);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("dictionary key 7 of a dictionary of 7 values"));
    }
  }
}

class FileRoundTripTest : public ::testing::TestWithParam<std::tuple<uint16_t, uint64_t>> {};

TEST_P(FileRoundTripTest, ReadsBackWhatWasWritten) {
  const auto [minor, page_bytes] = GetParam();
  const std::string bytes = WriteAll(0, page_bytes, {2, minor});
  const io::ObjectStorePtr store = io::MakeMemoryStore(fmt::format("round-trip-{}-{}", minor, page_bytes));
  const std::unique_ptr<io::WritableFile> file = store->Create("x.lance");
  file->Append({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  file->Close(false);
  const auto session = SessionOf(0);
  const ReadContext context{.session = session.get()};
  const std::shared_ptr<const FileReader> reader = FileReader::Open(store->Open("x.lance"), context);
  ASSERT_EQ(reader->num_rows(), 10000u);
  const std::vector<ArrayPtr> columns = reader->ReadRange(reader->AllColumns(), 0, 10000, context);
  ASSERT_EQ(columns.size(), 2u);
  for (int64_t i = 0; i < 10000; ++i) {
    ASSERT_EQ(columns[0]->buffers[0].as<int64_t>()[columns[0]->offset + i], i * i);
    ASSERT_EQ(columns[1]->IsValid(i), i % 3 != 0);
    if (columns[1]->IsValid(i)) { ASSERT_EQ(columns[1]->buffers[0].as<int64_t>()[columns[1]->offset + i], i * i); }
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, FileRoundTripTest,
                         ::testing::Combine(::testing::Values(1, 2), ::testing::Values(3000, 20000, 1 << 20)));

}  // namespace
}  // namespace eider::file
