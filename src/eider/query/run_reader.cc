#include "eider/query/run_reader.h"

#include <numeric>

namespace eider::query {

RecordBatch RunReader::Read(const RowRun& run) const {
  const file::ReadContext context = table_->context(stats_);
  std::vector<ArrayPtr> fields(plan_->projected().fields.size());
  if (!fields.empty()) fields = ReadFields(run, context);
  if (include_deleted_) {
    return table_->AssembleWithDeleted(*plan_, std::move(fields), run.fragment, run.first, run.count, context);
  }
  std::vector<uint64_t> live;
  if (plan_->needs_addresses() && !run.chosen) {
    live.resize(run.count);
    std::iota(live.begin(), live.end(), run.first);
  }
  RecordBatch batch = table_->Assemble(*plan_, std::move(fields), run.fragment, run.chosen ? *run.chosen : live, context);
  batch.num_rows = static_cast<int64_t>(run.size());
  return batch;
}

std::vector<ArrayPtr> RunReader::ReadFields(const RowRun& run, const file::ReadContext& context) const {
  const FragmentReader& fragment = table_->fragment(run.fragment);
  if (include_deleted_) return fragment.ReadPhysical(*plan_, run.first, run.count, {}, context);
  return fragment.ReadLive(*plan_, run.first, run.count, {}, context);
}

}  // namespace eider::query
