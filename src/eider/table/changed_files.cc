#include "eider/table/changed_files.h"

#include "eider/base/error.h"
#include "eider/rows/portable_roaring.h"
#include "eider/rows/row_versions.h"

namespace eider::table {
namespace {

constexpr const char* kSameValuesKey = "eider.same_values";
constexpr int32_t kColumnsMode = 1;

}  // namespace

void SetSameValues(TransactionProto* transaction) {
  transaction->mutable_update()->set_update_mode(kColumnsMode);
  (*transaction->mutable_transaction_properties())[kSameValuesKey] = "true";
}

bool HasSameValues(const TransactionProto& transaction) {
  const TransactionProto::Update& update = transaction.update();
  return update.update_mode() == kColumnsMode && update.fields_modified_size() == 0 && transaction.transaction_properties().contains(kSameValuesKey);
}

std::string LastUpdatedAt(const DataFragmentProto& before, const TransactionProto::Update& update, uint64_t version) {
  const uint64_t num_rows = before.physical_rows();
  const auto told = update.updated_offset_bitmaps().find(before.id());
  if (told == update.updated_offset_bitmaps().end()) return rows::MakeVersionSequence(num_rows, version);
  std::vector<uint64_t> versions(num_rows, 1);
  if (before.has_inline_last_updated_at_versions()) {
    const auto known = rows::RowVersions::Parse(SpanOf(before.inline_last_updated_at_versions()), num_rows);
    known.Read(0, known.size(), versions.data());
  }
  rows::VisitPortableRoaring(SpanOf(told->second), [&](uint32_t first, uint32_t count) {
    if (uint64_t{first} + count > num_rows) throw Invalid("update: rows {} to {} of fragment {}, which has {}", first, uint64_t{first} + count - 1, before.id(), num_rows);
    std::fill_n(versions.begin() + first, count, version);
  });
  rows::RowVersions out;
  for (const uint64_t row_version : versions) out.Append(row_version, 1);
  return out.Serialize();
}

}  // namespace eider::table
