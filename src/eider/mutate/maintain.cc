#include "eider/mutate/maintain.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <map>
#include <new>

#include "eider/base/error.h"
#include "eider/mutate/compact.h"
#include "eider/mutate/merge_files.h"
#include "eider/table/cleanup.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kCompactEvery = 8, kCleanUpEvery = 32;
constexpr int kTierBits = 5;
constexpr size_t kFanOut = size_t{1} << kTierBits;
/// With so many fragments of a tier nobody waits for another.
constexpr size_t kUrgent = 3 * kFanOut;
/// A commit never does more than this much of it.
constexpr size_t kMostFragments = 1024;
constexpr int kMostRounds = 8;
/// Fragments of this size are not merged: the longest that a commit may be held up.
constexpr uint64_t kFullRows = 1024 * 1024, kFullBytes = 256 << 20;
constexpr uint64_t kMostSmallFiles = 16;
constexpr const char* kClaim = "_eider/maintenance.claim";
constexpr auto kClaimAge = std::chrono::seconds(20);

int64_t SystemNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

struct Retention {
  std::chrono::nanoseconds older_than = std::chrono::hours(24 * 14);
  uint64_t versions = 100;
};

constexpr std::string_view kSwitch = "eider.maintenance", kOlderThan = "eider.maintenance.older_than", kRetainVersions = "eider.maintenance.retain_versions";

std::optional<uint64_t> ParseCount(const std::string& text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count > 0 ? std::optional(count) : std::nullopt;
}

/// nullopt: maintenance is off, or its config is not understood.
std::optional<Retention> RetentionOf(const table::Manifest& manifest) {
  const auto& config = manifest.head().config();
  const auto on = config.find(std::string(kSwitch));
  if (on == config.end() || on->second != "on") return std::nullopt;
  Retention retention;
  if (const auto age = config.find(std::string(kOlderThan)); age != config.end()) {
    const auto parsed = table::ParseTimeSpan(age->second);
    if (!parsed) return std::nullopt;
    retention.older_than = *parsed;
  }
  if (const auto count = config.find(std::string(kRetainVersions)); count != config.end()) {
    const auto parsed = ParseCount(count->second);
    if (!parsed) return std::nullopt;
    retention.versions = *parsed;
  }
  return retention;
}

uint64_t LiveRows(const table::Fragment& fragment) { return fragment.physical_rows() - std::min(fragment.physical_rows(), fragment.num_deleted_rows()); }

/// Positions of fragments by tier; those that are full are in none.
std::map<int, std::vector<size_t>> Tiers(const table::Manifest& manifest) {
  std::map<int, std::vector<size_t>> tiers;
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    const table::Fragment& fragment = manifest.fragment(i);
    const uint64_t rows = LiveRows(fragment);
    if (fragment.has_overlays() || fragment.physical_rows() == 0 || rows >= kFullRows) continue;
    tiers[(std::bit_width(std::max<uint64_t>(1, rows)) - 1) / kTierBits].push_back(i);
  }
  return tiers;
}

std::optional<CompactionGroup> FullTier(const table::Snapshot& snapshot) {
  for (auto& [tier, fragments] : Tiers(*snapshot.manifest)) {
    if (fragments.size() < kFanOut) continue;
    CompactionGroup group;
    uint64_t bytes = 0;
    for (const size_t i : fragments) {
      const uint64_t size = StoredBytes(snapshot, snapshot.manifest->fragment(i));
      if (size >= kFullBytes) continue;
      group.fragments.push_back(i);
      bytes += size;
      if (bytes >= kFullBytes || group.fragments.size() == kMostFragments) break;
    }
    if (group.fragments.size() >= kFanOut || (bytes >= kFullBytes && group.fragments.size() > 1)) return group;
  }
  return std::nullopt;
}

/// The claim of one of several writers.
class Claim {
 public:
  explicit Claim(io::ObjectStore& store) : store_(store) {
    const std::string owner = table::NewUuid();
    is_ours_ = store.PutIfAbsent(kClaim, SpanOf(owner), false);
    if (is_ours_ || !IsStale()) return;
    store.Delete(kClaim);
    is_ours_ = store.PutIfAbsent(kClaim, SpanOf(owner), false);
  }
  ~Claim() {
    if (!is_ours_) return;
    try {
      store_.Delete(kClaim);
    } catch (const Error&) {  // it grows old
    }
  }
  bool is_ours() const { return is_ours_; }

 private:
  bool IsStale() const {
    const std::vector<io::FileInfo> files = store_.List("_eider");
    const auto claim = std::ranges::find(files, kClaim, &io::FileInfo::path);
    return claim == files.end() || SystemNow() - claim->modified_ns > std::chrono::nanoseconds(kClaimAge).count();
  }

  io::ObjectStore& store_;
  bool is_ours_ = false;
};

bool IsUrgent(const table::Snapshot& snapshot) {
  return std::ranges::any_of(Tiers(*snapshot.manifest), [](const auto& tier) { return tier.second.size() >= kUrgent; });
}

void Compact(table::Snapshot snapshot, const MaintenanceOptions& options, const std::shared_ptr<Session>& session) {
  std::vector<CompactionGroup> groups = PlanMaintenance(snapshot);
  if (groups.empty()) return;
  const Claim claim(*snapshot.store);
  if (!claim.is_ours() && !IsUrgent(snapshot)) return;
  // Others may have done it since: what is due is looked at where the line of versions ends.
  const CompactionOptions compaction{.target_rows_per_fragment = kFullRows,
                                     .change = {.durability = options.sync ? Durability::kFull : Durability::kNone}};
  for (int round = 0; round < kMostRounds; ++round) {
    if (table::LatestVersion(*snapshot.store) != snapshot.version()) snapshot = table::LoadSnapshot(snapshot.store);
    groups = PlanMaintenance(snapshot);
    if (groups.empty()) return;
    snapshot = CompactGroups(snapshot, groups, compaction, session).snapshot;
  }
}

/// Whether an eighth of the versions may go. Reads a few manifests.
bool IsCleanupDue(const table::Snapshot& at, const Retention& retention, int64_t now) {
  const table::VersionListing listing = table::ListVersions(*at.store);
  const size_t count = listing.versions.size();
  if (count <= retention.versions) return false;
  const size_t last = std::min(count / 8, count - retention.versions - 1);
  return table::ReadManifest(*at.store, listing.versions[last])->timestamp_ns() < now - retention.older_than.count();
}

void CleanUp(const table::Snapshot& committed, const Retention& retention, const MaintenanceOptions& options) {
  if (!IsCleanupDue(committed, retention, options.clock ? options.clock() : SystemNow())) return;
  const Claim claim(*committed.store);
  if (!claim.is_ours()) return;
  table::Cleanup(committed, {.older_than = retention.older_than,
                             .retain_versions = retention.versions,
                             .error_if_tagged = false,
                             .sync = options.sync,
                             .clock = options.clock});
}

template <typename Work>
void Quietly(const Work& work) {
  // The commit has landed, and a later one tries again. What a surface throws to stop the work passes through.
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCancelled) throw;
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

void CheckMaintenanceEntry(const std::string& key, const std::string& value) {
  if (!key.starts_with("eider.mainten")) return;
  if (key == kSwitch) {
    if (value != "on" && value != "off") throw Invalid("config: '{}' is '{}'; it must be on or off", key, value);
  } else if (key == kOlderThan) {
    if (!table::ParseTimeSpan(value)) throw Invalid("config: '{}' is '{}'; it must be a span of time, such as 14days or 2h 30m", key, value);
  } else if (key == kRetainVersions) {
    if (!ParseCount(value)) throw Invalid("config: '{}' is '{}'; it must be a number from 1 on", key, value);
  } else {
    throw Invalid("config: there is no '{}'; '{}', '{}' and '{}' are known", key, kSwitch, kOlderThan, kRetainVersions);
  }
}

std::vector<CompactionGroup> PlanMaintenance(const table::Snapshot& snapshot) {
  std::vector<CompactionGroup> groups;
  const table::Manifest& manifest = *snapshot.manifest;
  std::vector<bool> taken(manifest.num_fragments());
  if (std::optional<CompactionGroup> tier = FullTier(snapshot)) {
    for (const size_t i : tier->fragments) taken[i] = true;
    groups.push_back(std::move(*tier));
  }
  for (size_t i = 0; i < manifest.num_fragments() && groups.size() < kMostFragments; ++i) {
    const table::Fragment& fragment = manifest.fragment(i);
    if (taken[i] || fragment.has_overlays()) continue;
    if (fragment.num_deleted_rows() > fragment.physical_rows() / 3) groups.push_back({.fragments = {i}});
    else if (static_cast<uint64_t>(fragment.num_files()) > kMostSmallFiles && SmallFiles(fragment, manifest.schema()).size() > kMostSmallFiles) {
      groups.push_back({.fragments = {i}, .merges_files = true});
    }
  }
  return groups;
}

void Maintain(const table::Snapshot& committed, const MaintenanceOptions& options, const std::shared_ptr<Session>& session) {
  const std::optional<Retention> retention = RetentionOf(*committed.manifest);
  if (!retention) return;
  if (committed.version() % kCompactEvery == 0) Quietly([&] { Compact(committed, options, session); });
  if (committed.version() % kCleanUpEvery == 0) Quietly([&] { CleanUp(committed, *retention, options); });
}

}  // namespace eider::mutate
