#include "eider/mutate/read_rows.h"

#include <gtest/gtest.h>

#include "eider/mutate/columns.h"
#include "eider/mutate/compact.h"
#include "eider/mutate/delete.h"
#include "eider/mutate/update.h"
#include "eider/mutate/write.h"
#include "eider/testing/int_columns.h"

namespace eider::mutate {
namespace {

using testing::ErrorOf;
using testing::Range;
using testing::Stream;

/// a: 0 to 19 in two files.
table::Snapshot TableToRead() {
  return Create(io::MakeMemoryStore("read_rows_test"), *Stream({{"a", Range(0, 20)}, {"b", Range(0, 20)}}), {.max_rows_per_file = 10});
}

/// Whether what `change` commits is a conflict for who read the rows with `filter`.
bool Disturbs(const std::function<void(const table::Snapshot&)>& change, const std::optional<SqlExpression>& filter) {
  const table::Snapshot before = TableToRead();
  change(before);
  const table::Snapshot after = table::LoadSnapshot(before.store);
  EXPECT_EQ(after.version(), 2u);
  try {
    ReadsRows(Isolation::kSerializable, filter, Session::Default())(before, after, *table::ReadTransaction(after));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRetryableConflict) << error.what();
    return true;
  }
  return false;
}

void DeleteA(const table::Snapshot& read, const char* filter) { DeleteRows(read, {.text = filter}, {}, Session::Default()); }

TEST(ReadRowsTest, RowsThatComeGoOrChangeDisturbThoseWhoReadThem) {
  const SqlExpression tens{.text = "a >= 10"};
  const auto append = [](int64_t a) { return [a](const table::Snapshot& read) { Append(read, *Stream({{"a", {a}}, {"b", {0}}}), {}); }; };
  EXPECT_TRUE(Disturbs(append(15), tens));
  EXPECT_FALSE(Disturbs(append(5), tens));
  const auto remove = [](const char* filter) { return [=](const table::Snapshot& read) { DeleteA(read, filter); }; };
  EXPECT_TRUE(Disturbs(remove("a = 12"), tens));
  EXPECT_TRUE(Disturbs(remove("a > 5"), tens)) << "a whole fragment";
  EXPECT_FALSE(Disturbs(remove("a = 3"), tens));
  EXPECT_FALSE(Disturbs(remove("a < 10"), tens));
  const auto update = [](const char* value, const char* filter) {
    return [=](const table::Snapshot& read) {
      UpdateRows(read, {{"a", {.text = value}}}, SqlExpression{.text = filter}, {}, Session::Default());
    };
  };
  EXPECT_TRUE(Disturbs(update("0", "a = 12"), tens)) << "it was one of them";
  EXPECT_TRUE(Disturbs(update("12", "a = 0"), tens)) << "it is one of them now";
  EXPECT_FALSE(Disturbs(update("1", "a = 0"), tens));
}

TEST(ReadRowsTest, WhatKeepsRowsDisturbsNobodyAndNewColumnsDisturbAll) {
  const SqlExpression tens{.text = "a >= 10"};
  const auto compact = [](const table::Snapshot& read) { CompactFiles(read, {}, Session::Default()); };
  EXPECT_FALSE(Disturbs(compact, tens));
  EXPECT_FALSE(Disturbs(compact, {}));
  EXPECT_TRUE(Disturbs([](const table::Snapshot& read) { DropColumns(read, {"b"}, {}); }, tens));
  EXPECT_TRUE(Disturbs([](const table::Snapshot& read) { DeleteA(read, "a = 1"); }, {})) << "who read all rows";
  EXPECT_FALSE(ReadsRows(Isolation::kSnapshot, tens, Session::Default()));
}

TEST(ReadRowsTest, ASerializableOperationRunsAgainOnRowsThatCame) {
  const table::Snapshot read = TableToRead();
  Append(read, *Stream({{"a", {15}}, {"b", {0}}}), {});
  const SqlExpression fifteen{.text = "a = 15"};
  const ChangeOptions serializable{.isolation = Isolation::kSerializable};
  EXPECT_EQ(DeleteRows(read, fifteen, serializable, Session::Default()).num_rows, 2u);
  const ChangeOptions once{.isolation = Isolation::kSerializable, .conflict_retries = 0};
  EXPECT_EQ(ErrorOf([&] { DeleteRows(read, fifteen, once, Session::Default()); }).kind(), ErrorKind::kRetryableConflict);
}

TEST(ReadRowsTest, NothingIsRunAgainOnASerializableVersion) {
  table::Snapshot read = TableToRead();
  read.is_serializable = true;
  DeleteA(table::LoadSnapshot(read.store), "a = 3");
  EXPECT_EQ(ErrorOf([&] { DeleteA(read, "a = 15"); }).kind(), ErrorKind::kRetryableConflict);
  EXPECT_EQ(ErrorOf([&] { AddComputedColumns(read, {{"c", {.text = "a"}}}, {}); }).kind(), ErrorKind::kRetryableConflict);
  EXPECT_EQ(table::LoadSnapshot(read.store).version(), 2u);
  CompactFiles(read, {.target_rows_per_fragment = 100}, Session::Default());
}

}  // namespace
}  // namespace eider::mutate
