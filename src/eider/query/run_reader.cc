#include "eider/query/run_reader.h"

#include <algorithm>
#include <numeric>

#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/schema/field_path.h"

namespace eider::query {
namespace {

/// What costs how much, in nanoseconds or so: to take a value, to decode one, and of each per 4 bytes.
constexpr uint64_t kTakeValue = 150, kDecodeValue = 1;
/// A row as wide as the holes that reads jump over: of such a column those that fail are never read, however few they are.
constexpr uint64_t kWideBytes = 4096;

bool IsSame(const LanceField& a, const LanceField& b) {
  return a.id == b.id && std::ranges::equal(a.children, b.children, IsSame);
}

}  // namespace

RunReader::RunReader(std::shared_ptr<const TableReader> table, ReadPlanPtr plan, const ScanOptions& options, const ReadPlan* known)
    : table_(std::move(table)),
      plan_(std::move(plan)),
      include_deleted_(options.include_deleted_rows),
      stats_(options.stats),
      sources_(plan_->projected().fields.size(), -1) {
  SetManners(options);
  if (!known) return;
  const std::vector<LanceField>& fields = known->projected().fields;
  taken_over_.resize(fields.size());
  if (include_deleted_) return;  // reads whole windows
  for (size_t i = 0; i < sources_.size(); ++i) {
    const auto found = std::ranges::find_if(fields, [&](const LanceField& field) { return IsSame(field, plan_->projected().fields[i]); });
    if (found == fields.end() || plan_->materializes(i)) continue;
    sources_[i] = static_cast<int>(found - fields.begin());
    taken_over_[static_cast<size_t>(sources_[i])] = true;
  }
}

void RunReader::SetManners(const ScanOptions& options) {
  const LateColumns late = options.late;
  manners_.assign(sources_.size(), late == LateColumns::kByCost ? Manner::kByCost : late == LateColumns::kAll ? Manner::kByRow : Manner::kByBlock);
  if (late != LateColumns::kNamed) return;
  for (const std::string& path : options.late_columns) {
    if (!table_->snapshot().manifest->schema().FindPath(path)) throw NotFound("late_columns: no column '{}'", path);
    const std::vector<LanceField>& fields = plan_->projected().fields;
    const auto found = std::ranges::find(fields, SplitFieldPath(path)[0], &LanceField::name);
    if (found != fields.end()) manners_[static_cast<size_t>(found - fields.begin())] = Manner::kByRow;
  }
}

RecordBatch RunReader::Read(const RowRun& run) const {
  const file::ReadContext context = table_->context(stats_);
  std::vector<ArrayPtr> fields = ReadFields(run, context);
  if (include_deleted_) {
    RecordBatch batch = table_->AssembleWithDeleted(*plan_, std::move(fields), run.fragment, run.first, run.count, context);
    if (!run.chosen) return batch;
    std::vector<int64_t> places(run.chosen->size());
    std::ranges::transform(run.chosen->span(), places.begin(), [&](uint64_t row) { return static_cast<int64_t>(row - run.first); });
    return TakeBatch(batch, places);
  }
  std::vector<uint64_t> live;
  if (plan_->needs_addresses() && !run.chosen) {
    live.resize(run.count);
    std::iota(live.begin(), live.end(), run.first);
  }
  RecordBatch batch = table_->Assemble(*plan_, std::move(fields), run.fragment, run.chosen ? run.chosen->span() : live, context);
  batch.num_rows = static_cast<int64_t>(run.size());
  return batch;
}

std::vector<ArrayPtr> RunReader::ReadFields(const RowRun& run, const file::ReadContext& context) const {
  std::vector<bool> wanted(sources_.size(), true);
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = sources_[i] < 0 || run.known.empty();
  std::vector<ArrayPtr> fields(sources_.size());
  if (std::ranges::find(wanted, true) != wanted.end()) {
    const FragmentReader& fragment = table_->fragment(run.fragment);
    if (include_deleted_) fields = fragment.ReadPhysical(*plan_, run.first, run.count, wanted, context);
    else if (run.chosen) fields = ReadChosen(run, wanted, context);
    else fields = fragment.ReadLive(*plan_, run.first, run.count, wanted, context);
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i]) fields[i] = run.known[static_cast<size_t>(sources_[i])];
  }
  return fields;
}

std::vector<bool> RunReader::ChooseTakes(const RowRun& run, std::vector<bool> wanted, uint64_t window, const file::ReadContext& context) const {
  std::call_once(widths_once_, [&] {
    widths_ = table_->fragment(run.fragment).StoredBytesPerRow(*plan_, context);
    for (const ReadPlan::Output& output : plan_->outputs()) {
      if (output.field < 0) continue;
      uint64_t& width = widths_[static_cast<size_t>(output.field)];
      width = std::max(width, FixedBitWidth(*plan_->schema()->fields[static_cast<size_t>(&output - plan_->outputs().data())].type) / 8);
    }
  });
  for (size_t i = 0; i < wanted.size(); ++i) {
    const uint64_t bytes = widths_[i] / 4;
    const bool is_cheaper = widths_[i] >= kWideBytes ? run.size() < window : run.size() * (kTakeValue + bytes) < window * (kDecodeValue + bytes);
    wanted[i] = wanted[i] && (manners_[i] == Manner::kByRow || (manners_[i] == Manner::kByCost && is_cheaper));
  }
  return wanted;
}

std::vector<ArrayPtr> RunReader::ReadChosen(const RowRun& run, const std::vector<bool>& wanted, const file::ReadContext& context) const {
  const std::span<const uint64_t> chosen = run.chosen->span();
  if (chosen.empty()) return table_->fragment(run.fragment).ReadLive(*plan_, run.first, 0, wanted, context);
  const bool whole = std::ranges::find(manners_, Manner::kByBlock) != manners_.end();
  const uint64_t first = whole ? run.first : chosen.front(), window = whole ? run.count : chosen.back() + 1 - first;
  const std::vector<bool> takes = ChooseTakes(run, wanted, window, context);
  std::vector<bool> decodes = wanted;
  for (size_t i = 0; i < takes.size(); ++i) decodes[i] = wanted[i] && !takes[i];
  std::vector<ArrayPtr> fields(wanted.size());
  if (std::ranges::find(takes, true) != takes.end()) {
    std::vector<uint64_t> positions(chosen.begin(), chosen.end());
    for (uint64_t& position : positions) position += table_->Starts()[run.fragment];
    fields = table_->TakeFields(*plan_, positions, takes, stats_);
  }
  if (std::ranges::find(decodes, true) == decodes.end()) return fields;
  const std::vector<ArrayPtr> decoded = table_->fragment(run.fragment).ReadLive(*plan_, first, window, decodes, context);
  std::vector<int64_t> places(chosen.size());
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(chosen[i] - first);
  for (size_t i = 0; i < decodes.size(); ++i) {
    if (decodes[i]) fields[i] = chosen.size() == window ? decoded[i] : TakeArray(decoded[i], places);
  }
  return fields;
}

}  // namespace eider::query
