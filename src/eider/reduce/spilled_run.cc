#include "eider/reduce/spilled_run.h"

#include <algorithm>

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/query/batch_cutter.h"

namespace eider::reduce {

std::optional<RecordBatch> JoinBatches(const SchemaPtr& schema, const std::vector<RecordBatch>& parts) {
  try {
    return query::ConcatBatches(schema, parts);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInvalid || parts.size() == 1) throw;
    return std::nullopt;
  }
}

void SpilledRun::Append(RecordBatch batch) {
  if (batch.num_rows == 0) return;
  const uint64_t bytes = BatchBytes(batch);
  if (bytes >= 2 * block_bytes_ && batch.num_rows > 1) {
    const auto parts = std::min<int64_t>(batch.num_rows, static_cast<int64_t>(bytes / block_bytes_));
    for (int64_t first = 0, end = 0; first < batch.num_rows; first = end) {
      end = std::min(batch.num_rows, first + static_cast<int64_t>(CeilDiv(static_cast<uint64_t>(batch.num_rows), static_cast<uint64_t>(parts))));
      Flush();
      pending_.push_back(SliceBatch(batch, first, end - first));
    }
    return Flush();
  }
  pending_bytes_ += bytes;
  pending_.push_back(std::move(batch));
  if (pending_bytes_ >= block_bytes_) Flush();
}

void SpilledRun::Flush() {
  if (pending_.empty()) return;
  if (const std::optional<RecordBatch> joined = JoinBatches(file_->schema(), pending_)) {
    places_.push_back(file_->Append(*joined));
  } else {
    for (const RecordBatch& batch : pending_) places_.push_back(file_->Append(batch));
  }
  pending_.clear();
  pending_bytes_ = 0;
}

RecordBatch SpilledRun::Pop() {
  const query::SpilledBatches::Place place = places_.front();
  places_.pop_front();
  return file_->Read(place);
}

}  // namespace eider::reduce
