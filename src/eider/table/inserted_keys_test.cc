#include "eider/table/inserted_keys.h"

#include <gtest/gtest.h>

#include "eider/base/memory.h"
#include "eider/table/conflict.h"

namespace eider::table {
namespace {

using KeyFilter = TransactionProto::KeyFilter;

ArrayPtr Ints(TypeId type, const std::vector<int32_t>& values, const std::vector<bool>& valid = {}) {
  auto array = std::make_shared<Array>();
  array->type = MakeType(type);
  array->length = static_cast<int64_t>(values.size());
  BufferBuilder data;
  BitBuilder bits;
  for (size_t i = 0; i < values.size(); ++i) {
    if (type == TypeId::kInt32) data.AppendValue(values[i]);
    else data.AppendValue(static_cast<int16_t>(values[i]));
    bits.AppendBit(valid.empty() || valid[i]);
  }
  array->buffers = {data.Finish()};
  array->validity = bits.Finish();
  return array;
}

KeyFilter FilterOf(const ArrayPtr& keys, bool primary, int32_t field_id = 0) {
  const LanceField field{.name = "k", .id = field_id, .logical_type = keys->type->id == TypeId::kInt32 ? "int32" : "int16"};
  InsertedKeys inserted({&field}, primary);
  inserted.Add({&keys, 1}, keys->length);
  KeyFilter filter;
  inserted.FillIn(&filter);
  return filter;
}

TEST(InsertedKeysTest, FiltersShareWhatBothInsert) {
  for (const bool primary : {false, true}) {
    const KeyFilter a = FilterOf(Ints(TypeId::kInt32, {1, 2, 3}), primary);
    EXPECT_EQ(a.has_bloom(), primary);
    EXPECT_TRUE(MayShareKeys(a, FilterOf(Ints(TypeId::kInt32, {3, 4}), primary)));
    EXPECT_FALSE(MayShareKeys(a, FilterOf(Ints(TypeId::kInt32, {4, 5}), primary)));
    EXPECT_FALSE(MayShareKeys(a, FilterOf(Ints(TypeId::kInt32, {3}, {false}), primary)));
    EXPECT_TRUE(MayShareKeys(a, FilterOf(Ints(TypeId::kInt32, {4, 5}), primary, 1)));
    EXPECT_TRUE(MayShareKeys(a, FilterOf(Ints(TypeId::kInt32, {4, 5}), !primary)));
  }
}

TEST(InsertedKeysTest, TypesThatTheReferenceLeavesOutAreHashes) {
  EXPECT_TRUE(FilterOf(Ints(TypeId::kInt16, {1}), true).has_exact());
  EXPECT_TRUE(FilterOf(Ints(TypeId::kInt16, {1}), false).has_exact());
}

TEST(InsertedKeysTest, TooManyHashesStandForAnyKey) {
  std::vector<int32_t> many(70'000);
  for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<int32_t>(i);
  const KeyFilter filter = FilterOf(Ints(TypeId::kInt32, many), false);
  EXPECT_FALSE(filter.has_exact());
  EXPECT_TRUE(MayShareKeys(filter, FilterOf(Ints(TypeId::kInt32, {-1}), false)));
}

TEST(InsertedKeysTest, AnUpdateRunsAgainAfterWhatMayHaveBroughtItsKeys) {
  TransactionProto mine, theirs;
  *mine.mutable_update()->mutable_inserted_rows() = FilterOf(Ints(TypeId::kInt32, {1, 2}), true);
  const auto runs_again = [&] {
    try {
      CheckConflict(mine, theirs, 2, {});
      return false;
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kRetryableConflict;
    }
  };
  theirs.mutable_append();
  EXPECT_FALSE(runs_again());
  theirs.mutable_append()->add_fragments();
  EXPECT_TRUE(runs_again());
  *mine.mutable_update()->mutable_inserted_rows() = FilterOf(Ints(TypeId::kInt32, {}), true);
  EXPECT_FALSE(runs_again()) << "it inserts nothing";
  *mine.mutable_update()->mutable_inserted_rows() = FilterOf(Ints(TypeId::kInt32, {1, 2}), true);
  theirs.mutable_update();
  EXPECT_FALSE(runs_again());
  theirs.mutable_update()->add_new_fragments();
  EXPECT_TRUE(runs_again());
  *theirs.mutable_update()->mutable_inserted_rows() = FilterOf(Ints(TypeId::kInt32, {3}), true);
  EXPECT_FALSE(runs_again());
  *theirs.mutable_update()->mutable_inserted_rows() = FilterOf(Ints(TypeId::kInt32, {2}), true);
  EXPECT_TRUE(runs_again());
  theirs.mutable_delete_();
  EXPECT_FALSE(runs_again());
  mine.mutable_update()->clear_inserted_rows();
  theirs.mutable_append()->add_fragments();
  EXPECT_FALSE(runs_again());
}

}  // namespace
}  // namespace eider::table
