#include "eider/base/task_pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace eider {
namespace {

TEST(TaskPoolTest, RunsEveryIndexOnce) {
  for (int threads : {0, 1, 4}) {
    TaskPool pool(threads);
    std::vector<std::atomic<int>> hits(1000);
    pool.ParallelFor(hits.size(), [&](size_t i) { ++hits[i]; });
    for (const auto& hit : hits) EXPECT_EQ(hit.load(), 1);
  }
}

TEST(TaskPoolTest, NestedLoopsDoNotDeadlock) {
  TaskPool pool(2);
  std::atomic<int> total{0};
  pool.ParallelFor(8, [&](size_t) { pool.ParallelFor(8, [&](size_t) { ++total; }); });
  EXPECT_EQ(total.load(), 64);
}

TEST(TaskPoolTest, RethrowsTheFirstException) {
  for (int threads : {0, 3}) {
    TaskPool pool(threads);
    EXPECT_THROW(pool.ParallelFor(100, [](size_t i) { if (i == 7) throw std::runtime_error("seven"); }), std::runtime_error);
    std::atomic<int> total{0};
    pool.ParallelFor(10, [&](size_t) { ++total; });
    EXPECT_EQ(total.load(), 10);
  }
}

TEST(TaskPoolTest, FinishesSubmittedTasksBeforeItDies) {
  std::atomic<int> total{0};
  {
    TaskPool pool(2);
    for (int i = 0; i < 50; ++i) pool.Submit([&] { ++total; });
  }
  EXPECT_EQ(total.load(), 50);
}

TEST(TaskPoolTest, MayDieInATaskOfItsOwn) {
  struct Shared {
    std::atomic<bool> go{false};
    std::atomic<int> total{0};
  };
  for (int round = 0; round < 20; ++round) {
    auto pool = std::make_shared<TaskPool>(4);
    const auto shared = std::make_shared<Shared>();
    for (int i = 0; i < 8; ++i) {
      pool->Submit([owner = pool, shared]() mutable {
        shared->go.wait(false);
        owner.reset();
        ++shared->total;
        shared->total.notify_all();
      });
    }
    pool.reset();
    shared->go = true;
    shared->go.notify_all();
    for (int seen = shared->total; seen < 8; seen = shared->total) shared->total.wait(seen);
    EXPECT_EQ(shared->total, 8);
  }
}

std::atomic<bool> is_interrupted = false;

TEST(TaskPoolTest, AnInterruptEndsTheItemsOnOtherThreads) {
  const InterruptHook former = SetInterruptHook([] {
    if (is_interrupted) throw std::runtime_error("interrupted");
  });
  const std::thread::id caller = std::this_thread::get_id();
  for (const bool caller_only_waits : {false, true}) {
    TaskPool pool(3);
    is_interrupted = false;
    std::atomic<int> begun = 0;
    EXPECT_THROW(pool.ParallelFor(4, [&](size_t) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
      is_interrupted = true;
      if (caller_only_waits && std::this_thread::get_id() == caller) return;
      while (true) CheckInterrupt();
    }), std::runtime_error);
  }
  SetInterruptHook(former);
}

TEST(TaskPoolTest, WorksInAForkedChild) {
  TaskPool pool(2);
  std::atomic<int> total{0};
  pool.ParallelFor(10, [&](size_t) { ++total; });
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::atomic<int> sum{0};
    pool.ParallelFor(10, [&](size_t) { ++sum; });
    std::atomic<bool> ran{false};
    pool.Submit([&] { ran = true; ran.notify_all(); });
    ran.wait(false);
    _exit(sum.load() == 10 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace eider
