#include <eider/aggregate.h>
#include <eider/session.h>

#include <algorithm>

#include "eider/array/row_keys.h"
#include "eider/array/take.h"
#include "eider/base/hash_bytes.h"
#include "eider/base/key_set.h"
#include "eider/base/task_pool.h"
#include "eider/query/ordered_tasks.h"

namespace eider {
namespace {

/// A batch, its rows as keys, and those of its rows that are the first of their kind in it.
struct Sifted {
  RecordBatch batch;
  std::shared_ptr<const RowKeys> keys;
  std::vector<int64_t> rows;
  std::vector<uint64_t> hashes;
};

Sifted Sift(RecordBatch batch) {
  Sifted out{.batch = std::move(batch), .keys = nullptr, .rows = {}, .hashes = {}};
  out.keys = std::make_shared<const RowKeys>(out.batch.columns, out.batch.num_rows);
  KeySet set;
  for (int64_t row = 0; row < out.batch.num_rows; ++row) {
    const ByteSpan key = out.keys->At(row);
    const uint64_t hash = HashBytes(key);
    const size_t before = set.size();
    if (set.Number(key, hash) < before) continue;
    out.rows.push_back(row);
    out.hashes.push_back(hash);
  }
  return out;
}

class DistinctReader final : public RecordBatchReader {
 public:
  DistinctReader(std::unique_ptr<RecordBatchReader> source, std::shared_ptr<Session> session)
      : session_(std::move(session)), source_(std::move(source)), set_(session_->budget(), "distinct rows"), tasks_(session_->cpu_pool()) {}
  const SchemaPtr& schema() const override { return source_->schema(); }

  std::optional<RecordBatch> Next() override {
    while (true) {
      CheckInterrupt();
      Prefetch();
      if (tasks_.empty()) return std::nullopt;
      const Sifted sifted = tasks_.Next();
      std::vector<int64_t> rows;
      for (size_t i = 0; i < sifted.rows.size(); ++i) {
        const size_t before = set_.size();
        if (set_.Number(sifted.keys->At(sifted.rows[i]), sifted.hashes[i]) >= before) rows.push_back(sifted.rows[i]);
      }
      if (!rows.empty()) return TakeRows(sifted.batch, rows);
    }
  }

 private:
  void Prefetch() {
    const int threads = session_->cpu_pool().num_threads();
    while (!at_end_ && tasks_.size() < static_cast<size_t>(std::max(0, threads)) + 1) {
      std::optional<RecordBatch> batch = source_->Next();
      at_end_ = !batch;
      if (batch) tasks_.Start([batch = std::move(*batch)] { return Sift(batch); }, threads == 0);
    }
  }

  static RecordBatch TakeRows(const RecordBatch& batch, const std::vector<int64_t>& rows) {
    if (static_cast<int64_t>(rows.size()) == batch.num_rows) return batch;
    RecordBatch out{.schema = batch.schema, .num_rows = static_cast<int64_t>(rows.size())};
    for (const ArrayPtr& column : batch.columns) out.columns.push_back(TakeArray(column, rows));
    return out;
  }

  const std::shared_ptr<Session> session_;
  const std::unique_ptr<RecordBatchReader> source_;
  KeySet set_;
  bool at_end_ = false;
  query::OrderedTasks<Sifted> tasks_;
};

}  // namespace

std::unique_ptr<RecordBatchReader> DistinctRows(std::unique_ptr<RecordBatchReader> rows, std::shared_ptr<Session> session) {
  return std::make_unique<DistinctReader>(std::move(rows), std::move(session));
}

}  // namespace eider
