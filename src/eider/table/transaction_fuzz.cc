// Any transaction of another writer is compared with each kind of ours, and any transaction, applied to a small version, is refused or
// makes a version that can be read.

#include "eider/base/error.h"
#include "eider/base/memory.h"
#include "eider/table/conflict.h"
#include "eider/table/next_version.h"
#include "eider/testing/fuzz_input.h"

namespace {

using eider::ErrorKind;
using eider::table::TransactionProto;

template <typename Body>
void Try(Body&& body) {
  try {
    body();
  } catch (const eider::Error& error) {
    const ErrorKind kind = error.kind();
    eider::testing::Require(kind == ErrorKind::kCorrupt || kind == ErrorKind::kUnsupported || kind == ErrorKind::kInvalid ||
                            kind == ErrorKind::kConflict || kind == ErrorKind::kRetryableConflict);
  }
}

void Compare(const TransactionProto& theirs) {
  TransactionProto mine[4];
  mine[0].mutable_append();
  mine[1].mutable_overwrite();
  mine[2].mutable_merge();
  mine[3].mutable_project();
  for (const bool asks_for_more : {false, true}) {
    for (const TransactionProto& one : mine) Try([&] { eider::table::CheckConflict(one, theirs, 7, {.asks_for_more = asks_for_more}); });
    Try([&] { eider::table::CheckConflict(theirs, theirs, 7, {.asks_for_more = asks_for_more}); });
  }
}

void Apply(const TransactionProto& transaction) {
  eider::table::NextVersion next(nullptr, eider::table::NewTableHead({}), transaction.read_version() & 1);
  next.Apply(transaction, std::nullopt);
  const std::string file = next.Serialize(transaction);
  const auto manifest = eider::table::Manifest::Parse(eider::CopyToBuffer({reinterpret_cast<const uint8_t*>(file.data()), file.size()}));
  for (size_t i = 0; i < manifest->num_fragments(); ++i) manifest->fragment(i);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  TransactionProto transaction;
  if (!transaction.ParseFromArray(data, static_cast<int>(size))) return 0;
  eider::table::OperationName(transaction);
  Compare(transaction);
  Try([&] { Apply(transaction); });
  return 0;
}
