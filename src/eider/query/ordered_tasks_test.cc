#include "eider/query/ordered_tasks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

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
  EXPECT_EQ(tasks.Next(), 2);
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

}  // namespace
}  // namespace eider::query
