// Every byte of the manifests of old and new releases changed: the manifest parses, or is kCorrupt or kUnsupported.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/table/manifest.h"

namespace eider::table {
namespace {

namespace fs = std::filesystem;

std::string ReadWhole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

void ReadAll(const std::string& bytes) {
  const auto manifest = Manifest::Parse(CopyToBuffer({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
  ToArrowSchema(manifest->schema());
  for (size_t i = 0; i < manifest->num_fragments(); ++i) manifest->fragment(i).FindField(0);
  manifest->inline_transaction();
  manifest->index_section();
  manifest->timestamp_ns();
}

/// What is neither fine nor refused in the right way; counts refusals.
std::string Outcome(const std::string& bytes, size_t* refused) {
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

TEST(ManifestFlipTest, EveryChangedByteIsFineOrRefused) {
  const char* source = std::getenv("EIDER_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "EIDER_SOURCE_DIR is not set";
  size_t files = 0, tries = 0, refused = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(source) / "tests/golden/lance-historical")) {
    if (entry.path().extension() != ".manifest") continue;
    std::string bytes = ReadWhole(entry.path());
    if (++files > 40) break;
    for (char& byte : bytes) {
      const char good = byte;
      for (const int changed : {good ^ 0x01, good ^ 0x80, good ^ 0xFF, 0}) {
        if (static_cast<char>(changed) == good) continue;
        byte = static_cast<char>(changed);
        ++tries;
        EXPECT_EQ(Outcome(bytes, &refused), "") << entry.path() << ": byte " << &byte - bytes.data() << " = " << changed;
      }
      byte = good;
    }
  }
  EXPECT_GE(files, 20u);
  EXPECT_GT(refused, tries / 50);
}

}  // namespace
}  // namespace eider::table
