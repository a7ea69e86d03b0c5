#pragma once
/// \file
/// Tasks on a pool whose results are handed out one by one, in the order of their start or as they come. For one thread; results
/// that nobody wants any more are dropped with this; tasks that have not begun by then never run, the others end at their next CheckInterrupt().

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "eider/base/error.h"
#include "eider/base/stop_scope.h"
#include "eider/base/task_pool.h"

namespace eider::query {

/// As many as keep the threads busy: while one hands over its result, another is ready.
inline size_t TasksAtOnce(const TaskPool& pool) { return static_cast<size_t>(std::max(0, pool.num_threads())) + 1; }

template <typename T>
class OrderedTasks {
 public:
  using Work = std::function<T()>;
  explicit OrderedTasks(TaskPool& pool) : pool_(pool), most_(TasksAtOnce(pool)), shared_(std::make_shared<Shared>()) {}
  OrderedTasks(const OrderedTasks&) = delete;
  OrderedTasks& operator=(const OrderedTasks&) = delete;
  ~OrderedTasks() {
    if (!IsOurs()) return;
    shared_->given_up = true;
    std::vector<std::function<T()>> dropped;
    std::unique_lock lock(shared_->mutex);
    for (const auto& slot : slots_) {
      if (!slot->Claim()) continue;
      dropped.push_back(std::move(slot->work));
      slot->done = true;
    }
    shared_->changed.wait(lock, [this] { return std::ranges::all_of(slots_, [](const auto& slot) { return slot->done; }); });
  }

  size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  /// As many are under way as keep the threads busy.
  bool IsFull() const { return slots_.size() >= most_; }
  /// Next would not wait.
  bool IsReady() const {
    std::lock_guard lock(shared_->mutex);
    return !slots_.empty() && slots_.front()->done;
  }

  /// Starts what `next` gives until the threads are busy or it gives none; where `is_alone`, one task and no other beside it. One that
  /// has nothing to overlap with, as no other follows (`at_end`) or may, runs on this thread: that spares the hand-over.
  template <typename Next, typename AtEnd>
  void Fill(const Next& next, const AtEnd& at_end, bool is_alone = false) {
    while (!IsFull()) {
      const bool is_first = empty();
      if (is_alone && !is_first) return;
      Work work = next();
      if (!work) return;
      const bool at_once = is_first && (is_alone || at_end());
      Start(std::move(work), at_once);
      if (at_once) return;
    }
  }

  /// Runs `work` on the pool, or at once on this thread.
  void Start(Work work, bool at_once = false) {
    auto slot = std::make_shared<Slot>();
    slot->work = std::move(work);
    slots_.push_back(slot);
    if (at_once) Run(*slot, *shared_);
    else pool_.Submit([slot = std::move(slot), shared = shared_] { Run(*slot, *shared); });
  }

  /// The oldest result, or any. What no thread of the pool has begun runs on this one: they may all be waiting like this.
  /// \pre !empty() \throws what the task threw
  T Next(bool in_order = true) {
    if (!IsOurs()) throw Invalid("scan: it was begun before this process was forked; begin another");
    if (failed_) std::rethrow_exception(failed_);  // what comes after would look like all there is
    const auto is_done = [](const auto& slot) { return slot->done; };
    const auto is_idle = [](const auto& slot) { return !slot->claimed; };
    const auto find = [&](const auto& is_wanted) {
      if (in_order) return is_wanted(slots_.front()) ? slots_.begin() : slots_.end();
      return std::ranges::find_if(slots_, is_wanted);
    };
    std::unique_lock lock(shared_->mutex);
    auto found = find(is_done);
    for (; found == slots_.end(); found = find(is_done)) {
      const auto idle = find(is_idle);
      if (idle == slots_.end()) {
        if (shared_->changed.wait_for(lock, kInterruptInterval) == std::cv_status::no_timeout) continue;
        lock.unlock();
        CheckInterrupt();
        lock.lock();
        continue;
      }
      lock.unlock();
      Run(**idle, *shared_);
      lock.lock();
    }
    const std::shared_ptr<Slot> slot = std::move(*found);
    slots_.erase(found);
    lock.unlock();
    if (slot->error) {
      failed_ = slot->error;
      std::rethrow_exception(failed_);
    }
    return std::move(*slot->result);
  }

 private:
  struct Slot {
    /// True for the one who is to run it.
    bool Claim() { return !std::exchange(claimed, true); }

    bool claimed = false, done = false;
    std::function<T()> work;
    std::optional<T> result;
    std::exception_ptr error;
  };
  struct Shared {
    std::mutex mutex;  ///< of the slots, too
    std::condition_variable changed;
    std::atomic<bool> given_up = false;
  };

  static void Run(Slot& slot, Shared& shared) {
    std::function<T()> work;
    {
      std::lock_guard lock(shared.mutex);
      if (!slot.Claim()) return;
      work = std::move(slot.work);
    }
    std::optional<T> result;
    std::exception_ptr error;
    try {
      const StopScope scope(shared.given_up);
      result.emplace(work());
    } catch (...) {
      error = std::current_exception();
    }
    work = nullptr;
    std::lock_guard lock(shared.mutex);
    slot.result = std::move(result);
    slot.error = error;
    slot.done = true;
    shared.changed.notify_all();
  }

  /// False in a process forked since: nobody fills the slots that are under way there.
  bool IsOurs() const { return owner_ == getpid(); }

  TaskPool& pool_;
  const size_t most_;
  const std::shared_ptr<Shared> shared_;
  std::exception_ptr failed_;
  const pid_t owner_ = getpid();
  std::deque<std::shared_ptr<Slot>> slots_;
};

}  // namespace eider::query
