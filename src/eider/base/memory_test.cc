#include "eider/base/memory.h"

#include "eider/base/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

#include "eider/base/bytes.h"
#include "eider/base/cgroup.h"
#include "eider/base/error.h"
#include "eider/base/memory_budget.h"

#include <eider/session.h>

namespace eider {
namespace {

namespace fs = std::filesystem;

TEST(MemoryPoolTest, ReusesWhatWasFreedAndTrims) {
#if defined(EIDER_ADDRESS_SANITIZER)
  GTEST_SKIP() << "under the address sanitizer nothing is kept";
#endif
  TrimPool();
  for (const size_t size : {20'000, 100'000, 1'000'000, 30'000'000}) {
    uint8_t* data = PoolAllocate(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0u);
    PoolFree(data, size);
    EXPECT_GE(PoolRetainedBytes(), size);
    EXPECT_EQ(PoolAllocate(size), data);
    PoolFree(data, size);
    TrimPool();
    EXPECT_EQ(PoolRetainedBytes(), 0u);
  }
}

TEST(MemoryPoolTest, KeepsABoundedAmount) {
  TrimPool();
  std::vector<uint8_t*> blocks;
  for (int i = 0; i < 40; ++i) blocks.push_back(PoolAllocate(8 << 20));
  for (uint8_t* block : blocks) PoolFree(block, 8 << 20);
  EXPECT_LE(PoolRetainedBytes(), size_t{128} << 20);
  TrimPool();
}

TEST(MemoryPoolTest, KeepsNoMoreThanTheSmallestSessionAllows) {
  TrimPool();
  const auto keep = [] {
    for (const size_t size : {500'000, 600'000, 700'000, 900'000, 3'000'000}) {
      uint8_t* data = PoolAllocate(size);
      PoolFree(data, size);
    }
    const size_t kept = PoolRetainedBytes();
    TrimPool();
    return kept;
  };
  const size_t unbounded = keep();
  {
    const Session small({.memory_limit = 8 << 20}), large({.memory_limit = uint64_t{1} << 30});
    EXPECT_LE(keep(), size_t{1} << 20);
  }
  EXPECT_EQ(keep(), unbounded);
}

TEST(MemoryPoolTest, ServesManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 2000; ++i) {
        const size_t size = size_t(17'000 + (i * 37 + t) % 9 * 20'000);
        uint8_t* data = PoolAllocate(size);
        data[0] = data[size - 1] = uint8_t(t);
        PoolFree(data, size);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(BufferBuilderTest, GrowsAndHandsItsMemoryOver) {
  BufferBuilder builder;
  for (uint32_t i = 0; i < 100'000; ++i) builder.AppendValue(i);
  const uint8_t* data = builder.data();
  const Buffer buffer = builder.Finish();
  EXPECT_EQ(buffer.data(), data);
  EXPECT_EQ(buffer.as<uint32_t>()[99'999], 99'999u);
  EXPECT_EQ(builder.size(), 0u);
  EXPECT_TRUE(builder.Finish().present()) << "an empty buffer is present";
}

TEST(BitBuilderTest, AppendsBitsOfAnyKind) {
  BitBuilder bits;
  const uint8_t pattern[] = {0b10110101, 0b1};
  bits.AppendFill(3, true);
  bits.Append(pattern, 2, 7);
  bits.AppendBit(false);
  bits.AppendFill(9, false);
  EXPECT_EQ(bits.size(), 20u);
  const Buffer buffer = bits.Finish();
  EXPECT_EQ(buffer.data()[0], 0b01101111);
  EXPECT_EQ(CountBits(buffer.data(), 0, 20), 3u + 5);
}

TEST(MemoryBudgetTest, ChargesExactlyAndSaysWhatDidNotFit) {
  MemoryBudget budget(100);
  BudgetCharge charge(budget, 60, "cache");
  EXPECT_EQ(budget.used_bytes(), 60u);
  EXPECT_FALSE(budget.TryCharge(41));
  try {
    charge.Resize(101, "index build");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kOutOfBudget);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("index build: needs 41 bytes of memory, 60 of 100"));
  }
  charge.Resize(10, "cache");
  BudgetCharge other = std::move(charge);
  EXPECT_EQ(budget.used_bytes(), 10u);
  other = BudgetCharge();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override { root_ = fs::temp_directory_path() / fmt::format("eider_cgroup_{}", ::getpid()); }
  void TearDown() override { fs::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  fs::path root_;
};

TEST_F(CgroupTest, TakesTheSmallestLimitOfVersion2) {
  Write("proc/self/cgroup", "0::/a/b\n");
  Write("sys/fs/cgroup/a/b/memory.max", "max\n");
  Write("sys/fs/cgroup/a/memory.max", "5000\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), 5000u);
  Write("sys/fs/cgroup/a/b/memory.max", "4000\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), 4000u);
}

TEST_F(CgroupTest, ReadsVersion1WhereTheGroupPathIsOfTheHost) {
  Write("proc/self/cgroup", "3:cpu,cpuacct:/x\n2:memory:/docker/123\n");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "7000\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), 7000u);
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), std::nullopt);
}

TEST_F(CgroupTest, FindsNothingWhereNothingIs) { EXPECT_EQ(CgroupMemoryLimit(root_), std::nullopt); }

TEST(DefaultMemoryLimitTest, ParsesTheVariable) {
  for (const auto& [text, bytes] : {std::pair{"123", uint64_t{123}}, {"2K", 2048}, {"3m", 3 << 20}, {"1G", 1 << 30}}) {
    setenv("EIDER_MEMORY_LIMIT", text, 1);
    EXPECT_EQ(DefaultMemoryLimit(), bytes);
  }
  for (const char* text : {"x", "1X", "0", "-1", "99999999999G", "1GB"}) {
    setenv("EIDER_MEMORY_LIMIT", text, 1);
    EXPECT_THROW(DefaultMemoryLimit(), Error) << text;
  }
  unsetenv("EIDER_MEMORY_LIMIT");
  EXPECT_GT(DefaultMemoryLimit(), uint64_t{16} << 20);
}

TEST(SessionTest, TakesOptionsBeforeTheEnvironment) {
  setenv("EIDER_CPU_THREADS", "5", 1);
  EXPECT_EQ(Session().memory_used(), 0u);
  EXPECT_EQ(Session({.memory_limit = 99}).memory_limit(), 99u);
  setenv("EIDER_CPU_THREADS", "many", 1);
  EXPECT_THROW(Session(), Error);
  EXPECT_NO_THROW(Session({.cpu_threads = 0}));
  unsetenv("EIDER_CPU_THREADS");
  EXPECT_EQ(Session::Default(), Session::Default());
}

}  // namespace
}  // namespace eider
