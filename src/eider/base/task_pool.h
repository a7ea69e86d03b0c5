#pragma once
/// \file
/// A fixed pool of threads, started lazily and again after a fork. Zero threads run every task inline, in order.

#include <eider/interrupt.h>

#include <atomic>
#include <cstddef>
#include <functional>

namespace eider {

class TaskPool {
 public:
  explicit TaskPool(int num_threads);
  /// Finishes the tasks that were submitted. In a forked child, tasks of the parent are forgotten.
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;
  int num_threads() const { return num_threads_; }
  /// The task must not throw. It runs on a thread of the pool, or inline when there are none.
  void Submit(std::function<void()> task);
  /// Runs body(0..n-1), the caller taking part; returns when all are done. The first exception is rethrown. May be nested.
  void ParallelFor(size_t n, const std::function<void(size_t)>& body);

 private:
  struct State;
  State& CurrentState();

  const int num_threads_;
  std::atomic<State*> state_{nullptr};
};

}  // namespace eider
