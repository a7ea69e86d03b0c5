#include "eider/reduce/argument_reader.h"

#include <algorithm>

#include "eider/base/memory_budget.h"

namespace eider::reduce {
namespace {

/// Rows folded at once: few enough for the values of an expression to stay in the cache.
constexpr int64_t kSliceRows = 16 << 10;
/// What a task reads: at first, where nothing says how wide values are, and at most.
constexpr uint64_t kFirstRows = 1 << 10, kTaskRows = 128 << 10, kTaskBytes = 8 << 20;

ScanOptions ToReadColumns(const ScanOptions& options, std::span<const Argument> arguments) {
  ScanOptions read = options;
  read.columns.emplace();
  read.computed.clear();
  for (const Argument& argument : arguments) {
    for (const std::string& column : argument.expression->columns()) {
      if (std::ranges::find(*read.columns, column) == read.columns->end()) read.columns->push_back(column);
    }
  }
  read.with_row_id = read.with_row_address = read.strict_batches = false;
  read.blob_handling = BlobHandling::kDescriptions;
  read.batch_rows = kTaskRows;
  read.batch_bytes = 0;
  return read;
}

}  // namespace

ArgumentReader::ArgumentReader(std::shared_ptr<const query::TableReader> table, std::vector<Argument> arguments, const ScanOptions& options,
                               const query::ReadPlan* known)
    : table_(std::move(table)),
      arguments_(std::move(arguments)),
      options_(ToReadColumns(options, arguments_)),
      plan_(table_->Plan(options_)),
      reader_(table_, plan_, options_, known) {
  for (const Argument& argument : arguments_) places_.emplace_back(argument.expression->columns(), *plan_->schema());
}

Folds ArgumentReader::MakeFolds() const {
  Folds folds;
  for (const Argument& argument : arguments_) folds.push_back(Fold::Make(argument.expression->type(), argument.wanted));
  return folds;
}

void ArgumentReader::FoldRun(const query::RowRun& run, Folds& folds) const {
  const RecordBatch batch = reader_.Read(run);
  seen_bytes_.fetch_add(BatchBytes(batch), std::memory_order_relaxed);
  seen_rows_.fetch_add(run.size(), std::memory_order_relaxed);
  FoldBatch(batch, folds);
}

void ArgumentReader::FoldBatch(const RecordBatch& batch, Folds& folds) const {
  for (size_t a = 0; a < arguments_.size(); ++a) {
    const expr::Expression& expression = *arguments_[a].expression;
    const std::vector<ArrayPtr> columns = places_[a].Find(batch.columns);
    std::vector<ArrayPtr> slice(columns.size());
    for (int64_t first = 0; first < batch.num_rows; first += kSliceRows) {
      const int64_t count = std::min(kSliceRows, batch.num_rows - first);
      for (size_t i = 0; i < columns.size(); ++i) slice[i] = SliceArray(columns[i], first, count);
      folds[a]->Add(*expression.Evaluate(slice, count));
    }
  }
}

uint64_t ArgumentReader::BlockRows() const {
  const uint64_t rows = seen_rows_.load(std::memory_order_relaxed);
  const uint64_t fixed = std::max<uint64_t>(1, plan_->fixed_bytes_per_row());
  const uint64_t most_bytes = std::clamp<uint64_t>(table_->session()->budget().limit_bytes() / 32, 64 << 10, kTaskBytes);
  if (rows == 0 && plan_->has_variable_columns()) return std::clamp<uint64_t>(most_bytes / fixed, 1, kFirstRows);
  const uint64_t bytes = rows ? std::max(fixed, seen_bytes_.load(std::memory_order_relaxed) / rows) : fixed;
  return std::clamp<uint64_t>(most_bytes / bytes, 1, kTaskRows);
}

}  // namespace eider::reduce
