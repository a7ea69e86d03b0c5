#include "eider/mutate/explain_merge.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "eider/mutate/merge_condition.h"
#include "eider/mutate/merge_insert.h"
#include "eider/mutate/merge_keys.h"
#include "eider/mutate/missing_fields.h"

namespace eider::mutate {
namespace {

const char* NameOf(const MergeInsertOptions& options) {
  switch (options.when_matched) {
    case WhenMatched::kDoNothing: return "DoNothing";
    case WhenMatched::kUpdateAll: return options.update_condition ? "UpdateIf" : "UpdateAll";
    case WhenMatched::kFail: return "Fail";
    case WhenMatched::kDelete: return "Delete";
  }
  return "";
}

const char* RestOf(const MergeInsertOptions& options) {
  if (!options.delete_not_matched_by_source) return "Keep";
  return options.delete_condition ? "DeleteIf" : "Delete";
}

std::vector<std::string> Names(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema.fields) names.push_back(field.name);
  return names;
}

/// The columns that are scanned for the join.
std::vector<std::string> Joined(const LanceSchema& table, const Schema& source, const MergeInsertOptions& options, std::vector<std::string> keys) {
  if (!options.update_condition) return keys;
  const MergeCondition condition(*options.update_condition, source, ToShownSchema(table));
  for (const std::string& column : condition.target_columns()) {
    if (std::ranges::find(keys, column) == keys.end()) keys.push_back(column);
  }
  return keys;
}

std::string WritesOf(const LanceSchema& table, const Schema& source, const MergeInsertOptions& options) {
  if (options.write_mode == MergeWriteMode::kRewriteColumns) return fmt::format("  WriteColumns: columns=[{}]\n", fmt::join(Names(source), ", "));
  if (options.when_matched != WhenMatched::kUpdateAll && !options.insert_not_matched) return "";
  std::string out = fmt::format("  WriteRows: columns=[{}]\n", fmt::join(table.Names(), ", "));
  const LanceSchema missing = MissingFields(table, source);
  if (options.when_matched == WhenMatched::kUpdateAll && !missing.fields.empty()) {
    out += fmt::format("    TakeRows: of rows that match, columns=[{}]\n", fmt::join(PathsOf(missing, source), ", "));
  }
  return out;
}

}  // namespace

std::string ExplainMerge(const table::Snapshot& read, const Schema& schema, const MergeInsertOptions& options, bool verbose) {
  RequireSense(options);
  const LanceSchema& table = read.manifest->schema();
  const std::vector<std::string> keys = KeyPaths(KeyFields(table, options.on), schema);
  std::string out = fmt::format("MergeInsert: on=[{}], when_matched={}, when_not_matched={}, when_not_matched_by_source={}\n", fmt::join(keys, ", "),
                                NameOf(options), options.insert_not_matched ? "InsertAll" : "DoNothing", RestOf(options));
  out += WritesOf(table, schema, options);
  if (options.delete_condition) out += fmt::format("  DeleteRows: filter={}\n", options.delete_condition->text);
  out += fmt::format("  HashJoin: on=[{}]", fmt::join(keys, ", "));
  if (options.update_condition) out += fmt::format(", condition={}", options.update_condition->text);
  out += verbose ? ", build=source in memory or else dealt out to temporary files by key, probe=table in parallel, null keys match nothing\n" : "\n";
  out += fmt::format("    Scan: columns=[{}], row_address=true, num_fragments={}\n", fmt::join(Joined(table, schema, options, keys), ", "),
                     read.manifest->num_fragments());
  out += fmt::format("    Source: columns=[{}]\n", fmt::join(Names(schema), ", "));
  return out;
}

}  // namespace eider::mutate
