#include "eider/file/page_queue.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>

namespace eider::file {
namespace {

constexpr uint64_t kWorthAThread = 16 << 10;
constexpr size_t kFewPages = 8;

}  // namespace

struct PageQueue::Entry {
  enum State : int { kWaiting, kRunning, kDone };

  /// True for the one caller that is to encode it.
  bool Claim() {
    int expected = kWaiting;
    return state.compare_exchange_strong(expected, kRunning, std::memory_order_acq_rel);
  }
  void Wait() {
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return state.load(std::memory_order_acquire) == kDone; });
  }

  PageTask task;
  std::exception_ptr error;
  std::atomic<int> state{kWaiting};
  std::mutex mutex;
  std::condition_variable done;
};

void PageQueue::Run(Entry& entry) {
  try {
    PageTask& task = entry.task;
    task.pages = page::EncodePages(task.pieces, *task.leaf);
    for (const page::EncodedPage& page : task.pages) {
      if (task.wants_sums) task.sums.push_back(SumWriter::Sum(page));
    }
  } catch (...) {
    entry.error = std::current_exception();
  }
  std::lock_guard lock(entry.mutex);
  entry.state.store(Entry::kDone, std::memory_order_release);
  entry.done.notify_all();
}

PageQueue::~PageQueue() {
  for (const auto& entry : entries_) {
    if (!entry->Claim()) entry->Wait();
    entry->task = {};  // rows are let go on the caller's thread, which may matter to who lent them
  }
}

void PageQueue::Put(PageTask task) {
  auto entry = std::make_shared<Entry>();
  bytes_ += task.bytes;
  entry->task = std::move(task);
  entries_.push_back(entry);
  // Without threads nothing runs before it is taken: one page at a time is in memory. Few rows are encoded before a thread wakes.
  if (pool_.num_threads() == 0 || (entries_.back()->task.bytes < kWorthAThread && entries_.size() <= kFewPages)) return;
  pool_.Submit([entry = std::move(entry)]() mutable {
    if (entry->Claim()) Run(*entry);
  });
}

bool PageQueue::ready() const {
  return !entries_.empty() && entries_.front()->state.load(std::memory_order_acquire) == Entry::kDone;
}

PageTask PageQueue::Take() {
  const std::shared_ptr<Entry> front = entries_.front();
  if (front->Claim()) {
    Run(*front);
  } else {
    for (size_t next = 1; next < entries_.size() && !ready(); ++next) {
      if (entries_[next]->Claim()) Run(*entries_[next]);
    }
    front->Wait();
  }
  entries_.pop_front();
  bytes_ -= front->task.bytes;
  if (front->error) std::rethrow_exception(front->error);
  return std::move(front->task);
}

}  // namespace eider::file
