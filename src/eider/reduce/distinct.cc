#include <eider/distinct.h>

#include <algorithm>

#include "eider/query/ordered_tasks.h"
#include "eider/reduce/distinct_set.h"
#include "eider/reduce/spilled_distinct.h"

namespace eider {
namespace {

reduce::KeyForm FormOf(const Schema& schema) {
  std::vector<TypePtr> types;
  for (const Field& field : schema.fields) types.push_back(field.type);
  return reduce::KeyFormOf(types);
}

class DistinctReader final : public RecordBatchReader {
 public:
  DistinctReader(std::unique_ptr<RecordBatchReader> source, std::shared_ptr<Session> session)
      : session_(std::move(session)),
        source_(std::move(source)),
        form_(FormOf(*source_->schema())),
        set_(std::make_shared<reduce::DistinctSet>(*session_, form_, 0)),
        tasks_(session_->cpu_pool()) {}
  const SchemaPtr& schema() const override { return source_->schema(); }

  std::optional<RecordBatch> Next() override {
    while (set_) {
      CheckInterrupt();
      Prefetch();
      if (tasks_.empty()) {
        set_.reset();
        if (spilled_) spilled_->Finish();
        break;
      }
      if (std::optional<RecordBatch> found = Add(tasks_.Next())) return found;
    }
    return spilled_ ? spilled_->Next() : std::nullopt;
  }

 private:
  struct Work {
    RecordBatch batch;
    reduce::Sifted sifted;
  };

  void Prefetch() {
    const auto next = [this]() -> std::function<Work()> {
      std::optional<RecordBatch> batch;
      if (!at_end_) batch = source_->Next();
      at_end_ = !batch;
      if (!batch) return nullptr;
      return [batch = std::move(*batch), set = set_] { return Work{batch, set->Sift(batch.columns, batch.num_rows)}; };
    };
    tasks_.Fill(next, [] { return false; });
  }

  /// The rows that are new, as far as that can be said by now.
  std::optional<RecordBatch> Add(Work work) {
    const uint64_t first = std::exchange(num_rows_, num_rows_ + static_cast<uint64_t>(work.batch.num_rows));
    if (work.sifted.rows.empty()) return std::nullopt;
    std::vector<uint8_t> is_new(static_cast<size_t>(work.batch.num_rows));
    // Other threads sift the next rows meanwhile. Once these are ready, adding is what all wait for.
    if (!set_->Add(work.sifted, is_new, tasks_.empty() || tasks_.IsReady())) {
      if (!spilled_) spilled_ = std::make_unique<reduce::SpilledDistinct>(session_, source_->schema(), form_);
      spilled_->Add(work.batch, work.sifted, first);
      return std::nullopt;
    }
    std::vector<int64_t> rows;
    for (size_t row = 0; row < is_new.size(); ++row) {
      if (is_new[row]) rows.push_back(static_cast<int64_t>(row));
    }
    if (rows.empty()) return std::nullopt;
    return reduce::TakeRows(work.batch, rows);
  }

  const std::shared_ptr<Session> session_;
  const std::unique_ptr<RecordBatchReader> source_;
  const reduce::KeyForm form_;
  std::shared_ptr<reduce::DistinctSet> set_;  ///< null: the source is at its end
  std::unique_ptr<reduce::SpilledDistinct> spilled_;
  uint64_t num_rows_ = 0;
  bool at_end_ = false;
  query::OrderedTasks<Work> tasks_;
};

}  // namespace

std::unique_ptr<RecordBatchReader> DistinctRows(std::unique_ptr<RecordBatchReader> rows, std::shared_ptr<Session> session) {
  return std::make_unique<DistinctReader>(std::move(rows), std::move(session));
}

}  // namespace eider
