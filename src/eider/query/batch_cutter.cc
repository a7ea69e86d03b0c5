#include "eider/query/batch_cutter.h"

#include <algorithm>

#include "eider/array/row_sizes.h"

namespace eider::query {

uint64_t BatchRows(const BatchLimits& limits, uint64_t row_bytes, uint64_t soft_bytes) {
  uint64_t rows = limits.rows;
  if (limits.bytes) rows = std::clamp<uint64_t>(limits.bytes / std::max<uint64_t>(row_bytes, 1), 1, rows);
  if (limits.exact) return rows;
  const uint64_t fit = std::max<uint64_t>(1, soft_bytes / std::max<uint64_t>(row_bytes, 1));
  return fit >= rows / 4 ? rows : fit;
}

bool HasDictionary(const Field& field) {
  return field.type->id == TypeId::kDictionary || std::ranges::any_of(field.type->children, HasDictionary);
}

RecordBatch ConcatBatches(const SchemaPtr& schema, std::vector<RecordBatch> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  RecordBatch out{.schema = schema};
  for (const RecordBatch& part : parts) out.num_rows += part.num_rows;
  for (size_t column = 0; column < schema->fields.size(); ++column) {
    std::vector<ArrayPtr> pieces;
    pieces.reserve(parts.size());
    for (const RecordBatch& part : parts) pieces.push_back(part.columns[column]);
    out.columns.push_back(ConcatArrays(pieces));
  }
  return out;
}

void BatchCutter::Push(RecordBatch batch, bool joins) {
  if (batch.num_rows == 0) return;
  const uint64_t row_bytes = BytesOfRows(batch) / static_cast<uint64_t>(batch.num_rows);
  // Of wide rows a batch holds what fits: more of them are not worth a copy.
  joins = limits_.exact || (joins && BatchRows(limits_, row_bytes, soft_bytes_) == BatchRows(limits_, 1, soft_bytes_));
  pieces_.push_back({std::move(batch), 0, joins, row_bytes});
}

std::optional<RecordBatch> BatchCutter::Pop(bool at_end) {
  if (pieces_.empty()) return std::nullopt;
  int64_t wanted = static_cast<int64_t>(limits_.rows), found = 0;
  bool closed = at_end;
  for (size_t i = 0; i < pieces_.size() && found < wanted; ++i) {
    if (i > 0 && !pieces_[i].joins) {
      closed = true;
      break;
    }
    wanted = std::min(wanted, static_cast<int64_t>(BatchRows(limits_, pieces_[i].row_bytes, soft_bytes_)));
    found += pieces_[i].size();
  }
  if (found < wanted && !closed) return std::nullopt;
  return Emit(std::min(found, wanted));
}

RecordBatch BatchCutter::Emit(int64_t rows) {
  const SchemaPtr schema = pieces_.front().batch.schema;
  std::vector<RecordBatch> parts;
  while (rows > 0) {
    Piece& piece = pieces_.front();
    const int64_t n = std::min(rows, piece.size());
    parts.push_back(n == piece.batch.num_rows ? piece.batch : SliceBatch(piece.batch, piece.begin, n));
    piece.begin += n;
    rows -= n;
    if (piece.size() == 0) pieces_.pop_front();
  }
  return ConcatBatches(schema, std::move(parts));
}

}  // namespace eider::query
