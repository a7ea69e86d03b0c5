/// Structs, maps, and types as values.

#include "eider/array/null_array.h"
#include "eider/base/utf8.h"
#include "eider/expr/arrow_type_name.h"
#include "eider/expr/cast.h"
#include "eider/expr/coerce.h"
#include "eider/expr/compare.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/list_kernels.h"
#include "eider/expr/literal.h"
#include "eider/expr/native.h"

namespace eider::expr {
namespace {

std::string TextOf(const NodePtr& node, std::string_view what) {
  const auto* literal = dynamic_cast<const LiteralNode*>(node.get());
  if (!literal || !IsText(node->type()->id) || !literal->value()->IsValid(0)) throw Invalid("{} is a text", what);
  const Column column{literal->value(), true};
  return std::string(Reader<std::string_view>(column)[0]);
}

NodePtr GetField(std::vector<NodePtr> arguments) {
  const DataType& type = *arguments[0]->type();
  if (type.id != TypeId::kStruct) throw Invalid("{} has no fields", TypeToString(type));
  const std::string name = TextOf(arguments[1], "the name of a field");
  for (size_t i = 0; i < type.children.size(); ++i) {
    if (type.children[i].name != name) continue;
    const Kernel kernel = [i](const Call& call) { return StructChild(*Spread(call.arguments[0], call.rows), i); };
    return Fold(std::make_shared<CallNode>("get_field", type.children[i].type, kernel, std::vector<NodePtr>{arguments[0]}));
  }
  throw Invalid("there is no field '{}' in {}", name, TypeToString(type));
}

NodePtr MakeStruct(const std::vector<std::string>& names, std::vector<NodePtr> values) {
  std::vector<Field> fields;
  for (size_t i = 0; i < names.size(); ++i) fields.push_back({names[i], values[i]->type(), true, {}});
  const Kernel kernel = [](const Call& call) {
    auto out = std::make_shared<Array>();
    out->type = call.type;
    out->length = call.rows;
    out->null_count = 0;
    for (const Column& column : call.arguments) out->children.push_back(column.constant ? Spread(column, call.rows) : column.array);
    return ArrayPtr(out);
  };
  return Fold(std::make_shared<CallNode>("struct", StructType(std::move(fields)), kernel, std::move(values)));
}

NodePtr Struct(std::vector<NodePtr> arguments) {
  std::vector<std::string> names;
  for (size_t i = 0; i < arguments.size(); ++i) names.push_back(fmt::format("c{}", i));
  return MakeStruct(names, std::move(arguments));
}

NodePtr NamedStruct(std::vector<NodePtr> arguments) {
  if (arguments.size() % 2) throw Invalid("a name without a value");
  std::vector<std::string> names;
  std::vector<NodePtr> values;
  for (size_t i = 0; i < arguments.size(); i += 2) names.push_back(TextOf(arguments[i], "the name of a field")), values.push_back(arguments[i + 1]);
  return MakeStruct(names, std::move(values));
}

const DataType& RequireMap(const NodePtr& node) {
  if (node->type()->id != TypeId::kMap) throw Invalid("{} is no map", TypeToString(*node->type()));
  return *node->type()->children[0].type;
}

/// Keys (0) or values (1) of maps.
template <size_t child>
NodePtr MapChildren(std::vector<NodePtr> arguments) {
  const TypePtr type = ListType({"item", RequireMap(arguments[0]).children[child].type, true, {}});
  const Kernel kernel = [](const Call& call) {
    const ArrayPtr map = Spread(call.arguments[0], call.rows);
    const Column column{map, false};
    const Reader<Items> rows(column);
    ListBuilder out;
    for (int64_t row = 0; row < call.rows; ++row) {
      if (map->IsValid(row)) for (int64_t i = rows[row].first; i < rows[row].last; ++i) out.Append(i);
      out.EndRow(map->IsValid(row));
    }
    return out.Finish(call.type, StructChild(*map->children[0], child));
  };
  return std::make_shared<CallNode>(child ? "map_values" : "map_keys", type, kernel, std::move(arguments));
}

/// The values of a key: a list of one, or none.
NodePtr MapExtract(std::vector<NodePtr> arguments) {
  const DataType& entries = RequireMap(arguments[0]);
  const TypePtr type = ListType({"item", entries.children[1].type, true, {}});
  arguments[1] = CastTo(arguments[1], entries.children[0].type);
  const Kernel kernel = [](const Call& call) {
    const ArrayPtr map = Spread(call.arguments[0], call.rows);
    const Column column{map, false};
    const Reader<Items> rows(column);
    const ArrayPtr keys = StructChild(*map->children[0], 0);
    const Column& wanted = call.arguments[1];
    ListBuilder out;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = map->IsValid(row) && wanted.IsValid(row);
      for (int64_t i = valid ? rows[row].first : 0; valid && i < rows[row].last; ++i) {
        if (CompareValues(*keys, i, *wanted.array, wanted.At(row)) == 0) out.Append(i);
      }
      out.EndRow(valid);
    }
    return out.Finish(call.type, StructChild(*map->children[0], 1));
  };
  return std::make_shared<CallNode>("map_extract", type, kernel, std::move(arguments));
}

NodePtr ArrowTypeOf(std::vector<NodePtr> arguments) { return TextLiteral(ArrowTypeName(*arguments[0]->type())); }

NodePtr ArrowCast(std::vector<NodePtr> arguments) {
  const std::string name = TextOf(arguments[1], "the name of a type");
  const std::optional<TypePtr> type = TypeOfArrowName(name);
  return CastTo(arguments[0], type ? *type : TypeOfName(LowerAscii(name)));
}

}  // namespace

FunctionTable StructFunctions() {
  return {
      {"struct|row", "any, ... -> any", nullptr, Struct},
      {"named_struct", "any, ... -> any", nullptr, NamedStruct},
      {"get_field", "any, text -> any", nullptr, GetField},
      {"map_keys", "any -> list", nullptr, MapChildren<0>},
      {"map_values", "any -> list", nullptr, MapChildren<1>},
      {"map_extract|element_at", "any, any -> list", nullptr, MapExtract},
      {"arrow_typeof", "any -> text", nullptr, ArrowTypeOf},
      {"arrow_cast", "any, text -> any", nullptr, ArrowCast},
  };
}

}  // namespace eider::expr
