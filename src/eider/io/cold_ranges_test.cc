#include "eider/io/cold_ranges.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>
#include <string>
#include <vector>

namespace eider::io {
namespace {

constexpr size_t kPageBytes = 4096;

/// A mapped file of `pages` pages, page i full of byte i; dropped from memory where the system allows that.
class MappedPages {
 public:
  explicit MappedPages(size_t pages) : size_(pages * kPageBytes) {
    std::string path = ::testing::TempDir() + "/cold_ranges_XXXXXX";
    fd_ = ::mkstemp(path.data());
    ::unlink(path.c_str());
    for (size_t i = 0; i < pages; ++i) {
      const std::string page(kPageBytes, static_cast<char>(i));
      EXPECT_EQ(::write(fd_, page.data(), page.size()), static_cast<ssize_t>(page.size()));
    }
    ::fsync(fd_);
    ::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED);
    data_ = static_cast<const uint8_t*>(::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0));
  }
  ~MappedPages() {
    ::munmap(const_cast<uint8_t*>(data_), size_);
    ::close(fd_);
  }
  ByteSpan Page(size_t i) const { return {data_ + i * kPageBytes, kPageBytes}; }

 private:
  const size_t size_;
  int fd_ = -1;
  const uint8_t* data_ = nullptr;
};

TEST(ColdRangesTest, WhatWasExpectedReadsAsWithout) {
  const MappedPages file(512);
  std::vector<ByteSpan> spans;
  for (size_t i = 0; i < 512; ++i) spans.push_back(file.Page((i * 37) % 512).subspan(i, 100));
  ColdRanges ranges(spans);
  for (size_t first = 0; first < spans.size(); first += 64) {
    ranges.Expect(first, first + 64);
    for (size_t i = first; i < first + 64; ++i) EXPECT_EQ(spans[i][0], static_cast<uint8_t>((i * 37) % 512));
  }
}

TEST(ColdRangesTest, EmptySpansAndBytesOfNoFileAreLeftAlone) {
  const std::vector<uint8_t> bytes(100, 7);
  const std::vector<ByteSpan> spans{{}, bytes, ByteSpan(bytes).subspan(0, 0), {}};
  ColdRanges ranges(spans);
  ranges.Expect(0, 0);
  ranges.Expect(0, spans.size());
  EXPECT_EQ(std::accumulate(bytes.begin(), bytes.end(), 0), 700);
}

}  // namespace
}  // namespace eider::io
