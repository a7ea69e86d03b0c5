#include "eider/base/task_pool.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "eider/base/stop_scope.h"

namespace eider {

/// Threads and queue of one process. After a fork the child makes its own and leaves the parent's alone: the threads are
/// not there, and the mutex may be held for ever.
struct TaskPool::State {
  const pid_t owner = getpid();
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> tasks;
  std::vector<std::thread> threads;
  int idle = 0;
  bool stopping = false;
  bool ends_with_thread = false;  ///< the pool died in a task: its thread, the only one left, deletes this

  /// When the system refuses, the pool goes on with fewer threads.
  void TryAddThread() {
    try {
      threads.emplace_back([this] { Run(); });
    } catch (const std::system_error&) {
    }
  }

  void Run() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      wake.wait(lock, [&] { return stopping || !tasks.empty(); });
      --idle;
      if (tasks.empty()) break;
      std::function<void()> task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
    lock.unlock();
    if (ends_with_thread) delete this;
  }
};

TaskPool::TaskPool(int num_threads) : num_threads_(std::max(num_threads, 0)) {}

TaskPool::~TaskPool() {
  State* state = state_.load();
  if (!state || state->owner != getpid()) return;
  {
    std::lock_guard lock(state->mutex);
    state->stopping = true;
  }
  state->wake.notify_all();
  bool in_task = false;  // the last owner of a session may be a task of its own pool
  for (std::thread& thread : state->threads) {
    if (thread.get_id() == std::this_thread::get_id()) {
      in_task = true;
      thread.detach();
    } else {
      thread.join();
    }
  }
  if (in_task) state->ends_with_thread = true;
  else delete state;
}

TaskPool::State& TaskPool::CurrentState() {
  State* state = state_.load(std::memory_order_acquire);
  if (state && state->owner == getpid()) return *state;
  auto fresh = std::make_unique<State>();
  // A state of the parent process is leaked on purpose.
  if (state_.compare_exchange_strong(state, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
  return *state;
}

void TaskPool::Submit(std::function<void()> task) {
  if (num_threads_ == 0) return task();
  State& state = CurrentState();
  {
    std::lock_guard lock(state.mutex);
    if (state.idle <= int(state.tasks.size()) && int(state.threads.size()) < num_threads_) state.TryAddThread();
    if (!state.threads.empty()) {
      state.tasks.push_back(std::move(task));
      task = nullptr;
    }
  }
  if (task) return task();
  state.wake.notify_one();
}

namespace {

/// What the helpers of one ParallelFor share. A helper that starts late finds no index left and never touches `body`.
struct LoopState {
  LoopState(size_t n, const std::function<void(size_t)>& loop_body) : num_items(n), body(loop_body) {}
  const size_t num_items;
  const std::function<void(size_t)>& body;
  std::atomic<size_t> next{0};
  std::atomic<size_t> done{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::condition_variable finished;
  std::exception_ptr error;

  void Work() {
    for (size_t i = next.fetch_add(1); i < num_items; i = next.fetch_add(1)) {
      if (!failed.load(std::memory_order_relaxed)) RunItem(i);
      if (done.fetch_add(1) + 1 == num_items) {
        std::lock_guard lock(mutex);
        finished.notify_all();
      }
    }
  }

  void RunItem(size_t i) {
    try {
      const StopScope scope(failed);
      body(i);
    } catch (...) {
      std::lock_guard lock(mutex);
      Fail(std::current_exception());
    }
  }

  /// \pre mutex is held
  void Fail(std::exception_ptr cause) {
    if (!error) error = std::move(cause);
    failed = true;
  }

  void Wait() {
    std::unique_lock lock(mutex);
    while (!finished.wait_for(lock, kInterruptInterval, [this] { return done.load() == num_items; })) {
      if (failed) continue;
      lock.unlock();
      std::exception_ptr interrupt;
      try {
        CheckInterrupt();
      } catch (...) {
        interrupt = std::current_exception();
      }
      lock.lock();
      if (interrupt) Fail(std::move(interrupt));
    }
  }
};

}  // namespace

void TaskPool::ParallelFor(size_t n, const std::function<void(size_t)>& body) {
  if (num_threads_ == 0 || n <= 1) {
    for (size_t i = 0; i < n; ++i) body(i);
    return;
  }
  const auto loop = std::make_shared<LoopState>(n, body);
  const size_t num_helpers = std::min(n - 1, size_t(num_threads_));
  for (size_t i = 0; i < num_helpers; ++i) Submit([loop] { loop->Work(); });
  loop->Work();
  loop->Wait();
  if (loop->error) std::rethrow_exception(loop->error);
}

}  // namespace eider
