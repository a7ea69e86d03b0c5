// Every byte of the metadata of the golden files changed: the file reads, or is kCorrupt or kUnsupported.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "eider/file/file_reader.h"
#include "eider/io/store.h"
#include "eider/testing/changed_bytes.h"
#include "eider/testing/walk_array.h"

namespace eider::file {
namespace {

namespace fs = std::filesystem;

/// Where the metadata begins: global buffer 0 lies before the column metadata.
size_t MetadataStart(const testing::FileBytes& file) {
  const uint8_t* footer = file.data() + file.size() - 40;
  const uint64_t columns = LoadLe<uint64_t>(footer), global_offsets = LoadLe<uint64_t>(footer + 16);
  return std::min(columns, LoadLe<uint64_t>(file.data() + global_offsets));
}

void ReadAll(const testing::FileBytes& bytes) {
  const io::ObjectStorePtr store = io::MakeMemoryStore("flip");
  store->Put("f.lance", bytes, false);
  const auto reader = FileReader::Open(store->Open("f.lance"));
  DescribeFile(reader->Metadata(), true);
  for (uint32_t i = 0; i < reader->num_global_buffers(); ++i) reader->ReadGlobalBuffer(i);
  const auto columns = reader->AllColumns();
  // A constant page of many rows is legal: nobody has to ask for all of them.
  const uint64_t rows = std::min<uint64_t>(reader->num_rows(), 20'000);
  for (const auto& array : reader->ReadRange(columns, 0, rows, {})) testing::WalkArray(*array);
  if (rows == 0) return;
  const uint64_t picks[] = {reader->num_rows() - 1, 0};
  for (const auto& array : reader->Take(columns, picks, {})) testing::WalkArray(*array);
}

class MetadataFlipTest : public ::testing::TestWithParam<const char*> {};

TEST_P(MetadataFlipTest, EveryChangedByteIsFineOrRefused) {
  const char* source = std::getenv("EIDER_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "EIDER_SOURCE_DIR is not set";
  testing::ChangeCounts counts;
  for (const auto& entry : fs::directory_iterator(fs::path(source) / "tests/golden/pylance-14.0.2" / GetParam())) {
    if (entry.path().extension() != ".lance") continue;
    const testing::FileBytes bytes = testing::ReadWhole(entry.path());
    testing::ChangeEachByte(entry.path(), bytes, MetadataStart(bytes), ReadAll, counts);
  }
  EXPECT_GE(counts.files, 10u);
  EXPECT_GT(counts.refused, counts.tries / 20);
}

INSTANTIATE_TEST_SUITE_P(Versions, MetadataFlipTest, ::testing::Values("2.0", "2.1", "2.2", "2.3"),
                         [](const auto& info) { return std::string("v") + info.param[0] + "_" + info.param[2]; });

}  // namespace
}  // namespace eider::file
