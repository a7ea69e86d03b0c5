#include "eider/query/bound_expression.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/query/read_plan.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"

namespace eider::query {

Schema ExpressionSchema(const Schema& table) {
  Schema schema = table;
  for (const char* name : kSystemColumnNames) {
    if (schema.FieldIndex(name) < 0) schema.fields.push_back({.name = name, .type = MakeType(TypeId::kUInt64), .nullable = false});
  }
  return schema;
}

std::shared_ptr<const expr::Expression> ParseExpression(const SqlExpression& sql, const Schema& table) {
  return expr::Expression::Parse(sql.text, ExpressionSchema(table), {.positional = sql.positional, .named = sql.named});
}

std::shared_ptr<const expr::Expression> ParseOperand(const SqlExpression& sql, const Schema& table) {
  return expr::Expression::ParseOperand(sql.text, ExpressionSchema(table), {.positional = sql.positional, .named = sql.named});
}

std::shared_ptr<const expr::Expression> ParseCondition(const SqlExpression& sql, const Schema& table) {
  return expr::Expression::ParseCondition(sql.text, ExpressionSchema(table), {.positional = sql.positional, .named = sql.named});
}

std::vector<std::string> ReadColumns(std::span<const std::string> columns, const LanceSchema& table) {
  std::vector<std::string> out;
  for (const std::string& column : columns) {
    std::string path;
    const std::vector<LanceField>* fields = &table.fields;
    for (const std::string& name : SplitFieldPath(column)) {
      path += (path.empty() ? "" : ".") + QuoteSegment(name);
      const auto found = std::ranges::find(*fields, name, &LanceField::name);
      if (found == fields->end()) continue;
      if (BlobFormOf(*found) != BlobForm::kNone) break;
      fields = &found->children;
    }
    out.push_back(std::move(path));
  }
  return out;
}

ColumnPlaces::ColumnPlaces(std::span<const std::string> columns, const Schema& batches) {
  for (const std::string& column : columns) {
    const std::vector<Field>* fields = &batches.fields;
    std::vector<size_t> path;
    for (const std::string& name : SplitFieldPath(column)) {
      const auto found = std::ranges::find(*fields, name, &Field::name);
      if (found == fields->end()) throw NotFound("no column '{}'", column);
      path.push_back(static_cast<size_t>(found - fields->begin()));
      fields = &found->type->children;
    }
    paths_.push_back(std::move(path));
  }
}

std::vector<ArrayPtr> ColumnPlaces::Find(std::span<const ArrayPtr> columns) const {
  std::vector<ArrayPtr> found;
  for (const std::vector<size_t>& path : paths_) {
    ArrayPtr array = columns[path[0]];
    for (size_t i = 1; i < path.size(); ++i) array = StructChild(*array, path[i]);
    found.push_back(std::move(array));
  }
  return found;
}

}  // namespace eider::query
