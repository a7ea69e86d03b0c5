#include "eider/table/changed_files.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/rows/portable_roaring.h"
#include "eider/rows/row_versions.h"
#include "eider/testing/int_columns.h"

namespace eider::table {
namespace {

DataFragmentProto FragmentOfRows(uint64_t num_rows) {
  DataFragmentProto fragment;
  fragment.set_id(7);
  fragment.set_physical_rows(num_rows);
  return fragment;
}

std::vector<uint64_t> VersionsAfter(const DataFragmentProto& fragment, const TransactionProto::Update& update) {
  std::vector<uint64_t> versions(fragment.physical_rows());
  const std::string serialized = LastUpdatedAt(fragment, update, 9);
  rows::RowVersions::Parse(SpanOf(serialized), versions.size()).Read(0, versions.size(), versions.data());
  return versions;
}

void Tell(const std::vector<uint32_t>& rows, TransactionProto::Update* update) {
  (*update->mutable_updated_offset_bitmaps())[7] = rows::ToPortableRoaring(rows);
}

TEST(ChangedFilesTest, OnlyRowsThatAreToldGetANewVersion) {
  DataFragmentProto fragment = FragmentOfRows(5);
  TransactionProto::Update update;
  EXPECT_EQ(VersionsAfter(fragment, update), (std::vector<uint64_t>{9, 9, 9, 9, 9})) << "which ones is not told";
  Tell({1, 4}, &update);
  EXPECT_EQ(VersionsAfter(fragment, update), (std::vector<uint64_t>{1, 9, 1, 1, 9})) << "no version was kept";
  fragment.set_inline_last_updated_at_versions(rows::MakeVersionSequence(5, 3));
  EXPECT_EQ(VersionsAfter(fragment, update), (std::vector<uint64_t>{3, 9, 3, 3, 9}));
}

TEST(ChangedFilesTest, RowsBeyondTheFragmentAreRefused) {
  TransactionProto::Update update;
  Tell({5}, &update);
  EXPECT_EQ(testing::ErrorOf([&] { LastUpdatedAt(FragmentOfRows(5), update, 9); }).kind(), ErrorKind::kInvalid);
}

TEST(ChangedFilesTest, SameValuesAreSaidInAProperty) {
  TransactionProto transaction;
  transaction.mutable_update()->set_update_mode(1);
  EXPECT_FALSE(HasSameValues(transaction)) << "other engines' updates may have changed anything";
  SetSameValues(&transaction);
  EXPECT_TRUE(HasSameValues(transaction));
  transaction.mutable_update()->add_fields_modified(3);
  EXPECT_FALSE(HasSameValues(transaction));
}

}  // namespace
}  // namespace eider::table
