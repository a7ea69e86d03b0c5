// Every byte of the manifests of old and new releases changed: the manifest parses, or is kCorrupt or kUnsupported.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "eider/base/memory.h"
#include "eider/table/manifest.h"
#include "eider/testing/changed_bytes.h"

namespace eider::table {
namespace {

namespace fs = std::filesystem;

void ReadAll(const testing::FileBytes& bytes) {
  const auto manifest = Manifest::Parse(CopyToBuffer(bytes));
  ToArrowSchema(manifest->schema());
  for (size_t i = 0; i < manifest->num_fragments(); ++i) manifest->fragment(i).FindField(0);
  manifest->inline_transaction();
  manifest->index_section();
  manifest->timestamp_ns();
}

TEST(ManifestFlipTest, EveryChangedByteIsFineOrRefused) {
  const char* source = std::getenv("EIDER_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "EIDER_SOURCE_DIR is not set";
  testing::ChangeCounts counts;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(source) / "tests/golden/lance-historical")) {
    if (entry.path().extension() != ".manifest") continue;
    testing::ChangeEachByte(entry.path(), testing::ReadWhole(entry.path()), 0, ReadAll, counts);
    if (counts.files == 40) break;
  }
  EXPECT_GE(counts.files, 20u);
  EXPECT_GT(counts.refused, counts.tries / 50);
}

}  // namespace
}  // namespace eider::table
