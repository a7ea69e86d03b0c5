#pragma once
/// \file
/// Tasks on a pool whose results are handed out one by one, in the order of their start or as they come. For one thread; results
/// that nobody wants any more are dropped with this, tasks that have not begun by then do nothing.

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "eider/base/error.h"
#include "eider/base/task_pool.h"

namespace eider::query {

template <typename T>
class OrderedTasks {
 public:
  explicit OrderedTasks(TaskPool& pool) : pool_(pool), shared_(std::make_shared<Shared>()) {}
  OrderedTasks(const OrderedTasks&) = delete;
  OrderedTasks& operator=(const OrderedTasks&) = delete;
  ~OrderedTasks() {
    if (!IsOurs()) return;
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.wait(lock, [this] { return std::ranges::all_of(slots_, [](const auto& slot) { return slot->done; }); });
  }

  size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  /// Next would not wait.
  bool IsReady() const {
    std::lock_guard lock(shared_->mutex);
    return !slots_.empty() && slots_.front()->done;
  }

  /// Runs `work` on the pool, or at once on this thread.
  void Start(std::function<T()> work, bool at_once = false) {
    auto slot = std::make_shared<Slot>();
    slots_.push_back(slot);
    auto task = [slot, shared = shared_, work = std::move(work)] {
      std::optional<T> result;
      std::exception_ptr error;
      try {
        if (!shared->IsStopping()) result.emplace(work());
      } catch (...) {
        error = std::current_exception();
      }
      std::lock_guard lock(shared->mutex);
      slot->result = std::move(result);
      slot->error = error;
      slot->done = true;
      shared->changed.notify_all();
    };
    if (at_once) task();
    else pool_.Submit(std::move(task));
  }

  /// Waits for the oldest result, or for any. \pre !empty() \throws what the task threw
  T Next(bool in_order = true) {
    if (!IsOurs()) throw Invalid("scan: it was begun before this process was forked; begin another");
    std::shared_ptr<Slot> slot;
    {
      std::unique_lock lock(shared_->mutex);
      const auto is_done = [](const auto& s) { return s->done; };
      auto found = slots_.begin();
      shared_->changed.wait(lock, [&] {
        if (!in_order) found = std::ranges::find_if(slots_, is_done);
        return found != slots_.end() && (*found)->done;
      });
      slot = std::move(*found);
      slots_.erase(found);
    }
    if (slot->error) std::rethrow_exception(slot->error);
    return std::move(*slot->result);
  }

 private:
  struct Slot {
    bool done = false;
    std::optional<T> result;
    std::exception_ptr error;
  };
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    bool IsStopping() {
      std::lock_guard lock(mutex);
      return stopping;
    }
  };

  /// False in a process forked since: nobody fills the slots that are under way there.
  bool IsOurs() const { return owner_ == getpid(); }

  TaskPool& pool_;
  const std::shared_ptr<Shared> shared_;
  const pid_t owner_ = getpid();
  std::deque<std::shared_ptr<Slot>> slots_;
};

}  // namespace eider::query
