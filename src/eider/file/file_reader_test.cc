#include "eider/file/file_reader.h"

#include <eider/session.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "eider/array/equal.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/io/local_store.h"

namespace eider::file {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path GoldenFolder() {
  const char* source = std::getenv("EIDER_SOURCE_DIR");
  return source ? fs::path(source) / "tests/golden/pylance-14.0.2" : fs::path();
}

// Those of 2.1 on: the older ones have readers of their own.
std::vector<fs::path> GoldenFiles() {
  std::vector<fs::path> files;
  if (!fs::exists(GoldenFolder())) return files;
  for (const auto& entry : fs::recursive_directory_iterator(GoldenFolder())) {
    const bool older = entry.path().string().find("/2.0/") != std::string::npos || entry.path().string().find("/0.1/") != std::string::npos;
    if (entry.path().extension() == ".lance" && entry.is_regular_file() && !older) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::shared_ptr<const FileReader> Open(const fs::path& path, bool map_files = true) {
  return FileReader::Open(io::MakeLocalStore(path.parent_path().string(), {.map_files = map_files})->Open(path.filename().string()));
}

void ExpectSame(std::span<const ArrayPtr> want, std::span<const ArrayPtr> got, const std::string& what) {
  ASSERT_EQ(want.size(), got.size());
  for (size_t i = 0; i < want.size(); ++i) {
    std::string difference;
    EXPECT_TRUE(ArraysEqual(*want[i], *got[i], &difference)) << what << ", column " << i << ": " << difference;
  }
}

class GoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (GoldenFiles().empty()) GTEST_SKIP() << "EIDER_SOURCE_DIR does not lead to the golden files";
  }
};

TEST_F(GoldenTest, TakesAndRangesAgreeWithTheWholeRead) {
  for (const fs::path& path : GoldenFiles()) {
    for (const bool mapped : {true, false}) {
      const auto reader = Open(path, mapped);
      const auto columns = reader->AllColumns();
      const uint64_t rows = reader->num_rows();
      const std::vector<ArrayPtr> all = reader->ReadRange(columns, 0, rows, {});
      std::vector<uint64_t> backwards;
      for (uint64_t i = rows; i-- > 0;) backwards.push_back(i / 3 * 2);
      const std::vector<int64_t> indices(backwards.begin(), backwards.end());
      std::vector<ArrayPtr> gathered;
      for (const ArrayPtr& array : all) gathered.push_back(TakeArray(array, indices));
      ExpectSame(gathered, reader->Take(columns, backwards, {}), path.string() + " taken");
      for (uint64_t first = 0; first < rows; first += 97) {
        const uint64_t count = std::min<uint64_t>(rows - first, 131);
        std::vector<ArrayPtr> slices;
        for (const ArrayPtr& array : all) slices.push_back(SliceArray(array, static_cast<int64_t>(first), static_cast<int64_t>(count)));
        ExpectSame(slices, reader->ReadRange(columns, first, count, {}), path.string() + " in part");
      }
    }
  }
}

TEST_F(GoldenTest, PageStateBeyondTheBudgetIsMadeAnewByEachRead) {
  Session session({.memory_limit = 4096});
  for (const fs::path& path : GoldenFiles()) {
    const auto store = io::MakeLocalStore(path.parent_path().string(), {});
    const auto reader = FileReader::Open(store->Open(path.filename().string()), {.session = &session});
    const auto columns = reader->AllColumns();
    const uint64_t rows = reader->num_rows();
    const auto want = Open(path)->ReadRange(columns, 0, rows, {});
    ExpectSame(want, reader->ReadRange(columns, 0, rows, {}), path.string());
    std::vector<uint64_t> all(rows);
    std::iota(all.begin(), all.end(), 0);
    ExpectSame(want, reader->Take(columns, all, {}), path.string() + " taken");
  }
}

TEST_F(GoldenTest, ConstantsAndTheirNulls) {
  for (const char* version : {"2.1", "2.2"}) {
    const auto reader = Open(GoldenFolder() / version / "constant.lance");
    ASSERT_EQ(reader->num_rows(), 500u);
    const auto arrays = reader->ReadRange(reader->AllColumns(), 0, 500, {});
    EXPECT_EQ(arrays[0]->buffers[0].as<int32_t>()[499], 7);
    EXPECT_EQ(CountNulls(*arrays[0]), 0);
    EXPECT_EQ(CountNulls(*arrays[2]), 250);
    EXPECT_TRUE(arrays[2]->IsValid(0));
    EXPECT_FALSE(arrays[2]->IsValid(1));
  }
}

TEST_F(GoldenTest, ListsOfListsWithNullsInside) {
  for (const char* version : {"2.1", "2.2"}) {
    const auto reader = Open(GoldenFolder() / version / "lists.lance");
    const ArrayPtr rows = reader->ReadRange(reader->AllColumns(), 0, reader->num_rows(), {})[0];
    const Array& inner = *rows->children[0];
    const int32_t* offsets = rows->buffers[0].as<int32_t>();
    for (int64_t i = 0; i < rows->length; ++i) {
      ASSERT_EQ(rows->IsValid(i), i % 17 != 0);
      ASSERT_EQ(offsets[i + 1] - offsets[i], i % 17 ? i % 4 : 0);
      for (int32_t j = 0; j < offsets[i + 1] - offsets[i]; ++j) {
        const int32_t* items = inner.buffers[0].as<int32_t>() + offsets[i] + j;
        ASSERT_EQ(items[1] - items[0], j);
        if (j == 2) { ASSERT_EQ(inner.children[0]->buffers[0].as<int32_t>()[items[0] + 1], 1); }
      }
    }
  }
}

TEST_F(GoldenTest, APlainFullZipPageIsAViewOfTheFile) {
  const fs::path path = GoldenFolder() / "2.2/fullzip_vectors.lance";
  const auto store = io::MakeLocalStore(path.parent_path().string());
  const io::ReadableFilePtr file = store->Open(path.filename().string());
  const auto reader = FileReader::Open(file);
  ScanStats stats;
  const ArrayPtr vectors = reader->ReadRange(reader->AllColumns(), 3, 20, {.stats = &stats})[0];
  const Buffer& values = vectors->children[0]->buffers[0];
  const Buffer mapped = file->Mapped();
  ASSERT_TRUE(mapped.present());
  EXPECT_GE(values.data(), mapped.data());
  EXPECT_LE(values.data() + values.size(), mapped.data() + mapped.size());
  EXPECT_EQ(values.size(), 20u * 64 * 4);
  EXPECT_EQ(stats.bytes_copied, 0u);
  EXPECT_EQ(stats.bytes, values.size());
  EXPECT_EQ(stats.rounds, 1u);
}

TEST_F(GoldenTest, ATakeReadsOnlyTheChunksOfItsRows) {
  const auto reader = Open(GoldenFolder() / "2.2/flat.lance");  // 600 int64 of 64 bits: chunks of 512 and 88
  const auto columns = reader->AllColumns();
  const uint64_t row = 599;
  reader->Take(columns, {&row, 1}, {});  // loads the chunk table
  ScanStats stats;
  const ArrayPtr taken = reader->Take(columns, {&row, 1}, {.stats = &stats})[0];
  EXPECT_EQ(taken->length, 1);
  EXPECT_EQ(stats.requests, 1u);
  EXPECT_EQ(stats.rounds, 1u);
  EXPECT_LT(stats.bytes, 800u);
  EXPECT_EQ(stats.bytes_copied, 8u);
}

/// A golden file in memory, to be damaged.
class DamagedFile : public io::ReadableFile {
 public:
  explicit DamagedFile(const fs::path& path) : path_("damaged.lance") {
    const Buffer bytes = io::MakeLocalStore(path.parent_path().string())->Open(path.filename().string())->Mapped();
    bytes_.assign(bytes.data(), bytes.data() + bytes.size());
  }
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return bytes_.size(); }
  Buffer Mapped() const override { return Buffer::Unowned(bytes_); }
  Buffer Read(ByteRange range) const override { return CopyToBuffer(CheckedSubspan(bytes_, range.offset, range.length, "read")); }
  std::vector<uint8_t>& bytes() { return bytes_; }

 private:
  std::string path_;
  std::vector<uint8_t> bytes_;
};

std::string MessageOf(const std::function<void()>& body, ErrorKind kind) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST_F(GoldenTest, NamesVersionsThatItDoesNotRead) {
  const std::pair<FileVersion, const char*> versions[] = {{{2, 3}, "2.3"}, {{7, 9}, "7.9"}};
  for (const auto& [version, name] : versions) {
    const auto file = std::make_shared<DamagedFile>(GoldenFolder() / "2.2/flat.lance");
    StoreLe(file->bytes().data() + file->size() - 8, version.major);
    StoreLe(file->bytes().data() + file->size() - 6, version.minor);
    const std::string message = MessageOf([&] { FileReader::Open(file); }, ErrorKind::kUnsupported);
    EXPECT_THAT(message, HasSubstr("damaged.lance"));
    EXPECT_THAT(message, HasSubstr(std::string("version ") + name));
  }
}

TEST_F(GoldenTest, TruncatedAndEmptyFilesAreCorrupt) {
  for (const size_t size : {0u, 7u, 39u, 100u}) {
    const auto file = std::make_shared<DamagedFile>(GoldenFolder() / "2.2/flat.lance");
    file->bytes().resize(size);
    MessageOf([&] { FileReader::Open(file); }, ErrorKind::kCorrupt);
  }
}

TEST_F(GoldenTest, ErrorsNameFileColumnPageAndChunk) {
  const auto file = std::make_shared<DamagedFile>(GoldenFolder() / "2.2/bitpack.lance");
  const auto reader = FileReader::Open(file);
  std::fill(file->bytes().begin() + 64, file->bytes().begin() + 72, uint8_t{0xFF});  // the first chunk's header
  const std::string message = MessageOf([&] { reader->ReadRange(reader->AllColumns(), 0, 10, {}); }, ErrorKind::kCorrupt);
  for (const char* part : {"damaged.lance", "column 'v'", "page 0", "chunk 0"}) EXPECT_THAT(message, HasSubstr(part));
}

TEST_F(GoldenTest, RefusesRowsOutsideTheFile) {
  const auto reader = Open(GoldenFolder() / "2.2/flat.lance");
  const auto columns = reader->AllColumns();
  const uint64_t row = reader->num_rows();
  MessageOf([&] { reader->Take(columns, {&row, 1}, {}); }, ErrorKind::kInvalid);
  MessageOf([&] { reader->ReadRange(columns, 1, row, {}); }, ErrorKind::kInvalid);
  MessageOf([&] { reader->ReadRange(columns, ~uint64_t{0}, 2, {}); }, ErrorKind::kInvalid);
}

TEST_F(GoldenTest, AColumnInNoFileReadsAsNull) {
  const auto reader = Open(GoldenFolder() / "2.2/structs.lance");
  auto columns = reader->AllColumns();
  for (int32_t& column : columns[0].leaf_columns) column = -1;
  const ArrayPtr nulls = reader->ReadRange(columns, 10, 5, {})[0];
  EXPECT_EQ(CountNulls(*nulls), 5);
  columns = reader->AllColumns();
  columns[0].leaf_columns.back() = -1;  // one leaf of a list of structs
  const ArrayPtr array = reader->ReadRange(columns, 0, reader->num_rows(), {})[0];
  const Array& items = *array->children[1]->children[0];
  EXPECT_EQ(CountNulls(*items.children.back()), items.length);
}

TEST_F(GoldenTest, DescribesPagesAsTextAndJson) {
  const auto reader = Open(GoldenFolder() / "2.2/lists.lance");
  EXPECT_THAT(DescribeFile(reader->Metadata(), false), HasSubstr("mini-block("));
  EXPECT_THAT(DescribeFile(reader->Metadata(), true), HasSubstr("\"num_rows\": 300"));
}

TEST_F(GoldenTest, SizesOfColumnsAreThoseOfTheirPages) {
  for (const char* name : {"2.2/lists.lance", "2.2/structs.lance", "2.1/bitpack.lance"}) {
    const auto reader = Open(GoldenFolder() / name);
    const FileMetadata file = reader->Metadata();
    for (size_t c = 0; c < file.columns.size(); ++c) {
      const FieldSize size = reader->SizeOf(static_cast<int32_t>(c));
      uint64_t items = 0;
      for (const PageMetadata& page : file.columns[c].pages) items += page.num_items.value();
      EXPECT_EQ(size.size_bytes, file.columns[c].size_bytes()) << name << " " << file.columns[c].name;
      EXPECT_EQ(size.num_items, items);
      EXPECT_EQ(size.num_pages, file.columns[c].pages.size());
    }
    MessageOf([&] { reader->SizeOf(static_cast<int32_t>(file.columns.size())); }, ErrorKind::kCorrupt);
  }
}

}  // namespace
}  // namespace eider::file
