#pragma once
/// \file
/// Reads the batches of one epoch ahead of their consumer.

#include <eider/loader.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

#include "eider/base/task_pool.h"

namespace eider::loader {

/// Reads the batch that is number `index` of this run. Called from many threads.
using ReadBatch = std::function<RecordBatch(uint64_t index, ScanStats& stats)>;

/// A ring of `prefetch` slots. Slot i % prefetch holds batch i; taking it out starts reading batch i + prefetch. Tasks share
/// the ring, so one that is dropped amid an epoch goes away when its last read is done, and nobody waits for it.
class EpochReader : public std::enable_shared_from_this<EpochReader> {
 public:
  /// `prefetch` 0, or a pool without threads: every batch is read when it is asked for.
  EpochReader(ReadBatch read, TaskPool& pool, uint64_t prefetch, uint64_t num_batches);
  void Start();
  /// Reads not begun are not begun any more. Takes no lock: a forked child may cancel what its parent was doing.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  /// False in a process forked since: the reading threads are not there.
  bool IsOurs() const;

  /// The next batch, its cost added to `total`; nullopt at the end. An error is thrown once, then the epoch has ended.
  std::optional<RecordBatch> Next(LoaderStats& total);

 private:
  struct Slot {
    bool ready = false;
    std::optional<RecordBatch> batch;
    std::exception_ptr error;
    ScanStats stats;
  };
  void Submit(uint64_t index);
  void Fill(uint64_t index, Slot& slot);
  void WaitFor(const Slot& slot);

  const ReadBatch read_;
  TaskPool& pool_;
  const uint64_t end_;
  const int owner_;
  uint64_t next_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::condition_variable filled_;
};

}  // namespace eider::loader
