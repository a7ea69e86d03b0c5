#include "eider/table/cleanup.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "eider/base/error.h"
#include "eider/table/cleanup_plan.h"
#include "eider/table/refs.h"

namespace eider::table {
namespace {

using Kind = CleanupFile::Kind;

void Count(const CleanupFile& file, CleanupStats* stats) {
  stats->bytes_removed += file.size_bytes;
  switch (file.kind) {
    case Kind::kManifest: ++stats->old_versions; break;
    case Kind::kData: ++stats->data_files_removed; break;
    case Kind::kDeletion: ++stats->deletion_files_removed; break;
    case Kind::kTransaction: ++stats->transaction_files_removed; break;
    case Kind::kIndex: ++stats->index_files_removed; break;
    case Kind::kTemporaryManifest: break;
  }
}

/// Spreads deletions over time.
class Pace {
 public:
  explicit Pace(std::optional<uint64_t> per_second) : per_second_(per_second) {}
  void Wait() {
    if (!per_second_) return;
    std::this_thread::sleep_until(start_ + std::chrono::nanoseconds(1'000'000'000 / *per_second_ * count_));
    ++count_;
  }

 private:
  const std::optional<uint64_t> per_second_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  uint64_t count_ = 0;
};

/// Somebody may have named a version since the plan was made.
void RequireStillUnnamed(const Snapshot& at, const CleanupPlan& plan) {
  const std::set<uint64_t> named = NamedVersions(at);
  for (const uint64_t version : plan.removed_versions) {
    if (named.contains(version)) {
      throw RetryableConflict("cleanup: version {} was given a tag or a branch since it was looked at: run it again", version);
    }
  }
}

void DeleteFiles(io::ObjectStore& store, const std::vector<CleanupFile>& files, const NamedFiles& spared, Pace* pace, CleanupStats* stats) {
  std::set<std::string> folders;
  for (const CleanupFile& file : files) {
    if (file.kind == Kind::kManifest || IsNamed(spared, file)) continue;
    pace->Wait();
    try {
      store.Delete(file.path);
    } catch (const Error&) {
      // It takes space, and nobody reads it: the next cleanup finds it again.
      ++stats->failed_deletes;
      continue;
    }
    Count(file, stats);
    const std::string folder = file.path.substr(0, file.path.rfind('/'));
    if (folder.find('/') != std::string::npos) folders.insert(folder);
  }
  for (const std::string& folder : folders) {
    try {
      store.DeleteEmptyFolder(folder);
    } catch (const Error&) {
    }
  }
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Unit {
  std::string_view name;
  uint64_t ns;
};
constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kDayNs = 86'400 * kSecondNs;
constexpr Unit kUnits[] = {
    {"nsec", 1}, {"ns", 1}, {"usec", 1000}, {"us", 1000}, {"msec", 1'000'000}, {"ms", 1'000'000},
    {"seconds", kSecondNs}, {"second", kSecondNs}, {"sec", kSecondNs}, {"secs", kSecondNs}, {"s", kSecondNs},
    {"minutes", 60 * kSecondNs}, {"minute", 60 * kSecondNs}, {"min", 60 * kSecondNs}, {"mins", 60 * kSecondNs}, {"m", 60 * kSecondNs},
    {"hours", 3600 * kSecondNs}, {"hour", 3600 * kSecondNs}, {"hr", 3600 * kSecondNs}, {"hrs", 3600 * kSecondNs}, {"h", 3600 * kSecondNs},
    {"days", kDayNs}, {"day", kDayNs}, {"d", kDayNs}, {"weeks", 7 * kDayNs}, {"week", 7 * kDayNs}, {"wk", 7 * kDayNs}, {"wks", 7 * kDayNs}, {"w", 7 * kDayNs},
    {"months", 2'630'016 * kSecondNs}, {"month", 2'630'016 * kSecondNs}, {"M", 2'630'016 * kSecondNs},
    {"years", 31'557'600 * kSecondNs}, {"year", 31'557'600 * kSecondNs}, {"yr", 31'557'600 * kSecondNs}, {"yrs", 31'557'600 * kSecondNs}, {"y", 31'557'600 * kSecondNs},
};

std::optional<std::string> ConfigOf(const Manifest& manifest, const char* key) {
  const auto& config = manifest.head().config();
  const auto found = config.find(key);
  return found == config.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

CleanupExplanation ExplainCleanup(const Snapshot& at, const CleanupOptions& options) {
  CleanupPlan plan = PlanCleanup(at, options);
  CleanupExplanation explanation{.read_version = at.version(), .files = std::move(plan.files), .branches = std::move(plan.branches),
                                 .warnings = std::move(plan.warnings)};
  for (const CleanupFile& file : explanation.files) Count(file, &explanation.stats);
  return explanation;
}

CleanupStats Cleanup(const Snapshot& at, const CleanupOptions& options) {
  const CleanupPlan plan = PlanCleanup(at, options);
  CleanupStats stats;
  if (plan.files.empty()) return stats;
  RequireStillUnnamed(at, plan);
  Pace pace(options.deletes_per_second);
  for (const CleanupFile& file : plan.files) {
    if (file.kind != Kind::kManifest) continue;
    pace.Wait();
    at.store->Delete(file.path);
    Count(file, &stats);
  }
  // A version that came back after a loss of power would miss its files.
  if (stats.old_versions > 0 && options.sync) at.store->SyncFolder("_versions");
  // Versions and branches that came since the plan was made may have been made from one that went.
  DeleteFiles(*at.store, plan.files, FilesToSpare(at, plan.removed_versions).named, &pace, &stats);
  return stats;
}

std::optional<std::chrono::nanoseconds> ParseTimeSpan(std::string_view text) {
  const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); };
  uint64_t total = 0;
  skip_blanks();
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::optional<uint64_t> number = ParseNumber(text.substr(0, digits));
    text.remove_prefix(digits);
    skip_blanks();
    const size_t letters = std::min(text.find_first_of("0123456789 "), text.size());
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& u) { return u.name == text.substr(0, letters); });
    if (!number || unit == std::end(kUnits)) return std::nullopt;
    uint64_t part = 0;
    if (__builtin_mul_overflow(*number, unit->ns, &part) || __builtin_add_overflow(total, part, &total) || total > INT64_MAX) return std::nullopt;
    text.remove_prefix(letters);
    skip_blanks();
  }
  return std::chrono::nanoseconds(total);
}

void CleanupAfterCommit(const Snapshot& committed, bool sync) {
  const std::optional<std::string> interval_text = ConfigOf(*committed.manifest, "lance.auto_cleanup.interval");
  if (!interval_text) return;
  const std::optional<uint64_t> interval = ParseNumber(*interval_text);
  if (!interval || (*interval != 0 && committed.version() % *interval != 0)) return;
  CleanupOptions options{.error_if_tagged = false, .sync = sync};
  if (const auto text = ConfigOf(*committed.manifest, "lance.auto_cleanup.older_than")) {
    options.older_than = ParseTimeSpan(*text);
    if (!options.older_than) return;
  }
  if (const auto text = ConfigOf(*committed.manifest, "lance.auto_cleanup.retain_versions")) {
    options.retain_versions = ParseNumber(*text);
    if (!options.retain_versions || *options.retain_versions == 0) return;
  }
  if (!options.older_than && !options.retain_versions) return;
  try {
    Cleanup(committed, options);
  } catch (const std::exception&) {
    // The next version that the interval divides tries again.
  }
}

}  // namespace eider::table
