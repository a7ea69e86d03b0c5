#include "eider/schema/match.h"

#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/logical_type.h"

namespace eider {
namespace {

std::string Extension(const LanceField& field) {
  return field.extension_name.empty() ? "" : fmt::format(" (extension {})", field.extension_name);
}

std::string Spell(const LanceField& field) {
  if (HasChildFields(field.logical_type)) return TypeToString(*ToArrowField(field).type) + Extension(field);
  return field.logical_type + Extension(field);
}

std::vector<int> MatchFields(const std::vector<LanceField>& table, const std::vector<LanceField>& data,
                             const std::string& prefix);

void MatchField(const LanceField& table, const LanceField& data, const std::string& path) {
  if (BlobFormOf(table) == BlobForm::kV2 && BlobFormOf(data) != BlobForm::kNone) return;  // whatever shape the values come in
  if (table.logical_type != data.logical_type || table.extension_name != data.extension_name) {
    throw Invalid("column '{}': the table has type {}, the data has type {}", path, Spell(table), Spell(data));
  }
  MatchFields(table.children, data.children, path + ".");
}

std::vector<int> MatchFields(const std::vector<LanceField>& table, const std::vector<LanceField>& data,
                             const std::string& prefix) {
  std::vector<int> columns(table.size(), -1);
  for (size_t i = 0; i < data.size(); ++i) {
    size_t at = 0;
    while (at < table.size() && table[at].name != data[i].name) ++at;
    if (at == table.size()) {
      throw Invalid("column '{}{}' ({}) of the data is not in the table", prefix, data[i].name, Spell(data[i]));
    }
    MatchField(table[at], data[i], prefix + data[i].name);
    columns[at] = static_cast<int>(i);
  }
  for (size_t at = 0; at < table.size(); ++at) {
    if (columns[at] == -1 && !table[at].nullable) {
      throw Invalid("column '{}{}' ({}, not nullable) of the table is missing in the data", prefix, table[at].name,
                    Spell(table[at]));
    }
  }
  return columns;
}

}  // namespace

SchemaMatch MatchForAppend(const LanceSchema& table, const Schema& data) {
  return {.columns = MatchFields(table.fields, ToLanceSchema(data).fields, "")};
}

}  // namespace eider
