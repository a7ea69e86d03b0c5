#include <fmt/format.h>

#include "eider/query/computed_columns.h"
#include "eider/query/row_filter.h"
#include "eider/query/table_reader.h"

namespace eider::query {
namespace {

std::string Join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out.empty() ? "none" : out;
}

std::string FilterLines(const std::shared_ptr<const TableReader>& table, const ScanOptions& options) {
  const auto filter = std::make_shared<const RowFilter>(table, options);
  const Pruning pruning(*table, filter->expression(), filter->plan());
  FragmentRows fragments(*table, options);
  uint64_t rows = 0, looked_at = 0, passed_over = 0, visited = 0;
  while (const std::optional<RowRun> fragment = fragments.Next(true)) {
    uint64_t here = 0;
    for (const rows::RowRange& range : pruning.Candidates(fragment->fragment, table->context(options.stats))) here += range.count;
    rows += fragment->count;
    looked_at += here;
    passed_over += here == 0;
    ++visited;
  }
  return fmt::format("  filter: {}\n    reads: {}\n    looks at {} of {} rows; statistics and addresses rule out {} of {} fragments\n",
                     options.filter->text, Join(filter->expression().columns()), looked_at, rows, passed_over, visited);
}

std::string OtherColumnsLine(const ScanOptions& options) {
  const auto line = [](std::string_view how) { return fmt::format("    reads other columns: {}\n", how); };
  switch (options.late) {
    case LateColumns::kByCost: return line("late, for the rows that pass, where that costs less than their block");
    case LateColumns::kAll: return line("late, for the rows that pass (hint)");
    case LateColumns::kNone: return line("by blocks (hint)");
    case LateColumns::kNamed: break;
  }
  return line(fmt::format("late, for the rows that pass, {}; others by blocks (hint)", Join(options.late_columns)));
}

std::string OrderLine(const ScanOptions& options) {
  std::vector<std::string> keys;
  for (const SortKey& key : options.order_by) {
    keys.push_back(fmt::format("{} {}, nulls {}", key.column, key.ascending ? "ascending" : "descending", key.nulls_first ? "first" : "last"));
  }
  return fmt::format("  order by: {}\n", Join(keys));
}

std::string RowsLine(const ScanOptions& options) {
  std::string line = "  rows:";
  if (options.offset) line += fmt::format(" skip {}{}", *options.offset, options.limit ? "," : "");
  if (options.limit) line += fmt::format(" at most {}", *options.limit);
  return line + "\n";
}

}  // namespace

std::string TableReader::Explain(const ScanOptions& options) const {
  std::string text = fmt::format("Scan of version {}: {} fragments, {} rows\n", snapshot_.version(),
                                 options.fragment_ids ? options.fragment_ids->size() : num_fragments(), num_rows());
  if (options.filter) text += FilterLines(shared_from_this(), options) + OtherColumnsLine(options);
  if (!options.order_by.empty()) text += OrderLine(options);
  if (options.limit || options.offset) text += RowsLine(options);
  ScanOptions shown = options;
  shown.computed.clear();
  std::vector<std::string> names;
  for (const Field& field : Plan(shown)->schema()->fields) names.push_back(field.name);
  for (const ComputedColumn& column : options.computed) names.push_back(column.expression.text);
  return text + fmt::format("  columns: {}\n", Join(names));
}

}  // namespace eider::query
