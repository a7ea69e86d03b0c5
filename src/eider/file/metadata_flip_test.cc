// Every byte of the metadata of the golden files changed: the file reads, or is kCorrupt or kUnsupported.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "eider/base/error.h"
#include "eider/file/file_reader.h"
#include "eider/io/store.h"
#include "eider/testing/walk_array.h"

namespace eider::file {
namespace {

namespace fs = std::filesystem;

std::vector<uint8_t> ReadWhole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

/// Where the metadata begins: global buffer 0 lies before the column metadata.
size_t MetadataStart(const std::vector<uint8_t>& file) {
  const uint8_t* footer = file.data() + file.size() - 40;
  const uint64_t columns = LoadLe<uint64_t>(footer), global_offsets = LoadLe<uint64_t>(footer + 16);
  return std::min(columns, LoadLe<uint64_t>(file.data() + global_offsets));
}

void ReadAll(const std::vector<uint8_t>& bytes) {
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

/// What is neither fine nor refused in the right way; counts refusals.
std::string Outcome(const std::vector<uint8_t>& bytes, size_t* refused) {
  try {
    ReadAll(bytes);
  } catch (const Error& error) {
    ++*refused;
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kUnsupported) return error.what();
  } catch (const std::exception& error) {
    return fmt::format("not an Error: {}", error.what());
  }
  return "";
}

class MetadataFlipTest : public ::testing::TestWithParam<const char*> {};

TEST_P(MetadataFlipTest, EveryChangedByteIsFineOrRefused) {
  const char* source = std::getenv("EIDER_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "EIDER_SOURCE_DIR is not set";
  size_t files = 0, tries = 0, refused = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(source) / "tests/golden/pylance-14.0.2" / GetParam())) {
    if (entry.path().extension() != ".lance") continue;
    ++files;
    std::vector<uint8_t> bytes = ReadWhole(entry.path());
    for (size_t at = MetadataStart(bytes); at < bytes.size(); ++at) {
      const uint8_t good = bytes[at];
      for (const int changed : {good ^ 0x01, good ^ 0x80, good ^ 0xFF, 0}) {
        if (changed == good) continue;
        bytes[at] = static_cast<uint8_t>(changed);
        ++tries;
        EXPECT_EQ(Outcome(bytes, &refused), "") << entry.path() << ": byte " << at << " = " << changed;
      }
      bytes[at] = good;
    }
  }
  EXPECT_GE(files, 10u);
  EXPECT_GT(refused, tries / 20);
}

INSTANTIATE_TEST_SUITE_P(Versions, MetadataFlipTest, ::testing::Values("2.0", "2.1", "2.2", "2.3"),
                         [](const auto& info) { return std::string("v") + info.param[0] + "_" + info.param[2]; });

}  // namespace
}  // namespace eider::file
