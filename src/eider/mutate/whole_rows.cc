#include "eider/mutate/whole_rows.h"

#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

constexpr uint64_t kBatchBytes = 32 << 20;

}  // namespace

ScanOptions WholeRows(const LanceSchema& table) {
  ScanOptions options{
      .columns = std::vector<std::string>(), .batch_bytes = kBatchBytes, .blob_handling = BlobHandling::kBinary};
  for (const LanceField& field : table.fields) options.columns->push_back(QuoteSegment(field.name));
  return options;
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
