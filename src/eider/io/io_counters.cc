#include "eider/io/io_counters.h"

namespace eider::io {

IoCounters& IoCounters::Process() {
  static IoCounters counters;
  return counters;
}

void IoCounters::AddReads(uint64_t requests, uint64_t bytes) {
  reads_.fetch_add(requests, std::memory_order_relaxed);
  read_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (this != &Process()) Process().AddReads(requests, bytes);
}

void IoCounters::AddWrite(uint64_t bytes) {
  writes_.fetch_add(1, std::memory_order_relaxed);
  written_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (this != &Process()) Process().AddWrite(bytes);
}

IoStats IoCounters::Get() const { return {.reads = reads_, .read_bytes = read_bytes_, .writes = writes_, .written_bytes = written_bytes_}; }

IoStats IoCounters::Take() {
  return {.reads = reads_.exchange(0), .read_bytes = read_bytes_.exchange(0), .writes = writes_.exchange(0), .written_bytes = written_bytes_.exchange(0)};
}

}  // namespace eider::io
