// Any bytes as a Substrait condition: an Error, or SQL that parses; over columns of every type, an Error or an expression.

#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/expr/expression.h"
#include "eider/expr/parser.h"
#include "eider/expr/substrait.h"
#include "fuzz/input_bounds.h"

namespace {

using namespace eider;

Schema Columns() {
  Schema schema;
  const auto add = [&](std::string name, const TypePtr& type) { schema.fields.push_back({std::move(name), type, true, {}}); };
  add("a", MakeType(TypeId::kInt32)), add("s", MakeType(TypeId::kUtf8)), add("x", MakeType(TypeId::kDouble)), add("b", MakeType(TypeId::kBool));
  add("t", TimestampType(TimeUnit::kMicro)), add("d", MakeType(TypeId::kDate32)), add("u", MakeType(TypeId::kUInt8));
  add("st", StructType({{"y", MakeType(TypeId::kInt64), true, {}}, {"z", MakeType(TypeId::kUtf8), true, {}}}));
  return schema;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Schema schema = Columns();
  expr::SubstraitCondition condition;
  try {
    condition = expr::ReadSubstrait({data, size});
  } catch (const Error&) {
    return 0;
  }
  fuzz::AllowOutput(64 * condition.text.size());  // of the tree
  try {
    expr::ParseSyntax(condition.text);
  } catch (const Error& error) {
    if (std::string_view(error.what()).find("nested more than") == std::string_view::npos && condition.text.find('\0') == std::string::npos) __builtin_trap();
  }
  try {
    expr::Expression::ParseCondition(condition.text, schema, {condition.parameters, {}});
  } catch (const Error&) {
  }
  return 0;
}
