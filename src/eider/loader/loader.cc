#include <eider/loader.h>

#include <algorithm>

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/loader/decoded_columns.h"
#include "eider/loader/epoch_order.h"
#include "eider/loader/epoch_reader.h"
#include "eider/loader/packed_positions.h"
#include "eider/loader/position_sort.h"
#include "eider/loader/step_plan.h"

namespace eider {
namespace {

using loader::DecodedColumns;
using loader::EpochOrder;
using loader::EpochReader;
using loader::PackedPositions;
using loader::SortPositions;
using loader::StepPlan;

constexpr uint64_t kMaxPrefetch = 1024;
constexpr uint64_t kMaxStride = 1 << 20;
// A short share of an epoch does not pay for decoding everything.
constexpr uint64_t kMinDecodedSteps = 8;
constexpr uint64_t kPageBytes = 4096;

/// Faults in what a batch refers to: a view of a file costs its consumer no wait. A batch of copies is in memory already.
void TouchPages(const Array& array) {
  uint8_t sum = 0;
  const auto touch = [&sum](const Buffer& buffer, uint64_t first, uint64_t end) {
    end = std::min<uint64_t>(end, buffer.size());
    for (uint64_t at = first; at < end; at += kPageBytes) sum = uint8_t(sum + *static_cast<const volatile uint8_t*>(buffer.data() + at));
  };
  const uint64_t bits = FixedBitWidth(*array.type);
  if (array.buffers.size() == 1 && bits >= 8) {
    const uint64_t bytes = bits / 8;
    touch(array.buffers[0], uint64_t(array.offset) * bytes, uint64_t(array.offset + array.length) * bytes);
  }
  if (array.type->id != TypeId::kFixedSizeList) return;
  const ArrayPtr& items = array.children[0];
  const int64_t size = array.type->list_size;
  if ((array.offset + array.length) * size <= items->length) TouchPages(*SliceArray(items, array.offset * size, array.length * size));
}

/// What reading a batch needs, shared with the tasks that read ahead.
struct Source {
  RowReaderPtr dataset;
  std::optional<std::vector<std::string>> columns;
  StepPlan plan;
  bool shuffle = false;
  uint64_t seed = 0;
  std::shared_ptr<const PackedPositions> rows;  ///< null: all
  uint64_t num_rows = 0;                        ///< of the dataset
  SchemaPtr schema;                             ///< of the batches

  /// Within a batch, shuffled rows come in ascending order: a batch is a random set, and reading it in file order takes one
  /// gather and no second permutation.
  std::vector<uint64_t> Positions(const EpochOrder& order, uint64_t index) const {
    const StepPlan::Items items = plan.Step(index);
    std::vector<uint64_t> positions(items.count);
    for (uint64_t i = 0; i < items.count; ++i) {
      const uint64_t place = shuffle ? order.At(items.first + i) : items.first + i;
      positions[i] = rows ? rows->At(place) : place;
    }
    if (shuffle) SortPositions(positions);
    return positions;
  }

  RecordBatch Read(const EpochOrder& order, uint64_t index, const DecodedColumns* decoded, ScanStats& stats) const {
    ScanOptions options;
    options.columns = columns;
    options.stats = &stats;
    if (!shuffle && !rows) {
      const StepPlan::Items items = plan.Step(index);
      return ReadRun(items.first, items.count, options);
    }
    const std::vector<uint64_t> positions = Positions(order, index);
    if (IsRun(positions)) return ReadRun(positions.front(), positions.size(), options);
    if (decoded) return decoded->Take(*dataset, schema, positions, options);
    return dataset->Take(positions, options);
  }

  /// Worth it when the epoch draws a good part of the rows.
  bool WantsDecodedColumns() const { return shuffle && plan.num_items >= num_rows / 4 && plan.steps_of_rank() >= kMinDecodedSteps; }

 private:
  RecordBatch ReadRun(uint64_t first, uint64_t count, const ScanOptions& options) const {
    RecordBatch batch = dataset->ReadRange(first, count, options);
    for (const ArrayPtr& column : batch.columns) TouchPages(*column);
    return batch;
  }
  static bool IsRun(const std::vector<uint64_t>& positions) {
    for (size_t i = 1; i < positions.size(); ++i) {
      if (positions[i] != positions[i - 1] + 1) return false;
    }
    return !positions.empty();
  }
};

void CheckStride(uint64_t stride) {
  if (stride == 0 || stride > kMaxStride) throw Invalid("loader: a stride of {} batches, not 1 to {}", stride, kMaxStride);
}

class LoaderImpl final : public Loader {
 public:
  LoaderImpl(std::shared_ptr<const Source> source, SchemaPtr schema, uint64_t prefetch, uint64_t stride)
      : source_(std::move(source)), schema_(std::move(schema)),
        session_(source_->dataset->session() ? source_->dataset->session() : Session::Default()),
        prefetch_(prefetch), stride_(stride) {}
  ~LoaderImpl() override {
    if (reader_) reader_->Cancel();
  }

  const SchemaPtr& schema() const override { return schema_; }
  uint64_t num_batches() const override { return source_->plan.num_steps() ? source_->plan.steps_of_rank() : 0; }
  void SetEpoch(uint64_t epoch) override { next_epoch_ = epoch; }

  void Start(uint64_t position) override {
    if (position > num_batches() + stride_ - 1) throw Invalid("loader: start at batch {} of an epoch of {}", position, num_batches());
    if (reader_) reader_->Cancel();
    epoch_ = next_epoch_;
    position_ = position;
    Open();
  }

  std::optional<RecordBatch> Next() override {
    if (!reader_) Start(0);
    if (!reader_->IsOurs()) Open();  // forked since: go on where the parent stood
    std::optional<RecordBatch> batch = InContext(
        [&] { return fmt::format("loader: batch {} of epoch {}", position_, epoch_); }, [&] { return reader_->Next(stats_); });
    if (batch) position_ += stride_;
    return batch;
  }

  std::unique_ptr<Loader> WithDataset(RowReaderPtr dataset, uint64_t stride) const override {
    const uint64_t num_rows = dataset->CountRows();
    if (dataset->version() != source_->dataset->version() || num_rows != source_->num_rows) {
      throw Invalid("loader: version {} with {} rows in place of version {} with {}", dataset->version(), num_rows,
                    source_->dataset->version(), source_->num_rows);
    }
    CheckStride(stride);
    auto source = std::make_shared<Source>(*source_);
    source->dataset = std::move(dataset);
    auto other = std::make_unique<LoaderImpl>(std::move(source), schema_, prefetch_, stride);
    other->SetEpoch(next_epoch_);
    other->decoded_ = decoded_;
    other->tried_decoding_ = decoded_ != nullptr;
    return other;
  }

  std::optional<std::vector<uint64_t>> rows() const override {
    if (!source_->rows) return std::nullopt;
    std::vector<uint64_t> rows(source_->rows->size());
    for (uint64_t i = 0; i < rows.size(); ++i) rows[i] = source_->rows->At(i);
    return rows;
  }

  LoaderState state() const override { return {source_->dataset->version(), source_->seed, epoch_, position_}; }
  LoaderStats stats() const override { return stats_; }

  std::vector<uint64_t> BatchPositions(uint64_t index) const override {
    if (index >= num_batches()) throw Invalid("loader: batch {} of an epoch of {}", index, num_batches());
    return source_->Positions(EpochOrder(source_->plan.num_items, source_->seed, epoch_), index);
  }

 private:
  void Open() {
    Decode();
    const auto order = std::make_shared<const EpochOrder>(source_->plan.num_items, source_->seed, epoch_);
    const auto read = [source = source_, decoded = decoded_, order, first = position_, stride = stride_](
                          uint64_t i, ScanStats& stats) { return source->Read(*order, first + i * stride, decoded.get(), stats); };
    const uint64_t left = num_batches() - std::min(position_, num_batches());
    reader_ = std::make_shared<EpochReader>(read, session_->io_pool(), prefetch_, CeilDiv(left, stride_));
    reader_->Start();
  }

  void Decode() {
    if (tried_decoding_ || !source_->WantsDecodedColumns()) return;
    tried_decoding_ = true;
    ScanStats stats;
    decoded_ = DecodedColumns::TryDecode(*source_->dataset, *schema_, source_->columns, session_, stats);
    stats_.requests += stats.requests;
    stats_.bytes_read += stats.bytes;
    stats_.bytes_copied += stats.bytes_copied;
  }

  const std::shared_ptr<const Source> source_;
  const SchemaPtr schema_;
  const std::shared_ptr<Session> session_;
  const uint64_t prefetch_, stride_;
  uint64_t epoch_ = 0, next_epoch_ = 0, position_ = 0;
  bool tried_decoding_ = false;
  std::shared_ptr<const DecodedColumns> decoded_;
  LoaderStats stats_;
  std::shared_ptr<EpochReader> reader_;
};

void CheckOptions(const LoaderOptions& options) {
  CheckStride(options.stride);
  if (options.batch_size == 0) throw Invalid("loader: batch_size is 0");
  if (options.world_size == 0 || options.rank >= options.world_size) {
    throw Invalid("loader: rank {} of a world of {}", options.rank, options.world_size);
  }
  if (options.prefetch > kMaxPrefetch) throw Invalid("loader: prefetch of {} batches, at most {}", options.prefetch, kMaxPrefetch);
}

void CheckRows(const std::vector<uint64_t>& rows, uint64_t num_rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] >= num_rows) throw Invalid("loader: rows[{}] is {}, the dataset has {} rows", i, rows[i], num_rows);
  }
}

}  // namespace

std::unique_ptr<Loader> Loader::Create(RowReaderPtr dataset, const LoaderOptions& options) {
  CheckOptions(options);
  const uint64_t num_rows = dataset->CountRows();
  auto source = std::make_shared<Source>();
  source->columns = options.columns;
  source->shuffle = options.shuffle;
  source->seed = options.seed;
  if (options.rows) {
    CheckRows(*options.rows, num_rows);
    source->rows = std::make_shared<const PackedPositions>(*options.rows);
  }
  source->plan = {.num_items = options.rows ? options.rows->size() : num_rows,
                  .batch_size = options.batch_size,
                  .rank = options.rank,
                  .world_size = options.world_size,
                  .drop_last = options.drop_last};
  ScanOptions columns;
  columns.columns = options.columns;
  SchemaPtr schema = dataset->ReadRange(0, 0, columns).schema;  // a missing column is an error here, not amid the epoch
  source->num_rows = num_rows;
  source->schema = schema;
  source->dataset = std::move(dataset);
  return std::make_unique<LoaderImpl>(std::move(source), std::move(schema), options.prefetch, options.stride);
}

}  // namespace eider
