#include "eider/base/memory_budget.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "eider/base/cgroup.h"
#include "eider/base/error.h"

namespace eider {

bool MemoryBudget::TryCharge(uint64_t bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used > limit_ || bytes > limit_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

void MemoryBudget::Charge(uint64_t bytes, const char* what) {
  if (TryCharge(bytes)) return;
  throw OutOfBudget("{}: needs {} bytes of memory, {} of {} are in use", what, bytes, used_bytes(), limit_);
}

std::optional<BudgetCharge> BudgetCharge::Try(MemoryBudget& budget, uint64_t bytes) {
  if (!budget.TryCharge(bytes)) return std::nullopt;
  BudgetCharge charge;
  charge.budget_ = &budget;
  charge.bytes_ = bytes;
  return charge;
}

BudgetCharge& BudgetCharge::operator=(BudgetCharge&& o) noexcept {
  if (this == &o) return *this;
  if (budget_) budget_->Release(bytes_);
  budget_ = o.budget_;
  bytes_ = o.bytes_;
  o.budget_ = nullptr;
  return *this;
}

void BudgetCharge::Resize(uint64_t bytes, const char* what) {
  if (!budget_) return;
  if (bytes > bytes_) {
    budget_->Charge(bytes - bytes_, what);
  } else {
    budget_->Release(bytes_ - bytes);
  }
  bytes_ = bytes;
}

namespace {

uint64_t ParseByteCount(std::string_view text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  unsigned shift = 0;
  bool valid = error == std::errc() && end - rest <= 1;
  if (valid && rest != end) {
    switch (*rest) {
      case 'k': case 'K': shift = 10; break;
      case 'm': case 'M': shift = 20; break;
      case 'g': case 'G': shift = 30; break;
      default: valid = false;
    }
  }
  if (!valid || number == 0 || number > (~uint64_t{0} >> shift)) {
    throw Invalid("EIDER_MEMORY_LIMIT: '{}' is not a number of bytes (digits, then K, M, G or nothing)", text);
  }
  return number << shift;
}

}  // namespace

uint64_t DefaultMemoryLimit() {
  if (const char* text = std::getenv("EIDER_MEMORY_LIMIT"); text && *text) return ParseByteCount(text);
  const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
  uint64_t memory = pages > 0 && page_bytes > 0 ? uint64_t(pages) * uint64_t(page_bytes) : uint64_t{1} << 30;
  if (const auto limit = CgroupMemoryLimit()) memory = std::min(memory, *limit);
  return std::max<uint64_t>(memory / 2, 1);
}

}  // namespace eider
