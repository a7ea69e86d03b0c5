#include <eider/session.h>

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "eider/base/byte_gate.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/base/memory_budget.h"
#include "eider/base/shared_cache.h"
#include "eider/base/task_pool.h"

namespace eider {
namespace {

constexpr int kMaxThreads = 1024;
constexpr int kDefaultIoThreads = 8;
constexpr uint64_t kCacheShare = 16, kPoolShare = 8, kStateShare = 8;  // of the memory limit
constexpr size_t kMaxCachedObjects = 4096;

int NumUsableCores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return std::max(CPU_COUNT(&cores), 1);
}

int NumThreads(int asked, const char* variable, int fallback) {
  if (asked > kMaxThreads) throw Invalid("session: {} threads asked for, at most {} are allowed", asked, kMaxThreads);
  if (asked >= 0) return asked;
  const char* text = std::getenv(variable);
  if (!text || !*text) return fallback;
  const std::string_view view(text);
  int number = -1;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), number);
  if (error != std::errc() || end != view.data() + view.size() || number < 0 || number > kMaxThreads) {
    throw Invalid("{}: '{}' is not a number of threads from 0 to {}", variable, view, kMaxThreads);
  }
  return number;
}

}  // namespace

struct Session::Impl {
  explicit Impl(const SessionOptions& options)
      : budget(options.memory_limit ? options.memory_limit : DefaultMemoryLimit()),
        pool(budget.limit_bytes() / kPoolShare),
        page_states(budget.limit_bytes() / kStateShare),
        cache(budget, budget.limit_bytes() / kCacheShare, kMaxCachedObjects),
        cpu(NumThreads(options.cpu_threads, "EIDER_CPU_THREADS", NumUsableCores())),
        io(NumThreads(options.io_threads, "EIDER_IO_THREADS", kDefaultIoThreads)),
        verify_checksums(options.verify_checksums) {}
  MemoryBudget budget;
  PoolBound pool;
  ByteGate page_states;
  SharedCache cache;
  TaskPool cpu;
  TaskPool io;
  const bool verify_checksums;
};

Session::Session(const SessionOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Session::~Session() = default;

const std::shared_ptr<Session>& Session::Default() {
  static const std::shared_ptr<Session> session = std::make_shared<Session>();
  return session;
}

uint64_t Session::memory_limit() const { return impl_->budget.limit_bytes(); }
uint64_t Session::memory_used() const { return impl_->budget.used_bytes(); }
bool Session::verifies_checksums() const { return impl_->verify_checksums; }
MemoryBudget& Session::budget() { return impl_->budget; }
ByteGate& Session::page_states() { return impl_->page_states; }
SharedCache& Session::cache() { return impl_->cache; }
TaskPool& Session::cpu_pool() { return impl_->cpu; }
TaskPool& Session::io_pool() { return impl_->io; }

}  // namespace eider
