#include "eider/base/byte_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace eider {
namespace {

TEST(ByteGate, ManyThreadsHoldNoMoreThanTheBound) {
  ByteGate gate(10);
  std::atomic<uint64_t> held{0}, most{0}, entered{0};
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, bytes = 1 + i % 4] {
      for (int turn = 0; turn < 200; ++turn) {
        const ByteGate::Pass pass = gate.Enter(bytes);
        const uint64_t now = held.fetch_add(bytes) + bytes;
        uint64_t known = most.load();
        while (known < now && !most.compare_exchange_weak(known, now)) {}
        std::this_thread::yield();
        held.fetch_sub(bytes);
        ++entered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most.load(), 10u);
  EXPECT_EQ(entered.load(), 8u * 200u);
}

TEST(ByteGate, WhatNeverFitsGoesInAlone) {
  ByteGate gate(10);
  std::atomic<int> inside{0}, together{0};
  std::vector<std::thread> threads;
  for (const uint64_t bytes : {uint64_t{100}, uint64_t{3}, uint64_t{50}, uint64_t{4}}) {
    threads.emplace_back([&, bytes] {
      for (int turn = 0; turn < 100; ++turn) {
        const ByteGate::Pass pass = gate.Enter(bytes);
        const int others = inside.fetch_add(1);
        if (bytes > 10 && others > 0) ++together;
        inside.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(together.load(), 0);
}

}  // namespace
}  // namespace eider
