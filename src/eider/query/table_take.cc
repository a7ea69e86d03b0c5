#include <algorithm>

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/base/task_pool.h"
#include "eider/query/computed_columns.h"
#include "eider/query/row_groups.h"
#include "eider/query/stage_timer.h"
#include "eider/query/table_reader.h"
#include "eider/schema/json_columns.h"

namespace eider::query {
namespace {

/// Fewer are taken in the time that it takes to wake another thread.
constexpr size_t kParallelValues = 1024;

}  // namespace

/// One take: fields by address where that is possible, whatever fragments the rows lie in; the others fragment by fragment.
class TableTake {
 public:
  /// `wanted`: the fields to take; empty: all. `with_deleted`: positions count deleted rows, too.
  TableTake(const TableReader& table, const ReadPlan& plan, std::span<const uint64_t> positions, std::vector<bool> wanted,
            const file::ReadContext& context, bool with_deleted = false)
      : table_(table),
        plan_(plan),
        context_(context),
        with_deleted_(with_deleted),
        rows_(with_deleted ? table.PhysicalStarts() : table.Starts(), positions),
        wanted_(std::move(wanted)),
        fields_(plan.projected().fields.size()) {
    wanted_.resize(fields_.size(), wanted_.empty());
    physical_.resize(rows_.groups().size());
    for (size_t g = 0; g < physical_.size(); ++g) FindPhysical(rows_.groups()[g], physical_[g]);
  }

  std::vector<ArrayPtr> Fields() {
    TakeByAddress();
    TakeByFragment();
    return std::move(fields_);
  }

  RecordBatch Run() {
    TakeByAddress();
    TakeByFragment();
    RecordBatch batch{.schema = plan_.schema(), .num_rows = static_cast<int64_t>(rows_.num_rows())};
    if (plan_.is_identity()) {
      batch.columns = std::move(fields_);
      return batch;
    }
    for (const ReadPlan::Output& output : plan_.outputs()) {
      if (output.field >= 0) batch.columns.push_back(fields_[static_cast<size_t>(output.field)]);
      else batch.columns.push_back(with_deleted_ ? SystemValuesOrNull(output.system) : SystemValues(output.system));
    }
    return batch;
  }

 private:
  void FindPhysical(RowGroups::Group& group, std::vector<uint64_t>& storage) const {
    const FragmentReader& fragment = table_.fragment(group.fragment);
    group.physical = group.live;
    if (with_deleted_ || fragment.deletions(context_) == nullptr) return;
    storage.resize(group.live.size());
    fragment.PhysicalOffsets(group.live, storage, context_);
    group.physical = storage;
  }

  void TakeByAddress() {
    std::vector<file::FileRanges> ranges(fields_.size());
    const auto take = [&](size_t i) {
      if (wanted_[i]) fields_[i] = TakeByAddress(i, ranges[i]);
    };
    if (fields_.size() > 1 && rows_.num_rows() * fields_.size() >= kParallelValues) {
      context_.session->cpu_pool().ParallelFor(fields_.size(), take);
    } else {
      for (size_t i = 0; i < fields_.size(); ++i) take(i);
    }
    file::FileRanges by_file;
    for (const file::FileRanges& of_field : ranges) {
      for (const auto& [file, read] : of_field) by_file[file].insert(by_file[file].end(), read.begin(), read.end());
    }
    for (const auto& [file, read] : by_file) file->CountRanges(read, context_.stats);
  }

  /// Null when the field must be read in another way.
  ArrayPtr TakeByAddress(size_t field, file::FileRanges& ranges) const {
    file::FieldTake take(rows_.num_rows());
    for (const RowGroups::Group& group : rows_.groups()) {
      if (!table_.fragment(group.fragment).AddTo(take, plan_, field, group.physical, group.slots, context_)) return nullptr;
    }
    if (!take.LocateSparse()) return nullptr;
    ArrayPtr array = take.Finish(context_);
    if (context_.stats) take.AppendRanges(ranges);
    return plan_.has_json(field) ? ShowJson(array, plan_.projected().fields[field]) : array;
  }

  void TakeByFragment() {
    std::vector<bool> wanted(fields_.size());
    for (size_t i = 0; i < fields_.size(); ++i) wanted[i] = wanted_[i] && fields_[i] == nullptr;
    if (std::ranges::find(wanted, true) == wanted.end()) return;
    std::vector<std::vector<ArrayPtr>> parts;
    for (const RowGroups::Group& group : rows_.groups()) {
      parts.push_back(table_.fragment(group.fragment).Take(plan_, group.physical, wanted, context_));
    }
    const std::vector<int64_t> places = rows_.in_order() ? std::vector<int64_t>() : rows_.Places();
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!wanted[i]) continue;
      std::vector<ArrayPtr> pieces;
      for (const std::vector<ArrayPtr>& part : parts) pieces.push_back(part[i]);
      fields_[i] = pieces.size() == 1 ? pieces[0] : ConcatArrays(pieces);
      if (!rows_.in_order()) fields_[i] = TakeArray(fields_[i], places);
    }
  }

  ArrayPtr SystemValues(SystemColumn column) const {
    BufferBuilder values, of_group;
    values.Resize(rows_.num_rows() * 8);
    for (const RowGroups::Group& group : rows_.groups()) {
      of_group.Resize(group.live.size() * 8);
      table_.FillSystemColumn(column, group.fragment, group.live, group.physical, of_group.as<uint64_t>());
      for (size_t i = 0; i < group.live.size(); ++i) {
        values.as<uint64_t>()[group.slots.empty() ? i : group.slots[i]] = of_group.as<uint64_t>()[i];
      }
    }
    return MakeUInt64Array(std::move(values), rows_.num_rows());
  }

  /// The same where positions count deleted rows, which have none.
  ArrayPtr SystemValuesOrNull(SystemColumn column) const {
    std::vector<int64_t> places(rows_.num_rows(), -1);
    BufferBuilder values;
    size_t num_live = 0;
    for (const RowGroups::Group& group : rows_.groups()) {
      const rows::DeletionVector* deleted = table_.fragment(group.fragment).deletions(context_);
      std::vector<uint64_t> live, physical;
      for (size_t i = 0; i < group.physical.size(); ++i) {
        const uint64_t row = group.physical[i];
        if (deleted && deleted->IsDeleted(row)) continue;
        places[group.slots.empty() ? i : group.slots[i]] = static_cast<int64_t>(num_live + live.size());
        live.push_back(deleted ? deleted->CountLive(row) : row);
        physical.push_back(row);
      }
      values.Resize((num_live + live.size()) * 8);
      table_.FillSystemColumn(column, group.fragment, live, physical, values.as<uint64_t>() + num_live);
      num_live += live.size();
    }
    return TakeArray(MakeUInt64Array(std::move(values), num_live), places);
  }

  const TableReader& table_;
  const ReadPlan& plan_;
  const file::ReadContext& context_;
  const bool with_deleted_;
  RowGroups rows_;
  std::vector<std::vector<uint64_t>> physical_;  ///< by group, where rows are deleted
  std::vector<bool> wanted_;
  std::vector<ArrayPtr> fields_;
};

std::vector<ArrayPtr> TableReader::TakeFields(const ReadPlan& plan, std::span<const uint64_t> positions, const std::vector<bool>& wanted,
                                              ScanStats* stats) const {
  return TableTake(*this, plan, positions, wanted, context(stats)).Fields();
}

RecordBatch TableReader::TakeWithDeleted(const ReadPlan& plan, std::span<const uint64_t> positions, ScanStats* stats) const {
  const StageTimer timer(&ScanStats::read_ns, stats);
  AddRows(&ScanStats::rows_read, positions.size(), stats);
  return TableTake(*this, plan, positions, {}, context(stats), true).Run();
}

RecordBatch TableReader::Take(const ReadPlan& plan, std::span<const uint64_t> positions, ScanStats* stats) const {
  const StageTimer timer(&ScanStats::read_ns, stats);
  AddRows(&ScanStats::rows_read, positions.size(), stats);
  const uint64_t total = Starts().back();
  for (size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] >= total) throw Invalid("take: index {} at position {} is out of range, the dataset has {} rows", positions[i], i, total);
  }
  if (!positions.empty()) return TableTake(*this, plan, positions, {}, context(stats)).Run();
  RecordBatch batch{.schema = plan.schema()};
  for (const Field& field : plan.schema()->fields) {
    auto empty = std::make_shared<Array>(*MakeNullArray(field.type, 0));
    empty->null_count = 0;
    batch.columns.push_back(std::move(empty));
  }
  return batch;
}

RecordBatch TableReader::Take(const ScanOptions& options, std::span<const uint64_t> positions) const {
  if (options.computed.empty()) return Take(*Plan(options), positions, options.stats);
  const ComputedColumns computed(*this, options);
  return computed.Apply(Take(*Plan(computed.ReadOptions()), positions, options.stats));
}

const RowIdIndex& TableReader::StableRowIds() const {
  std::call_once(row_ids_once_, [this] {
    RowIdIndex index;
    for (size_t i = 0; i < fragments_.size(); ++i) index.Add(fragment(i).StableRowIds(), fragment(i).deletions(context(nullptr)));
    index.Finish();
    row_ids_ = std::move(index);
  });
  return row_ids_;
}

std::optional<uint64_t> TableReader::PositionOfAddress(uint64_t address) const {
  const std::optional<size_t> index = snapshot_.manifest->FindFragment(address >> 32);
  const uint64_t physical = address & UINT32_MAX;
  if (!index || physical >= fragment(*index).physical_rows(context(nullptr))) return std::nullopt;
  const rows::DeletionVector* deleted = fragment(*index).deletions(context(nullptr));
  if (deleted && deleted->IsDeleted(physical)) return std::nullopt;
  return Starts()[*index] + (deleted ? deleted->CountLive(physical) : physical);
}

std::vector<uint64_t> TableReader::FindRows(std::span<const uint64_t> rows, RowNaming naming) const {
  const bool by_id = naming == RowNaming::kId && snapshot_.manifest->uses_stable_row_ids();
  const RowIdIndex* ids = by_id ? &StableRowIds() : nullptr;
  std::vector<uint64_t> positions(rows.size());
  std::ranges::transform(rows, positions.begin(), [&](uint64_t row) {
    if (naming == RowNaming::kPosition) return row < num_rows() ? row : kNoRow;
    return (ids ? ids->Find(row) : PositionOfAddress(row)).value_or(kNoRow);
  });
  return positions;
}

}  // namespace eider::query
