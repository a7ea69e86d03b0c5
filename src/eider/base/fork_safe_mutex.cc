#include "eider/base/fork_safe_mutex.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace eider {
namespace {

/// How many locks a thread is at.
struct Section {
  std::atomic<uint32_t> depth{0};
};

struct Gate {
  std::mutex mutex;  ///< held by a fork from before to after
  std::vector<Section*> sections;
  std::atomic<bool> forking{false};
};

thread_local Section* own = nullptr;
thread_local bool has_ended = false;

/// Never destroyed: static objects that are destroyed later may still lock. Made before there are threads: a function's own static object
/// may be half made when another thread forks, and stays so in the child.
union Kept {
  constexpr Kept() : gate() {}
  ~Kept() {}
  Gate gate;
};
constinit Kept kept;

struct ThreadEnd {
  ~ThreadEnd() {
    Gate& gate = kept.gate;
    std::lock_guard lock(gate.mutex);
    std::erase(gate.sections, own);
    delete own;
    own = nullptr;
    has_ended = true;
  }
};

void BeforeFork() {
  Gate& gate = kept.gate;
  gate.mutex.lock();
  gate.forking.store(true);
  const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (const Section* section : gate.sections) {
    while (section != own && section->depth.load() != 0 && std::chrono::steady_clock::now() < latest) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }
}

void AfterForkInParent() {
  Gate& gate = kept.gate;
  gate.forking.store(false);
  gate.mutex.unlock();
}

void AfterForkInChild() {
  Gate& gate = kept.gate;
  std::erase_if(gate.sections, [](const Section* section) { return section != own; });
  AfterForkInParent();
}

[[maybe_unused]] const int kRegistered = ::pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);

/// Null when the thread's own variables are gone.
Section* OwnSection(Gate& gate) {
  if (own || has_ended) return own;
  thread_local ThreadEnd end;
  auto* section = new Section;
  std::lock_guard lock(gate.mutex);
  gate.sections.push_back(section);
  return own = section;
}

}  // namespace

void ForkSafeMutex::Enter() {
  Gate& gate = kept.gate;
  Section* section = OwnSection(gate);
  if (!section) return;
  if (const uint32_t depth = section->depth.load(std::memory_order_relaxed); depth > 0) {
    section->depth.store(depth + 1, std::memory_order_relaxed);
    return;
  }
  while (true) {
    // Either the fork sees the thread here, or the thread sees the fork.
    section->depth.store(1, std::memory_order_seq_cst);
    if (!gate.forking.load(std::memory_order_seq_cst)) return;
    section->depth.store(0, std::memory_order_release);
    std::lock_guard until_it_is_over(gate.mutex);
  }
}

void ForkSafeMutex::Leave() {
  Section* section = own;
  if (section) section->depth.store(section->depth.load(std::memory_order_relaxed) - 1, std::memory_order_release);
}

}  // namespace eider
