#include "eider/expr/by_dictionary.h"

#include "eider/array/dictionary_key.h"
#include "eider/array/row_sizes.h"
#include "eider/array/take.h"

namespace eider::expr {

namespace {

/// Of a text that many rows share each gets a copy.
void CountCopies(const ArrayPtr& values, const std::vector<int64_t>& keys) {
  if (!TextScope::is_open() || TextBytes(*values) == 0) return;
  const RowSizes sizes({&values, 1});
  uint64_t bytes = 0;
  for (const int64_t key : keys) {
    if (key >= 0 && key < values->length) bytes += sizes[key];
  }
  TextScope::Require(bytes);
  TextScope::CountMade(bytes);
}

}  // namespace

ArrayPtr TakeByKeys(const Column& dictionary, const ArrayPtr& values, int64_t rows) {
  std::vector<int64_t> keys(static_cast<size_t>(rows));
  for (int64_t row = 0; row < rows; ++row) {
    keys[size_t(row)] = dictionary.IsValid(row) ? DictionaryKey(*dictionary.array, dictionary.At(row)) : -1;
  }
  CountCopies(values, keys);
  return TakeArray(values, keys);
}

NodePtr DictionaryOf(const Node& decoded) {
  const auto* cast = dynamic_cast<const CallNode*>(&decoded);
  if (!cast || cast->name() != "cast") return nullptr;
  const NodePtr& inner = cast->children()[0];
  return inner->type()->id == TypeId::kDictionary && TypesEqual(*inner->type()->value_type, *decoded.type()) ? inner : nullptr;
}

Kernel OncePerValue(Kernel test) {
  return [test = std::move(test)](const Call& call) {
    const Column& column = call.arguments[0];
    const ArrayPtr& values = column.array->dictionary;
    std::vector<Column> arguments(call.arguments.begin(), call.arguments.end());
    if (values->length > call.rows) {
      arguments[0] = {TakeByKeys(column, values, call.rows), false};
      return test(Call{arguments, call.rows, call.live, call.type});
    }
    arguments[0] = {values, false};
    return TakeByKeys(column, test(Call{arguments, values->length, nullptr, call.type}), call.rows);
  };
}

}  // namespace eider::expr
