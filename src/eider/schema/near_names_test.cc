#include <eider/schema.h>
#include <gtest/gtest.h>

namespace eider {
namespace {

TEST(NearNamesTest, NamesWhatIsNearAndTheFirstColumns) {
  EXPECT_EQ(NoColumn("pice", {"a", "price", "slice", "Pine"}),
            "no column 'pice'; did you mean 'price', 'Pine' or 'slice'? The columns are a, price, slice, Pine");
  EXPECT_EQ(NoColumn("Label", {"label"}), "no column 'Label'; did you mean 'label'? The columns are label");
  EXPECT_EQ(NoColumn("zz", {"a", "b"}), "no column 'zz'; the columns are a, b");
  EXPECT_EQ(NoColumn("x", {"y"}), "no column 'x'; the columns are y");
}

TEST(NearNamesTest, StaysShortWhateverThereIs) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back("feature_" + std::to_string(i));
  EXPECT_EQ(NoColumn("featur_77", names),
            "no column 'featur_77'; did you mean 'feature_77', 'feature_7' or 'feature_17'? The columns are feature_0, feature_1, "
            "feature_2, feature_3, feature_4, feature_5, feature_6, feature_7, feature_8, feature_9 and 9990 more");
  EXPECT_EQ(NoColumn("a" + std::string(100'000, '\xC3'), {"y"}), "no column 'a'...; the columns are y");
  EXPECT_LT(NoColumn(std::string(100'000, 'x'), {"y"}).size(), 300u);
}

}  // namespace
}  // namespace eider
