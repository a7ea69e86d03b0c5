#include "fuzz/input_bounds.h"

#include <dlfcn.h>
#include <time.h>
#include <unwind.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// <sanitizer/allocator_interface.h>, which GCC has in its runtime but does not ship
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*, size_t),
                                                         void (*free_hook)(const volatile void*));
extern "C" size_t __sanitizer_get_allocated_size(const volatile void* block);

extern "C" int __real_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int __wrap_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace eider::fuzz {
namespace {

std::atomic<bool> watching{false};
std::atomic<int64_t> live_bytes{0}, peak_bytes{0};
std::atomic<const volatile void*> reserved{nullptr};  // by protobuf
uint64_t allowed_bytes = 0;

struct Caller {
  int frames = 0;
  bool is_protobuf = false;
};

_Unwind_Reason_Code LookAtFrame(_Unwind_Context* context, void* caller) {
  auto& found = *static_cast<Caller*>(caller);
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(_Unwind_GetIP(context)), &info) != 0 && info.dli_fname != nullptr) {
    found.is_protobuf = found.is_protobuf || std::strstr(info.dli_fname, "libprotobuf") != nullptr;
  }
  return ++found.frames < 12 && !found.is_protobuf ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/// Protobuf believes the length of a string inside a message whose own length lies, and reserves up to 50 MB, which it then does
/// not touch: the parse fails. One such block is not counted.
bool IsReservedByProtobuf(size_t size) {
  if (size < (64 << 10)) return false;
  Caller caller;
  _Unwind_Backtrace(LookAtFrame, &caller);
  return caller.is_protobuf;
}

// Hooks may not allocate. A block that was there before the input may be freed by it: live_bytes may fall below zero.
void OnMalloc(const volatile void* block, size_t size) {
  if (!watching.load(std::memory_order_relaxed)) return;
  if (reserved == nullptr && IsReservedByProtobuf(size)) {
    reserved = block;
    return;
  }
  const int64_t live = live_bytes.fetch_add(static_cast<int64_t>(size), std::memory_order_relaxed) + static_cast<int64_t>(size);
  if (live > peak_bytes.load(std::memory_order_relaxed)) peak_bytes.store(live, std::memory_order_relaxed);
}

void OnFree(const volatile void* block) {
  if (block == nullptr || !watching.load(std::memory_order_relaxed)) return;
  if (block == reserved) {
    reserved = nullptr;
    return;
  }
  live_bytes.fetch_sub(static_cast<int64_t>(__sanitizer_get_allocated_size(block)), std::memory_order_relaxed);
}

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void CheckBounds(double seconds, size_t size) {
  const auto peak = static_cast<uint64_t>(peak_bytes.load());
  if (seconds > kMaxCpuSeconds) {
    std::fprintf(stderr, "input bounds: %zu bytes took %.2f s\n", size, seconds);
    std::abort();
  }
  if (peak > allowed_bytes) {
    std::fprintf(stderr, "input bounds: %zu bytes held %llu bytes of memory, allowed are %llu\n", size,
                 static_cast<unsigned long long>(peak), static_cast<unsigned long long>(allowed_bytes));
    std::abort();
  }
}

}  // namespace

void AllowOutput(uint64_t bytes) { allowed_bytes += bytes; }

}  // namespace eider::fuzz

extern "C" int __wrap_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace eider::fuzz;
  static const int hooks = __sanitizer_install_malloc_and_free_hooks(OnMalloc, OnFree);
  if (hooks == 0) std::abort();
  allowed_bytes = kMaxExpansion * size + kFixedBytes;
  live_bytes = peak_bytes = 0;
  reserved = nullptr;
  const double start = CpuSeconds();
  watching = true;
  __real_LLVMFuzzerTestOneInput(data, size);
  watching = false;
  CheckBounds(CpuSeconds() - start, size);
  return 0;
}
