#pragma once
/// \file
/// Changes every byte of a stored file in four ways: what reads it succeeds, or throws kCorrupt or kUnsupported.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "eider/base/error.h"

namespace eider::testing {

using FileBytes = std::vector<uint8_t>;

inline FileBytes ReadWhole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return FileBytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

struct ChangeCounts {
  size_t files = 0, tries = 0, refused = 0;
};

/// What is neither fine nor refused in the right way; counts refusals.
template <typename Read>
std::string OutcomeOf(const FileBytes& bytes, const Read& read, ChangeCounts& counts) {
  try {
    read(bytes);
  } catch (const Error& error) {
    ++counts.refused;
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kUnsupported) return error.what();
  } catch (const std::exception& error) {
    return fmt::format("not an Error: {}", error.what());
  }
  return "";
}

/// Bytes [first, end) of the file at `path`, one after the other.
template <typename Read>
void ChangeEachByte(const std::filesystem::path& path, FileBytes bytes, size_t first, const Read& read, ChangeCounts& counts) {
  ++counts.files;
  for (size_t at = first; at < bytes.size(); ++at) {
    const uint8_t good = bytes[at];
    for (const int changed : {good ^ 0x01, good ^ 0x80, good ^ 0xFF, 0}) {
      if (changed == good) continue;
      bytes[at] = static_cast<uint8_t>(changed);
      ++counts.tries;
      EXPECT_EQ(OutcomeOf(bytes, read, counts), "") << path << ": byte " << at << " = " << changed;
    }
    bytes[at] = good;
  }
}

}  // namespace eider::testing
