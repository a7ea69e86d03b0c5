#include "eider/query/table_reader.h"

#include <algorithm>
#include <numeric>

#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/base/shared_cache.h"
#include "eider/query/batch_cutter.h"
#include "eider/query/row_groups.h"
#include "eider/query/stage_timer.h"

namespace eider::query {
ArrayPtr MakeUInt64Array(BufferBuilder values, size_t count) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kUInt64);
  array->length = static_cast<int64_t>(count);
  array->null_count = 0;
  array->buffers = {values.Finish()};
  return array;
}

std::span<const uint64_t> UInt64Values(const Array& array) {
  return {array.buffers[0].as<uint64_t>() + array.offset, static_cast<size_t>(array.length)};
}

TableReader::TableReader(table::Snapshot snapshot, std::shared_ptr<Session> session)
    : snapshot_(std::move(snapshot)),
      session_(std::move(session)),
      fragments_(snapshot_.manifest->num_fragments()),
      open_(new std::atomic<const FragmentReader*>[fragments_.size()]()) {}

const FragmentReader& TableReader::fragment(size_t index) const {
  const FragmentReader* open = open_[index].load(std::memory_order_acquire);
  if (open) return *open;
  std::lock_guard lock(mutex_);
  if (!fragments_[index]) {
    fragments_[index] = std::make_unique<const FragmentReader>(snapshot_, index);
    open_[index].store(fragments_[index].get(), std::memory_order_release);
  }
  return *fragments_[index];
}

namespace {

/// Rows before each fragment, and the total.
template <typename RowsOf>
std::vector<uint64_t> SumUp(size_t num_fragments, const RowsOf& rows_of) {
  std::vector<uint64_t> starts{0};
  starts.reserve(num_fragments + 1);
  for (size_t i = 0; i < num_fragments; ++i) starts.push_back(CheckedAdd(starts.back(), rows_of(i), "rows of the table"));
  return starts;
}

}  // namespace

const std::vector<uint64_t>& TableReader::Starts() const {
  std::call_once(starts_once_, [this] {
    starts_ = SumUp(fragments_.size(), [this](size_t i) {
      const std::optional<uint64_t> said = snapshot_.manifest->live_rows(i);
      return said ? *said : fragment(i).live_rows(context(nullptr));
    });
  });
  return starts_;
}

const std::vector<uint64_t>& TableReader::PhysicalStarts() const {
  std::call_once(physical_starts_once_, [this] {
    physical_starts_ = SumUp(fragments_.size(), [this](size_t i) { return fragment(i).physical_rows(context(nullptr)); });
  });
  return physical_starts_;
}

ReadPlanPtr TableReader::Plan(const ScanOptions& options) const {
  {
    std::lock_guard lock(mutex_);
    if (last_plan_ && last_options_.columns == options.columns && last_options_.with_row_id == options.with_row_id &&
        last_options_.blob_handling == options.blob_handling &&
        last_options_.with_row_address == options.with_row_address) {
      return last_plan_;
    }
  }
  ReadPlanPtr plan = MakePlan(options);
  std::lock_guard lock(mutex_);
  last_plan_ = plan;
  last_options_ = options;
  return plan;
}

// The plan of all columns is kept by the session as well: short reads open the table anew each time. A kept plan holds its manifest,
// so that the address of that names it.
ReadPlanPtr TableReader::MakePlan(const ScanOptions& options) const {
  const bool keep = session_ && snapshot_.is_kept && !options.columns && !options.with_row_id && !options.with_row_address &&
                    options.blob_handling == BlobHandling::kDescriptions;
  const std::string name = keep ? fmt::format("plan of manifest {}", static_cast<const void*>(snapshot_.manifest.get())) : "";
  if (keep) {
    if (const auto kept = session_->cache().Find(name)) return std::static_pointer_cast<const ReadPlan>(kept);
  }
  auto plan = std::make_shared<const ReadPlan>(snapshot_.manifest, options.columns, options.with_row_id, options.with_row_address,
                                               options.blob_handling);
  if (keep) session_->cache().Insert(name, plan);
  return plan;
}

size_t TableReader::FragmentOf(uint64_t position) const { return FindFragment(Starts(), position); }

void TableReader::FillSystemColumn(SystemColumn column, size_t fragment_index, std::span<const uint64_t> live,
                                   std::span<const uint64_t> physical, uint64_t* out) const {
  const FragmentReader& reader = fragment(fragment_index);
  switch (column) {
    case SystemColumn::kRowId: return reader.RowIds(physical, out);
    case SystemColumn::kRowAddress:
      for (size_t i = 0; i < physical.size(); ++i) out[i] = reader.id() << 32 | physical[i];
      return;
    case SystemColumn::kRowOffset:
      for (size_t i = 0; i < live.size(); ++i) out[i] = Starts()[fragment_index] + live[i];
      return;
    case SystemColumn::kCreatedAt:
    case SystemColumn::kLastUpdatedAt: return reader.VersionsOfRows(column, physical, out);
  }
}

RecordBatch TableReader::Assemble(const ReadPlan& plan, std::vector<ArrayPtr> fields, size_t fragment_index,
                                  std::span<const uint64_t> live, const file::ReadContext& context) const {
  RecordBatch batch{.schema = plan.schema(), .num_rows = static_cast<int64_t>(live.size())};
  if (plan.is_identity()) {
    batch.columns = std::move(fields);
    return batch;
  }
  const FragmentReader& reader = fragment(fragment_index);
  std::vector<uint64_t> physical(plan.needs_addresses() ? live.size() : 0);
  if (plan.needs_addresses()) reader.PhysicalOffsets(live, physical, context);
  for (const ReadPlan::Output& output : plan.outputs()) {
    if (output.field >= 0) {
      batch.columns.push_back(fields[static_cast<size_t>(output.field)]);
      continue;
    }
    BufferBuilder values;
    values.Resize(live.size() * 8);
    FillSystemColumn(output.system, fragment_index, live, physical, values.as<uint64_t>());
    batch.columns.push_back(MakeUInt64Array(std::move(values), live.size()));
  }
  return batch;
}

RecordBatch TableReader::AssembleWithDeleted(const ReadPlan& plan, std::vector<ArrayPtr> fields, size_t fragment_index, uint64_t first,
                                             uint64_t count, const file::ReadContext& context) const {
  const rows::DeletionVector* deleted = fragment(fragment_index).deletions(context);
  std::vector<uint64_t> live;
  std::vector<int64_t> places(count, -1);
  uint64_t live_before = deleted ? deleted->CountLive(first) : first;
  for (uint64_t i = 0; i < count; ++i) {
    if (deleted && deleted->IsDeleted(first + i)) continue;
    places[i] = static_cast<int64_t>(live.size());
    live.push_back(live_before++);
  }
  std::vector<ArrayPtr> no_fields(fields.size());
  RecordBatch batch = Assemble(plan, std::move(no_fields), fragment_index, live, context);
  for (size_t i = 0; i < plan.outputs().size(); ++i) {
    const int field = plan.outputs()[i].field;
    batch.columns[i] = field >= 0 ? fields[static_cast<size_t>(field)] : TakeArray(batch.columns[i], places);
  }
  batch.num_rows = static_cast<int64_t>(count);
  return batch;
}

RecordBatch TableReader::ReadRange(const ReadPlan& plan, uint64_t first, uint64_t count, ScanStats* stats) const {
  const std::vector<uint64_t>& starts = Starts();
  if (first > starts.back() || count > starts.back() - first) {
    throw Invalid("rows [{}, +{}) are out of range, the dataset has {} rows", first, count, starts.back());
  }
  if (count == 0) return Take(plan, {}, stats);
  const StageTimer timer(&ScanStats::read_ns, stats);
  AddRows(&ScanStats::rows_read, count, stats);
  const file::ReadContext context = this->context(stats);
  std::vector<RecordBatch> parts;
  for (size_t f = FragmentOf(first); count > 0; ++f) {
    const uint64_t live_first = first - starts[f];
    const uint64_t live_count = std::min(count, starts[f + 1] - first);
    if (live_count == 0) continue;
    std::vector<ArrayPtr> fields;
    if (!plan.projected().fields.empty()) fields = fragment(f).ReadLive(plan, live_first, live_count, {}, context);
    std::vector<uint64_t> live;
    if (plan.needs_addresses()) {
      live.resize(live_count);
      std::iota(live.begin(), live.end(), live_first);
    }
    parts.push_back(Assemble(plan, std::move(fields), f, live, context));
    parts.back().num_rows = static_cast<int64_t>(live_count);
    first += live_count;
    count -= live_count;
  }
  return ConcatBatches(plan.schema(), std::move(parts));
}

}  // namespace eider::query
