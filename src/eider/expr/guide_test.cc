// docs/guide/filters.md: every "expression -> result" of it, and every function in it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "eider/expr/cast.h"
#include "eider/expr/expression.h"
#include "eider/expr/functions.h"

namespace eider::expr {
namespace {

struct Example {
  std::string text, result;
};

std::vector<Example> Examples() {
  const char* root = std::getenv("EIDER_SOURCE_DIR");
  std::ifstream file(std::string(root ? root : ".") + "/docs/guide/filters.md");
  std::vector<Example> out;
  for (std::string line; std::getline(file, line);) {
    const size_t arrow = line.rfind(" -> ");
    if (line.starts_with('|') || line.starts_with("Every") || arrow == std::string::npos) continue;
    std::string text = line.substr(0, arrow);
    text.erase(text.find_last_not_of(' ') + 1);
    out.push_back({text, line.substr(arrow + 4)});
  }
  return out;
}

std::string ResultOf(const std::string& text) {
  const ArrayPtr value = Expression::Parse(text, Schema())->Evaluate({}, 1);
  return value->IsValid(0) ? ToTextOf(*value->type)(*value, 0) : "null";
}

TEST(GuideTest, EveryExampleHasItsResult) {
  const std::vector<Example> examples = Examples();
  ASSERT_GT(examples.size(), 250u);
  for (const Example& example : examples) {
    try {
      EXPECT_EQ(ResultOf(example.text), example.result) << example.text;
    } catch (const Error& error) {
      ADD_FAILURE() << example.text << ": " << error.what();
    }
  }
}

TEST(GuideTest, EveryFunctionIsInIt) {
  const char* root = std::getenv("EIDER_SOURCE_DIR");
  std::ifstream file(std::string(root ? root : ".") + "/docs/guide/filters.md");
  const std::string guide{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::set<std::string> names;
  for (const std::string& signature : FunctionSignatures()) names.insert(signature.substr(0, signature.find('(')));
  EXPECT_GE(names.size(), 200u);
  for (const std::string& name : names) {
    if (name == "get_item" || name == "date_part" || name.starts_with("list_")) continue;  // x[i]; extract; named by the rule
    EXPECT_NE(guide.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace eider::expr
