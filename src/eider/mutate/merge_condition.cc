#include "eider/mutate/merge_condition.h"

#include "eider/array/row_sizes.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

constexpr const char* kSource = "source";
constexpr const char* kTarget = "target";
}  // namespace

MergeCondition::MergeCondition(const SqlExpression& sql, const Schema& source, const Schema& target) {
  const Schema both{.fields = {{.name = kSource, .type = StructType(source.fields)}, {.name = kTarget, .type = StructType(target.fields)}}, .metadata = {}};
  InContext([] { return "merge_insert: a condition on matched rows (their columns are source.x and target.x)"; }, [&] {
    condition_ = expr::Expression::ParseCondition(sql.text, both, {.positional = sql.positional, .named = sql.named});
    for (const std::string& column : condition_->columns()) {
      const std::vector<std::string> segments = SplitFieldPath(column);
      if (segments.size() < 2) throw Invalid("'{}' is a whole row: name one of its columns", column);
      std::string path;
      for (size_t i = 1; i < segments.size(); ++i) path += (i > 1 ? "." : "") + QuoteSegment(segments[i]);
      const bool is_target = segments[0] == kTarget;
      operands_.push_back({is_target, paths_[is_target].size()});
      paths_[is_target].push_back(std::move(path));
    }
  });
}

std::vector<MatchedRow> MergeCondition::Filter(const std::vector<MatchedRow>& pairs, const std::vector<ArrayPtr>& source,
                                               const std::vector<ArrayPtr>& target) const {
  const RowSizes of_source(source), of_target(target);
  std::vector<MatchedRow> out;
  for (std::span<const MatchedRow> rest = pairs; !rest.empty();) {
    const auto size = [&](int64_t i) { return of_source[rest[static_cast<size_t>(i)].source] + of_target[rest[static_cast<size_t>(i)].row]; };
    std::vector<MatchedRow> kept;
    // What the condition makes of them on the way may be wider than both.
    const int64_t count = portions_.Next(RowsThatFit(kMostBytes, static_cast<int64_t>(rest.size()), size), [&](int64_t rows) {
      kept.clear();
      FilterPart(rest.first(static_cast<size_t>(rows)), source, target, &kept);
    });
    out.insert(out.end(), kept.begin(), kept.end());
    rest = rest.subspan(static_cast<size_t>(count));
  }
  return out;
}

void MergeCondition::FilterPart(std::span<const MatchedRow> pairs, const std::vector<ArrayPtr>& source, const std::vector<ArrayPtr>& target,
                                std::vector<MatchedRow>* out) const {
  std::vector<int64_t> rows[2];
  for (const MatchedRow& pair : pairs) {
    rows[0].push_back(pair.source);
    rows[1].push_back(pair.row);
  }
  std::vector<ArrayPtr> columns;
  for (const Operand& operand : operands_) {
    columns.push_back(TakeArray((operand.is_target ? target : source)[operand.column], rows[operand.is_target]));
  }
  const Buffer selected = condition_->Select(columns, static_cast<int64_t>(pairs.size()));
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (GetBit(selected.data(), i)) out->push_back(pairs[i]);
  }
}

}  // namespace eider::mutate
