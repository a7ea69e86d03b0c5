#include "eider/reduce/spilled_distinct.h"

#include <algorithm>
#include <numeric>

#include "eider/array/take.h"
#include "eider/query/batch_cutter.h"
#include "eider/query/table_reader.h"

namespace eider::reduce {
namespace {

constexpr size_t kMostRuns = 64;
/// Rows merged at once, or so.
constexpr int64_t kMergedRows = 8192;

SchemaPtr WithPositions(const Schema& schema) {
  auto out = std::make_shared<Schema>(schema);
  out->fields.push_back({.name = "position", .type = MakeType(TypeId::kUInt64), .nullable = false});
  return out;
}

const uint64_t* PositionsOf(const RecordBatch& batch) { return batch.columns.back()->buffers[0].as<uint64_t>() + batch.columns.back()->offset; }

RecordBatch AddPositions(const RecordBatch& batch, const SchemaPtr& schema, uint64_t first) {
  BufferBuilder positions;
  positions.Resize(static_cast<size_t>(batch.num_rows) * 8);
  std::iota(positions.as<uint64_t>(), positions.as<uint64_t>() + batch.num_rows, first);
  RecordBatch out{.schema = schema, .num_rows = batch.num_rows, .columns = batch.columns};
  out.columns.push_back(query::MakeUInt64Array(std::move(positions), static_cast<size_t>(batch.num_rows)));
  return out;
}

}  // namespace

RecordBatch TakeRows(const RecordBatch& batch, std::span<const int64_t> rows) {
  if (static_cast<int64_t>(rows.size()) == batch.num_rows) return batch;
  return TakeBatch(batch, rows);
}

/// Merges runs by position: in each step, all rows up to where some run's loaded block ends.
class SpilledDistinct::Merger {
 public:
  explicit Merger(std::vector<SpilledRun> runs) {
    for (SpilledRun& run : runs) heads_.push_back({.run = std::move(run), .block = {}, .next = 0});
  }

  std::optional<RecordBatch> Next() {
    uint64_t end = UINT64_MAX;
    for (Head& head : heads_) {
      if (head.next == head.block.num_rows && !head.run.empty()) {
        head.block = head.run.Pop();
        head.next = 0;
      }
      const int64_t left = head.block.num_rows - head.next, most = 1 + kMergedRows / static_cast<int64_t>(heads_.size());
      if (left > most) end = std::min(end, PositionsOf(head.block)[head.next + most]);
      else if (left > 0 && !head.run.empty()) end = std::min(end, PositionsOf(head.block)[head.block.num_rows - 1]);
    }
    while (true) {
      const std::vector<RecordBatch> parts = PartsUpTo(end);
      if (parts.empty()) return std::nullopt;
      if (const std::optional<RecordBatch> joined = JoinBatches(parts[0].schema, parts)) {
        Skip(parts);
        return InOrder(*joined);
      }
      end = Middle(parts);
    }
  }

 private:
  struct Head {
    SpilledRun run;
    RecordBatch block;
    int64_t next;
  };

  /// Of each head the rows at positions of at most `end`; none where it has none.
  std::vector<RecordBatch> PartsUpTo(uint64_t end) const {
    std::vector<RecordBatch> parts;
    for (const Head& head : heads_) {
      if (head.next == head.block.num_rows) continue;
      const uint64_t* positions = PositionsOf(head.block);
      const int64_t next = std::upper_bound(positions + head.next, positions + head.block.num_rows, end) - positions;
      if (next > head.next) parts.push_back(SliceBatch(head.block, head.next, next - head.next));
    }
    return parts;
  }
  /// Goes on behind the last of `parts`.
  void Skip(const std::vector<RecordBatch>& parts) {
    uint64_t last = 0;
    for (const RecordBatch& part : parts) last = std::max(last, PositionsOf(part)[part.num_rows - 1]);
    for (Head& head : heads_) {
      const uint64_t* positions = head.next < head.block.num_rows ? PositionsOf(head.block) : nullptr;
      while (head.next < head.block.num_rows && positions[head.next] <= last) ++head.next;
      if (head.next == head.block.num_rows) head.block = {};
      if (head.block.num_rows == 0) head.next = 0;
    }
  }
  /// A position before the last of `parts`, and not before the first. \pre several parts
  static uint64_t Middle(const std::vector<RecordBatch>& parts) {
    uint64_t first = UINT64_MAX, last = 0;
    for (const RecordBatch& part : parts) {
      first = std::min(first, PositionsOf(part)[0]);
      last = std::max(last, PositionsOf(part)[part.num_rows - 1]);
    }
    return first + (last - first) / 2;
  }

  static RecordBatch InOrder(const RecordBatch& batch) {
    const uint64_t* positions = PositionsOf(batch);
    if (std::is_sorted(positions, positions + batch.num_rows)) return batch;
    std::vector<int64_t> rows(static_cast<size_t>(batch.num_rows));
    std::iota(rows.begin(), rows.end(), 0);
    std::ranges::sort(rows, {}, [positions](int64_t row) { return positions[row]; });
    return TakeBatch(batch, rows);
  }

  std::vector<Head> heads_;
};

SpilledDistinct::SpilledDistinct(std::shared_ptr<Session> session, const SchemaPtr& schema, KeyForm form)
    : session_(std::move(session)),
      schema_(schema),
      form_(form),
      block_bytes_(std::clamp<uint64_t>(session_->budget().limit_bytes() / (16 * kKeyParts), 4 << 10, 1 << 20)),
      file_(WithPositions(*schema)),
      parts_(MakeParts()) {}

SpilledDistinct::~SpilledDistinct() = default;

std::vector<SpilledRun> SpilledDistinct::MakeParts() {
  std::vector<SpilledRun> parts;
  for (size_t p = 0; p < kKeyParts; ++p) parts.push_back(MakeRun());
  return parts;
}

void SpilledDistinct::Divide(const RecordBatch& batch, const Sifted& sifted, std::vector<SpilledRun>& parts) const {
  for (size_t p = 0; p < kKeyParts; ++p) {
    const std::span<const uint32_t> part = sifted.Part(p);
    if (!part.empty()) parts[p].Append(TakeRows(batch, std::vector<int64_t>(part.begin(), part.end())));
  }
}

void SpilledDistinct::Add(const RecordBatch& batch, const Sifted& sifted, uint64_t first) {
  if (!sifted.rows.empty()) Divide(AddPositions(batch, file_.schema(), first), sifted, parts_);
}

void SpilledDistinct::Queue(std::vector<SpilledRun> parts, int level) {
  for (SpilledRun& part : parts) {
    part.Finish();
    if (!part.empty()) queue_.push_back({std::move(part), level});
  }
}

void SpilledDistinct::Solve(Part part) {
  DistinctSet set(*session_, form_, part.level);
  SpilledRun found = MakeRun();
  std::vector<SpilledRun> rest = MakeParts();
  while (!part.rows.empty()) {
    CheckInterrupt();
    const RecordBatch batch = part.rows.Pop();
    Sifted sifted = set.Sift(std::span(batch.columns).first(batch.columns.size() - 1), batch.num_rows);
    std::vector<uint8_t> is_new(static_cast<size_t>(batch.num_rows));
    if (!set.Add(sifted, is_new, true)) {
      Divide(batch, sifted, rest);
      continue;
    }
    std::vector<int64_t> rows;
    for (size_t row = 0; row < is_new.size(); ++row) {
      if (is_new[row]) rows.push_back(static_cast<int64_t>(row));
    }
    if (!rows.empty()) found.Append(TakeRows(batch, rows));
  }
  found.Finish();
  if (!found.empty()) runs_.push_back(std::move(found));
  Queue(std::move(rest), part.level + 1);
}

void SpilledDistinct::Finish() {
  Queue(std::move(parts_), 1);
  while (!queue_.empty()) {
    Part part = std::move(queue_.front());
    queue_.pop_front();
    Solve(std::move(part));
  }
  while (runs_.size() > kMostRuns) {
    const auto end = runs_.begin() + kMostRuns;
    Merger merger(std::vector<SpilledRun>(std::make_move_iterator(runs_.begin()), std::make_move_iterator(end)));
    runs_.erase(runs_.begin(), end);
    SpilledRun merged = MakeRun();
    while (std::optional<RecordBatch> batch = merger.Next()) merged.Append(std::move(*batch));
    merged.Finish();
    runs_.push_back(std::move(merged));
  }
  merger_ = std::make_unique<Merger>(std::exchange(runs_, {}));
}

std::optional<RecordBatch> SpilledDistinct::Next() {
  std::optional<RecordBatch> batch = merger_->Next();
  if (!batch) return std::nullopt;
  batch->columns.pop_back();
  batch->schema = schema_;
  return batch;
}

}  // namespace eider::reduce
