#include "eider/loader/epoch_reader.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "eider/base/stop_scope.h"

namespace eider::loader {

EpochReader::EpochReader(ReadBatch read, TaskPool& pool, uint64_t prefetch, uint64_t num_batches)
    : read_(std::move(read)), pool_(pool), end_(num_batches), owner_(getpid()) {
  const uint64_t num_slots = pool.num_threads() > 0 ? std::min(prefetch, num_batches) : 0;
  for (uint64_t i = 0; i < num_slots; ++i) slots_.push_back(std::make_unique<Slot>());
}

bool EpochReader::IsOurs() const { return owner_ == getpid(); }

void EpochReader::Start() {
  for (uint64_t i = 0; i < slots_.size(); ++i) Submit(i);
}

void EpochReader::Submit(uint64_t index) {
  if (index >= end_) return;
  pool_.Submit([self = shared_from_this(), index] {
    if (self->cancelled_.load(std::memory_order_relaxed)) return;
    Slot& slot = *self->slots_[index % self->slots_.size()];
    self->Fill(index, slot);
    {
      std::lock_guard lock(self->mutex_);
      slot.ready = true;
    }
    self->filled_.notify_one();
  });
}

void EpochReader::Fill(uint64_t index, Slot& slot) {
  try {
    const StopScope scope(cancelled_);
    slot.batch = read_(index, slot.stats);
  } catch (...) {
    slot.error = std::current_exception();
  }
}

void EpochReader::WaitFor(const Slot& slot) {
  std::unique_lock lock(mutex_);
  while (!filled_.wait_for(lock, kInterruptInterval, [&] { return slot.ready; })) {
    lock.unlock();
    CheckInterrupt();
    lock.lock();
  }
}

std::optional<RecordBatch> EpochReader::Next(LoaderStats& total) {
  if (next_ >= end_) return std::nullopt;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  Slot own;
  const uint64_t index = next_;
  Slot& slot = slots_.empty() ? own : *slots_[index % slots_.size()];
  if (slots_.empty()) {
    Fill(index, slot);
  } else {
    WaitFor(slot);
  }
  total.wait_ns += uint64_t(std::chrono::nanoseconds(Clock::now() - start).count());
  if (slot.error) {
    next_ = end_;
    Cancel();
    std::rethrow_exception(slot.error);
  }
  RecordBatch batch = std::move(*slot.batch);
  ++next_;
  ++total.batches;
  total.rows += uint64_t(batch.num_rows);
  total.bytes_copied += slot.stats.bytes_copied.exchange(0);
  total.requests += slot.stats.requests.exchange(0);
  total.bytes_read += slot.stats.bytes.exchange(0);
  if (!slots_.empty()) {
    slot.ready = false;
    slot.batch.reset();
    Submit(index + slots_.size());
  }
  return batch;
}

}  // namespace eider::loader
