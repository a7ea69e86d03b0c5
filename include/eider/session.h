#pragma once
/// \file
/// A session owns the memory budget, the caches and the two thread pools. Nothing in Eider is global but the default
/// session.

#include <eider/export.h>

#include <cstdint>
#include <memory>

namespace eider {

struct SessionOptions {
  uint64_t memory_limit = 0;  ///< bytes; 0: EIDER_MEMORY_LIMIT, else half of the smaller of cgroup limit and RAM
  int cpu_threads = -1;       ///< -1: EIDER_CPU_THREADS, else the cores that the process may run on; 0: run inline
  int io_threads = -1;        ///< -1: EIDER_IO_THREADS, else 8; 0: run inline
  bool verify_checksums = true;  ///< check what is read of files that have checksums
};

class ByteGate;      // base/byte_gate.h
class MemoryBudget;  // base/memory_budget.h
class SharedCache;   // base/shared_cache.h
class TaskPool;      // base/task_pool.h

class EIDER_EXPORT Session {
 public:
  explicit Session(const SessionOptions& options = {});
  ~Session();
  /// The process-wide default, made on first use.
  static const std::shared_ptr<Session>& Default();

  uint64_t memory_limit() const;
  uint64_t memory_used() const;
  bool verifies_checksums() const;
  MemoryBudget& budget();
  ByteGate& page_states();  ///< for what pages hold that is read for one read alone, such as dictionaries
  SharedCache& cache();  ///< metadata of files read before; charged to the budget
  TaskPool& cpu_pool();  ///< tasks here never block but on page_states()
  TaskPool& io_pool();   ///< tasks here may block

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace eider
