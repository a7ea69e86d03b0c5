#include "eider/reduce/argument_reader.h"

#include <algorithm>

namespace eider::reduce {
namespace {

/// Rows folded at once: few enough for the values of an expression to stay in the cache.
constexpr int64_t kSliceRows = 16 << 10;
/// What a task reads at most; all that are under way no more than a part of the budget.
constexpr uint64_t kArgumentRows = 128 << 10, kArgumentBytes = 8 << 20, kArgumentParts = 8;

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
  read.batch_rows = kArgumentRows;
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
      reader_(table_, plan_, options_, known),
      width_(table_, plan_),
      portions_(query::TaskBytes(*table_->session(), kArgumentParts, kArgumentBytes)) {
  for (const Argument& argument : arguments_) places_.emplace_back(argument.expression->columns(), *plan_->schema());
}

Folds ArgumentReader::MakeFolds() const {
  Folds folds;
  for (const Argument& argument : arguments_) folds.push_back(Fold::Make(argument.expression->type(), argument.wanted));
  return folds;
}

void ArgumentReader::FoldRun(query::RowRun run, Folds& folds) const {
  while (run.size() > 0) {
    const RecordBatch batch = reader_.Read(run.Cut(std::min(run.size(), BlockRows(run.fragment))));
    width_.Learn(batch);
    FoldBatch(batch, folds);
  }
}

void ArgumentReader::FoldBatch(const RecordBatch& batch, Folds& folds) const {
  for (size_t a = 0; a < arguments_.size(); ++a) {
    const expr::Expression& expression = *arguments_[a].expression;
    const std::vector<ArrayPtr> columns = places_[a].Find(batch.columns);
    std::vector<ArrayPtr> slice(columns.size());
    for (int64_t first = 0; first < batch.num_rows;) {
      ArrayPtr values;
      first += portions_.Next(std::min(kSliceRows, batch.num_rows - first), [&](int64_t count) {
        for (size_t i = 0; i < columns.size(); ++i) slice[i] = SliceArray(columns[i], first, count);
        values = expression.Evaluate(slice, count);
      });
      folds[a]->Add(*values);
    }
  }
}

uint64_t ArgumentReader::BlockRows(size_t fragment) const {
  return std::min(kArgumentRows, width_.RowsIn(query::TaskBytes(*table_->session(), kArgumentParts, kArgumentBytes), fragment));
}

}  // namespace eider::reduce
