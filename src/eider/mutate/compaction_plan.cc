#include "eider/mutate/compaction_plan.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "eider/mutate/merge_files.h"
#include "eider/schema/blob_columns.h"

namespace eider::mutate {
namespace {

enum class Need { kNone, kWithNeighbours, kAlone };

struct Measured {
  uint64_t live_rows = 0, bytes = 0;
  Need need = Need::kNone;
};

Measured Measure(const query::TableReader& table, size_t i, const CompactionOptions& options) {
  const file::ReadContext context = table.context(nullptr);
  const query::FragmentReader& reader = table.fragment(i);
  const uint64_t physical_rows = reader.physical_rows(context);
  Measured out{.live_rows = reader.live_rows(context)};
  const double deleted = static_cast<double>(physical_rows - out.live_rows) / static_cast<double>(std::max<uint64_t>(1, physical_rows));
  const bool drops = options.materialize_deletions && deleted > options.materialize_deletions_threshold;
  if (drops) out.need = Need::kAlone;
  if (!drops && physical_rows >= options.target_rows_per_fragment) return out;
  out.bytes = StoredBytes(table.snapshot(), table.snapshot().manifest->fragment(i));
  const bool is_full = out.bytes >= std::min(options.target_bytes_per_fragment, options.max_bytes_per_file);
  if (!drops && !is_full) out.need = Need::kWithNeighbours;
  return out;
}

/// Cuts a run of fragments into groups of about the wanted rows, so that none waits for all, and adds those that are worth it.
class Groups {
 public:
  explicit Groups(const CompactionOptions& options) : options_(options) {}
  void Add(size_t fragment, const Measured& measured) {
    if (measured.need == Need::kNone) return Close();
    current_.fragments.push_back(fragment);
    rows_ += measured.live_rows;
    bytes_ += measured.bytes;
    worth_ |= measured.need == Need::kAlone || current_.fragments.size() > 1;
    if (rows_ >= options_.target_rows_per_fragment || bytes_ >= options_.target_bytes_per_fragment) Close();
  }
  void AddMerge(size_t fragment, uint64_t rows, uint64_t bytes) {
    Close();
    Take({.fragments = {fragment}, .merges_files = true}, rows, bytes);
  }
  void Close() {
    if (worth_) Take(current_, rows_, bytes_);
    current_ = {};
    rows_ = bytes_ = 0;
    worth_ = false;
  }
  std::vector<CompactionGroup> Finish() {
    Close();
    return std::exchange(groups_, {});
  }

 private:
  /// What is read stays within the limits: the group that leaves them is the end.
  void Take(CompactionGroup group, uint64_t rows, uint64_t bytes) {
    const auto is_past = [](const std::optional<uint64_t>& limit, uint64_t value) { return limit && value > *limit; };
    all_fragments_ += group.fragments.size();
    all_rows_ += rows;
    all_bytes_ += bytes;
    at_end_ |= is_past(options_.max_source_fragments, all_fragments_) || is_past(options_.max_source_rows, all_rows_) ||
               is_past(options_.max_source_bytes, all_bytes_);
    if (!at_end_) groups_.push_back(std::move(group));
  }

  const CompactionOptions& options_;
  std::vector<CompactionGroup> groups_;
  CompactionGroup current_;
  uint64_t rows_ = 0, bytes_ = 0;
  bool worth_ = false;
  uint64_t all_fragments_ = 0, all_rows_ = 0, all_bytes_ = 0;
  bool at_end_ = false;
};

}  // namespace

uint64_t StoredBytes(const table::Snapshot& snapshot, const table::Fragment& fragment) {
  const auto& fields = snapshot.manifest->schema().fields;
  const bool may_have_side_cars = std::ranges::any_of(fields, [](const LanceField& field) { return HasBlobsOf(field, BlobForm::kV2); });
  uint64_t bytes = 0;
  for (int f = 0; f < fragment.num_files(); ++f) {
    bytes += fragment.file(f).file_size_bytes();
    if (!may_have_side_cars) continue;
    const table::FileLocation location = table::LocateDataFile(snapshot, fragment.file(f));
    const std::string side_car = SideCarPath(location.path, 1);
    for (const io::FileInfo& file : location.store->List(side_car.substr(0, side_car.rfind('/')))) bytes += file.size;
  }
  return bytes;
}

std::vector<CompactionGroup> PlanCompaction(const query::TableReader& table, const CompactionOptions& options) {
  const std::unordered_set<uint64_t> excluded(options.excluded_fragment_ids.begin(), options.excluded_fragment_ids.end());
  const table::Manifest& manifest = *table.snapshot().manifest;
  Groups groups(options);
  std::vector<bool> rewritten(manifest.num_fragments());
  const auto wanted = [&](size_t i) { return !excluded.contains(manifest.fragment(i).id()); };
  for (size_t i = 0; i < manifest.num_fragments() && !options.files_only; ++i) {
    if (wanted(i)) groups.Add(i, Measure(table, i, options));
    else groups.Close();
  }
  std::vector<CompactionGroup> plan = groups.Finish();
  for (const CompactionGroup& group : plan) {
    for (const size_t i : group.fragments) rewritten[i] = true;
  }
  for (size_t i = 0; i < manifest.num_fragments(); ++i) {
    const table::Fragment& fragment = manifest.fragment(i);
    if (!wanted(i) || rewritten[i] || static_cast<uint64_t>(fragment.num_files()) <= options.max_small_files) continue;
    const std::vector<int> small = SmallFiles(fragment, manifest.schema());
    if (small.size() <= options.max_small_files) continue;
    uint64_t bytes = 0;
    for (const int file : small) bytes += fragment.file(file).file_size_bytes();
    groups.AddMerge(i, fragment.physical_rows(), bytes);
  }
  for (CompactionGroup& merge : groups.Finish()) plan.push_back(std::move(merge));
  return plan;
}

}  // namespace eider::mutate
