#include "eider/query/ordered_tasks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

namespace eider::query {
namespace {

TEST(OrderedTasksTest, ResultsComeInTheOrderOfTheirStart) {
  TaskPool pool(3);
  OrderedTasks<int> tasks(pool);
  for (int i = 0; i < 100; ++i) tasks.Start([i] { return i; }, i % 7 == 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(tasks.Next(), i);
  EXPECT_TRUE(tasks.empty());
}

/// Every thread of the pool waits for tasks of its own, of which the pool runs none.
TEST(OrderedTasksTest, TasksOfThePoolMayHaveTasks) {
  TaskPool pool(2);
  std::atomic<int> sum{0};
  pool.ParallelFor(8, [&](size_t) {
    OrderedTasks<int> outer(pool);
    for (int i = 0; i < 4; ++i) {
      outer.Start([&pool] {
        OrderedTasks<int> inner(pool);
        for (int j = 0; j < 3; ++j) inner.Start([] { return 1; });
        int count = 0;
        while (!inner.empty()) count += inner.Next(false);
        return count;
      });
    }
    while (!outer.empty()) sum += outer.Next();
  });
  EXPECT_EQ(sum, 8 * 4 * 3);
}

TEST(OrderedTasksTest, AnErrorIsThatOfItsTask) {
  TaskPool pool(1);
  OrderedTasks<int> tasks(pool);
  tasks.Start([]() -> int { throw std::runtime_error("first"); });
  tasks.Start([] { return 2; });
  EXPECT_THROW(tasks.Next(), std::runtime_error);
  EXPECT_THROW(tasks.Next(), std::runtime_error) << "the second result would pass for the first";
}

/// Works until it is told to end.
int WorkForEver(std::atomic<int>& begun) {
  ++begun;
  while (true) CheckInterrupt();
}

TEST(OrderedTasksTest, TasksUnderWayEndWhenTheyAreDropped) {
  TaskPool pool(2);
  std::atomic<int> begun = 0;
  {
    OrderedTasks<int> tasks(pool);
    tasks.Start([&] { return WorkForEver(begun); });
    // Below a task of one's own: that one gives up, and its parts with it.
    tasks.Start([&] {
      pool.ParallelFor(2, [&](size_t) { WorkForEver(begun); });
      return 0;
    });
    while (begun < 2) std::this_thread::yield();
  }
  pool.ParallelFor(8, [&](size_t) { CheckInterrupt(); });  // those were meant, not the threads
}

std::atomic<int> works_begun = 0;

TEST(OrderedTasksTest, WhoWaitsCanBeInterrupted) {
  TaskPool pool(1);
  OrderedTasks<int> tasks(pool);
  works_begun = 0;
  tasks.Start([] { return WorkForEver(works_begun); });
  while (works_begun < 1) std::this_thread::yield();
  const InterruptHook former = SetInterruptHook([] { throw std::runtime_error("interrupted"); });
  EXPECT_THROW(tasks.Next(), std::runtime_error);
  SetInterruptHook(former);
}

TEST(OrderedTasksTest, WhatNobodyWantsIsDropped) {
  TaskPool pool(1);
  std::atomic<int> ran{0};
  pool.ParallelFor(2, [&](size_t) {
    OrderedTasks<int> tasks(pool);
    for (int i = 0; i < 1000; ++i) tasks.Start([&ran] { return ++ran; });
  });
  EXPECT_LT(ran, 2000);
}

TEST(OrderedTasksTest, AsManyAreStartedAsKeepTheThreadsBusy) {
  for (const int threads : {0, 1, 3}) {
    TaskPool pool(threads);
    OrderedTasks<int> tasks(pool);
    int given = 0;
    const auto next = [&]() -> std::function<int()> {
      if (given == 20) return nullptr;
      return [number = given++] { return number; };
    };
    for (int i = 0; i < 20; ++i) {
      const bool is_alone = i < 5;
      tasks.Fill(next, [&] { return given == 20; }, is_alone);
      EXPECT_EQ(given, is_alone ? i + 1 : std::min(20, i + threads + 1)) << threads;
      EXPECT_EQ(tasks.Next(), i);
    }
    tasks.Fill(next, [] { return true; });
    EXPECT_TRUE(tasks.empty());
  }
}

TEST(OrderedTasksTest, WhatHasNothingToOverlapWithRunsOnTheCallersThread) {
  TaskPool pool(2);
  for (const bool is_alone : {false, true}) {
    OrderedTasks<std::thread::id> tasks(pool);
    tasks.Fill([] { return std::function([] { return std::this_thread::get_id(); }); }, [&] { return !is_alone; }, is_alone);
    EXPECT_EQ(tasks.size(), 1u);
    EXPECT_EQ(tasks.Next(), std::this_thread::get_id());
  }
}

}  // namespace
}  // namespace eider::query
