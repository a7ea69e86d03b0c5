#include "eider/table/base_paths.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/table/conflict.h"

namespace eider::table {
namespace {

void AddBase(const char* name, const char* path, BasePathList* bases) {
  auto* base = bases->Add();
  if (name) base->set_name(name);
  base->set_path(path);
}

BasePathList BasesOf(std::initializer_list<std::pair<const char*, const char*>> named) {
  BasePathList bases;
  for (const auto& [name, path] : named) AddBase(name, path, &bases);
  return bases;
}

TransactionProto BasesAdded(const BasePathList& bases) {
  TransactionProto transaction;
  *transaction.mutable_update_bases()->mutable_new_bases() = bases;
  return transaction;
}

TEST(BasePathsTest, IdsFollowTheLargestOneThatIsThere) {
  BasePathList bases;
  AddBases(BasesOf({{"a", "/a"}, {nullptr, "memory://b"}}), &bases);
  bases.at(1).set_id(9);
  AddBases(BasesOf({{"c", "/c"}, {nullptr, "/d"}}), &bases);
  std::vector<uint32_t> ids;
  for (const auto& base : bases) ids.push_back(base.id());
  EXPECT_EQ(ids, (std::vector<uint32_t>{1, 9, 10, 11}));
}

TEST(BasePathsTest, ANameOrAPathIsThereOnce) {
  for (const auto& again : {BasesOf({{"a", "/other"}}), BasesOf({{"other", "/a"}}), BasesOf({{nullptr, "/a"}}), BasesOf({{"x", "/x"}, {"x", "/y"}}),
                            BasesOf({{"relative", "a/b"}}), BasesOf({{"empty", ""}})}) {
    BasePathList bases = BasesOf({{"a", "/a"}});
    EXPECT_THROW(AddBases(again, &bases), Error);
  }
  BasePathList bases = BasesOf({{nullptr, "/a"}});
  AddBases(BasesOf({{nullptr, "/b"}}), &bases);  // two without a name
  EXPECT_EQ(bases.size(), 2);
}

TEST(BasePathsTest, WritersConflictWhenTheyAddTheSame) {
  const TransactionProto mine = BasesAdded(BasesOf({{"a", "/a"}}));
  const auto after = [&](const TransactionProto& theirs) { CheckConflict(mine, theirs, 7, {}); };
  EXPECT_NO_THROW(after(BasesAdded(BasesOf({{"b", "/b"}}))));
  EXPECT_THROW(after(BasesAdded(BasesOf({{"b", "/b"}, {"a", "/c"}}))), Error);
  EXPECT_THROW(after(BasesAdded(BasesOf({{"b", "/a"}}))), Error);
  for (const auto make : {+[](TransactionProto* t) { t->mutable_append(); }, +[](TransactionProto* t) { t->mutable_overwrite(); },
                          +[](TransactionProto* t) { t->mutable_restore(); }, +[](TransactionProto* t) { t->mutable_rewrite(); }}) {
    TransactionProto theirs;
    make(&theirs);
    EXPECT_NO_THROW(after(theirs));
  }
}

}  // namespace
}  // namespace eider::table
