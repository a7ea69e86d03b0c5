#include "eider/mutate/whole_rows.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kBatchBytes = 32 << 20;
/// The size of a blob is not known before it is read.
constexpr uint64_t kRowsWithBlobs = 16;

}  // namespace

ScanOptions WholeRows(const LanceSchema& table) {
  ScanOptions options{
      .columns = std::vector<std::string>(), .batch_bytes = kBatchBytes, .blob_handling = BlobHandling::kBinary};
  for (const LanceField& field : table.fields) options.columns->push_back(QuoteSegment(field.name));
  if (std::any_of(table.fields.begin(), table.fields.end(), HasBlobs)) options.batch_rows = kRowsWithBlobs;
  return options;
}

void RequireOwnBlobs(const query::TableReader& table, const std::optional<std::vector<uint64_t>>& fragment_ids) {
  for (const LanceField& field : table.snapshot().manifest->schema().fields) {
    if (BlobFormOf(field) != BlobForm::kV2) continue;
    const std::string external = fmt::format("{}.kind = {}", QuoteSegment(field.name), static_cast<int>(BlobKind::kExternal));
    if (table.CountRows({.filter = SqlExpression{.text = external}, .fragment_ids = fragment_ids}) > 0) {
      throw Unsupported("rewriting rows: column '{}' has external blobs, which would be copied", field.name);
    }
  }
}

Schema WholeRowsSchema(const Schema& read, const LanceSchema& table) {
  Schema schema = read;
  schema.fields.resize(table.fields.size());
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (BlobFormOf(table.fields[i]) != BlobForm::kNone) schema.fields[i].metadata = {{std::string(kBlobKey), "true"}};
    else if (HasBlobs(table.fields[i])) throw Unsupported("rewriting rows: column '{}' has blobs below it", table.fields[i].name);
  }
  return schema;
}

}  // namespace eider::mutate
