// Any text, over random arrays: an Error, or one value per row that can be walked; and a filter's conjuncts select what it selects.

#include "eider/expr/expression.h"
#include "eider/expr/node.h"
#include "eider/testing/arrays.h"
#include "eider/testing/walk_array.h"

namespace {

using namespace eider;

constexpr int64_t kRows = 70;

struct Table {
  Schema schema;
  std::vector<ArrayPtr> arrays;
  Table() {
    testing::RandomArrays random(1);
    const auto add = [&](std::string name, const TypePtr& type) {
      schema.fields.push_back({std::move(name), type, true, {}});
      arrays.push_back(random.Make(type, kRows));
    };
    for (const auto& [name, id] : std::vector<std::pair<std::string, TypeId>>{
             {"b", TypeId::kBool}, {"i", TypeId::kInt8}, {"n", TypeId::kInt64}, {"u", TypeId::kUInt64}, {"h", TypeId::kHalfFloat}, {"f", TypeId::kFloat},
             {"x", TypeId::kDouble}, {"s", TypeId::kUtf8}, {"v", TypeId::kUtf8View}, {"y", TypeId::kBinary}, {"d", TypeId::kDate32}}) {
      add(name, MakeType(id));
    }
    add("t", TimestampType(TimeUnit::kMicro));
    add("z", TimestampType(TimeUnit::kSecond, "Europe/Athens"));
    add("p", DecimalType(TypeId::kDecimal128, 20, 3));
    add("l", ListType({"item", MakeType(TypeId::kInt64), true, {}}));
    add("k", DictionaryType(MakeType(TypeId::kInt8), MakeType(TypeId::kUtf8)));
    add("q", StructType({{"a", MakeType(TypeId::kInt32), true, {}}, {"s", MakeType(TypeId::kUtf8), true, {}}}));
  }
  ArrayPtr Column(const std::string& path) const {
    const size_t dot = path.find('.');
    const ArrayPtr& top = arrays[size_t(schema.FieldIndex(path.substr(0, dot)))];
    return dot == std::string::npos ? top : StructChild(*top, path.substr(dot + 1) == "a" ? 0 : 1);
  }
  std::vector<ArrayPtr> Columns(const expr::Expression& expression) const {
    std::vector<ArrayPtr> out;
    for (const std::string& path : expression.columns()) out.push_back(Column(path));
    return out;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Table table;
  try {
    const auto expression = expr::Expression::Parse({reinterpret_cast<const char*>(data), size}, table.schema);
    const std::vector<ArrayPtr> columns = table.Columns(*expression);
    const ArrayPtr values = expression->Evaluate(columns, kRows);
    if (values->length != kRows || !TypesEqual(*values->type, *expression->type())) __builtin_trap();
    testing::WalkArray(*values);
    if (expression->type()->id != TypeId::kBool) return 0;
    const Buffer selected = expression->Select(columns, kRows);
    for (int64_t row = 0; row < kRows; ++row) {
      const bool is_true = values->IsValid(row) && GetBit(values->buffers[0].data(), uint64_t(values->offset + row));
      if (GetBit(selected.data(), uint64_t(row)) != is_true) __builtin_trap();
    }
  } catch (const Error&) {
  }
  return 0;
}
