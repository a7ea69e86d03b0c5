#include "eider/reduce/distinct_set.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "eider/base/task_pool.h"

namespace eider::reduce {
namespace {

constexpr const char* kWhat = "distinct rows";
constexpr int kPartBits = 4, kTopLevels = 10;
/// So many rows are worth other threads.
constexpr size_t kManyRows = 8192;
/// Looks ahead of this many rows, so that their slots are in the cache by then.
constexpr size_t kAhead = 12;

uint64_t KeyAt(const BatchKeys& keys, size_t row, const WordSet& /*set*/) { return keys.Word(row); }
ByteSpan KeyAt(const BatchKeys& keys, size_t row, const ByteSet& /*set*/) { return keys.Bytes(row); }

}  // namespace

DistinctSet::DistinctSet(Session& session, KeyForm form, int level)
    : session_(session), shift_(64 - kPartBits * (1 + level % kTopLevels)), charge_(session.budget(), 0, kWhat) {
  if (form != KeyForm::kWords) parts_.emplace<Parts<ByteSet>>();
}

template <typename Set>
std::vector<uint32_t> DistinctSet::FindUnknown(const Parts<Set>& parts, const BatchKeys& keys) const {
  const std::span<const uint32_t> firsts = keys.firsts();
  std::vector<uint32_t> rows(firsts.size());
  size_t unknown = 0;
  for (size_t i = 0; i < firsts.size(); ++i) {
    if (i + kAhead < firsts.size()) {
      const uint64_t next = keys.hash(firsts[i + kAhead]);
      parts[PartOf(next)].Prefetch(next);
    }
    const uint32_t row = firsts[i];
    const Set& set = parts[PartOf(keys.hash(row))];
    const bool is_known = keys.IsNull(row) ? has_null_ : set.Has(KeyAt(keys, row, set), keys.hash(row));
    rows[unknown] = row;
    unknown += !is_known;
  }
  rows.resize(unknown);
  return rows;
}

Sifted DistinctSet::Sift(std::span<const ArrayPtr> columns, int64_t num_rows) const {
  Sifted out;
  out.keys = std::make_shared<const BatchKeys>(columns, num_rows);
  out.is_final = is_full();
  if (out.is_final || looks_first_.load(std::memory_order_relaxed)) {
    std::shared_lock lock(mutex_);
    Divide(out, std::visit([&](const auto& parts) { return FindUnknown(parts, *out.keys); }, parts_));
  } else {
    Divide(out, out.keys->firsts());
  }
  return out;
}

void DistinctSet::Divide(Sifted& sifted, std::span<const uint32_t> rows) const {
  const BatchKeys& keys = *sifted.keys;
  const auto part_of = [&](uint32_t row) { return keys.IsNull(row) ? 0 : PartOf(keys.hash(row)); };
  for (const uint32_t row : rows) {
    const size_t part = part_of(row);
    ++sifted.begins[part + 1];
    if (parts_.index() == 1 && !keys.IsNull(row)) sifted.key_bytes[part] += keys.Bytes(row).size();
  }
  std::partial_sum(sifted.begins.begin(), sifted.begins.end(), sifted.begins.begin());
  sifted.rows.resize(rows.size());
  std::array<size_t, kKeyParts> next;
  std::copy_n(sifted.begins.begin(), kKeyParts, next.begin());
  for (const uint32_t row : rows) sifted.rows[next[part_of(row)]++] = row;
}

// Into an empty set rows go whatever they take, so that each level of division gets on.
bool DistinctSet::Reserve(const Sifted& sifted) {
  if (is_full_) return false;
  const uint64_t limit = session_.budget().limit_bytes();
  uint64_t bytes = 0;
  std::visit([&](const auto& parts) {
    for (size_t p = 0; p < kKeyParts; ++p) bytes += parts[p].BytesWith(sifted.Part(p).size(), sifted.key_bytes[p]);
  }, parts_);
  const uint64_t more = bytes - std::min(bytes, charge_.bytes());
  const bool is_tight = bytes > limit / 4 || session_.budget().used_bytes() + more > limit - limit / 8;
  if (is_tight && charge_.bytes() > 0) {
    is_full_ = true;
    return false;
  }
  charge_.Resize(std::max(bytes, charge_.bytes()), kWhat);
  return true;
}

void DistinctSet::DropKnown(Sifted& sifted) const {
  if (sifted.is_final) return;
  const std::vector<uint32_t> rows = std::visit([&](const auto& parts) { return FindUnknown(parts, *sifted.keys); }, parts_);
  sifted = {.keys = sifted.keys, .rows = {}, .is_final = true};
  Divide(sifted, rows);
}

bool DistinctSet::Add(Sifted& sifted, std::span<uint8_t> is_new, bool has_help) {
  if (sifted.rows.empty()) return true;
  std::unique_lock lock(mutex_);
  if (!Reserve(sifted)) {
    DropKnown(sifted);
    return false;
  }
  const BatchKeys& keys = *sifted.keys;
  const auto add = [&](auto& parts, size_t p) {
    auto& set = parts[p];
    const std::span<const uint32_t> rows = sifted.Part(p);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i + kAhead < rows.size()) set.Prefetch(keys.hash(rows[i + kAhead]));
      const uint32_t row = rows[i];
      if (keys.IsNull(row)) is_new[row] = !std::exchange(has_null_, true);  // of part 0 alone
      else is_new[row] = set.Add(KeyAt(keys, row, set), keys.hash(row));
    }
  };
  std::visit([&](auto& parts) {
    if (has_help && sifted.rows.size() >= kManyRows) session_.cpu_pool().ParallelFor(kKeyParts, [&](size_t p) { add(parts, p); });
    else for (size_t p = 0; p < kKeyParts; ++p) add(parts, p);
  }, parts_);
  const auto found = static_cast<size_t>(std::ranges::count(is_new, 1));
  looks_first_ = found * 4 < is_new.size();
  return true;
}

}  // namespace eider::reduce
