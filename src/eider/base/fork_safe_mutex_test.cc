#include "eider/base/fork_safe_mutex.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace eider {
namespace {

TEST(ForkSafeMutexTest, AChildFindsEveryLockFreeAndWhatItGuardsWhole) {
  struct Guarded {
    ForkSafeMutex mutex;
    uint64_t a = 0, b = 0;
  };
  std::array<Guarded, 2> guarded;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        std::lock_guard outer(guarded[0].mutex);
        ++guarded[0].a;
        std::lock_guard inner(guarded[1].mutex);
        ++guarded[1].a, ++guarded[1].b;
        ++guarded[0].b;
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      bool is_fine = true;
      for (Guarded& each : guarded) is_fine = is_fine && each.mutex.try_lock() && each.a == each.b;
      ::_exit(is_fine ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(ForkSafeMutexTest, TheThreadThatForksKeepsItsOwnLocks) {
  ForkSafeMutex mutex;
  std::lock_guard lock(mutex);
  const pid_t child = ::fork();
  if (child == 0) {
    mutex.unlock();
    const bool is_free = mutex.try_lock();
    ::_exit(is_free ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(ForkSafeMutexTest, OneHolderAtATime) {
  ForkSafeMutex mutex;
  uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20'000; ++j) {
        if (j % 2 == 0) {
          std::lock_guard lock(mutex);
          ++count;
        } else {
          while (!mutex.try_lock()) std::this_thread::yield();
          ++count;
          mutex.unlock();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 80'000u);
}

}  // namespace
}  // namespace eider
