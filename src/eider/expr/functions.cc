#include "eider/expr/functions.h"

#include <algorithm>
#include <map>

#include "eider/base/utf8.h"
#include "eider/expr/cast.h"
#include "eider/expr/coerce.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/native.h"
#include "eider/expr/temporal.h"

namespace eider::expr {
namespace {

std::vector<std::string_view> Split(std::string_view text, std::string_view by) {
  std::vector<std::string_view> out;
  for (size_t at; (at = text.find(by)) != std::string_view::npos; text.remove_prefix(at + by.size())) out.push_back(text.substr(0, at));
  out.push_back(text);
  return out;
}

struct Signature {
  std::vector<std::string_view> kinds;
  size_t required = 0;
  bool repeats = false;
  std::string_view result;
};

/// "text, int[, int] -> text"
Signature ParseSignature(std::string_view text) {
  Signature out;
  const size_t arrow = text.find("-> ");
  out.result = text.substr(arrow + 3);
  std::string_view arguments = text.substr(0, arrow);
  bool optional = false;
  while (!arguments.empty()) {
    const size_t end = std::min(arguments.find_first_of(" ,[]"), arguments.size());
    const std::string_view word = arguments.substr(0, end);
    if (word == "...") out.repeats = true;
    else if (!word.empty()) out.kinds.push_back(word), out.required += !optional;
    if (end < arguments.size() && arguments[end] == '[') optional = true;
    arguments.remove_prefix(std::min(end + 1, arguments.size()));
  }
  return out;
}

constexpr int kNever = 1000;

/// What it takes to give an argument of `type` where `kind` is wanted; kNever for what cannot be.
int CostOf(std::string_view kind, const Node& node) {
  const DataType& type = *node.type();
  const TypeId id = type.id;
  if (kind == "any" || id == TypeId::kNull) return 0;
  if (kind == "value") return IsText(id) ? 0 : 3;
  if (kind == "text") return IsText(id) ? 0 : kNever;
  if (kind == "int") return IsWhole(id) ? 0 : kNever;
  if (kind == "uint64") return id == TypeId::kUInt64 ? 0 : kNever;
  if (kind == "double") return IsFloat(id) ? 0 : IsDecimal(id) ? 1 : IsWhole(id) ? 2 : kNever;
  if (kind == "decimal") return id == TypeId::kDecimal128 ? 0 : kNever;
  if (kind == "wide") return id == TypeId::kDecimal256 ? 0 : kNever;
  if (kind == "bool") return id == TypeId::kBool ? 0 : kNever;
  if (kind == "binary") return IsBytes(id) ? 0 : kNever;
  if (kind == "json") return IsText(id) || IsBytes(id) ? 0 : kNever;
  if (kind == "list") return IsList(id) ? 0 : kNever;
  if (kind == "interval") return IsInterval(type) ? 0 : kNever;
  if (kind == "date") return IsDate(id) ? 0 : id == TypeId::kTimestamp ? 2 : node.literal() && IsText(id) ? 3 : kNever;
  if (kind == "instant") return id == TypeId::kTimestamp ? 0 : IsDate(id) ? 1 : node.literal() && IsText(id) ? 3 : kNever;
  if (kind == "time") return IsTime(id) ? 0 : kNever;
  if (kind == "duration") return id == TypeId::kDuration ? 0 : kNever;
  return kNever;
}

TypePtr TypeOfKind(std::string_view kind, const TypePtr& type) {
  if (kind == "any" || kind == "decimal" || kind == "wide" || kind == "interval" || kind == "duration") return type;
  if (kind == "text" || kind == "value" || kind == "binary" || kind == "json") {
    if (IsText(type->id) || (kind != "value" && IsBytes(type->id))) return type;  // kernels read every layout
    return MakeType(kind == "binary" ? TypeId::kBinary : TypeId::kUtf8);
  }
  if (kind == "int") return MakeType(TypeId::kInt64);
  if (kind == "uint64") return MakeType(TypeId::kUInt64);
  if (kind == "double") return MakeType(TypeId::kDouble);
  if (kind == "bool") return MakeType(TypeId::kBool);
  if (kind == "date") return MakeType(TypeId::kDate32);
  if (kind == "instant") return type->id == TypeId::kTimestamp ? type : TimestampType(TimeUnit::kMicro);
  if (kind == "time") return TimeType(TypeId::kTime64, TimeUnit::kNano);
  return IsList(type->id) ? ListType({"item", type->children[0].type, true, {}}) : ListType({"item", MakeType(TypeId::kNull), true, {}});
}

TypePtr ResultType(std::string_view result, const std::vector<NodePtr>& arguments) {
  if (result == "same") return arguments[0]->type();
  if (result == "text") {
    const bool large = !arguments.empty() && arguments[0]->type()->id == TypeId::kLargeUtf8;
    return MakeType(large ? TypeId::kLargeUtf8 : TypeId::kUtf8);
  }
  if (result == "int32") return MakeType(TypeId::kInt32);
  if (result == "uint64") return MakeType(TypeId::kUInt64);
  if (result == "binary") return MakeType(TypeId::kBinary);
  if (result == "jsonb") return MakeType(TypeId::kLargeBinary);
  if (result == "seconds") return TimestampType(TimeUnit::kSecond);
  if (result == "millis") return TimestampType(TimeUnit::kMilli);
  if (result == "micros") return TimestampType(TimeUnit::kMicro);
  if (result == "nanos") return TimestampType(TimeUnit::kNano);
  if (result == "now") return TimestampType(TimeUnit::kNano, "+00:00");
  if (result == "list<text>") return ListType({"item", MakeType(TypeId::kUtf8), true, {}});
  if (result == "list<int>") return ListType({"item", MakeType(TypeId::kInt64), true, {}});
  return TypeOfKind(result, MakeType(TypeId::kNull));
}

struct Overload {
  Function function;
  Signature signature;
};
using Table = std::map<std::string, std::vector<const Overload*>, std::less<>>;

const std::vector<Overload>& Overloads() {
  static const std::vector<Overload> overloads = [] {
    std::vector<Overload> out;
    for (FunctionTable (*family)() : {TextFunctions, TextPositionFunctions, NumberFunctions, TimeFunctions, RegexpFunctions, ListFunctions,
                                      ListEditFunctions, VectorFunctions, StructFunctions, ChoiceFunctions, HashFunctions, JsonFunctions}) {
      for (Function& function : family()) out.push_back({function, ParseSignature(function.signature)});
    }
    return out;
  }();
  return overloads;
}

const Table& ByName() {
  static const Table table = [] {
    Table out;
    for (const Overload& overload : Overloads()) {
      for (const std::string_view name : Split(overload.function.names, "|")) out[std::string(name)].push_back(&overload);
    }
    return out;
  }();
  return table;
}

size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1])}));
  }
  return row[b.size()];
}

[[noreturn]] void RefuseName(std::string_view name) {
  constexpr size_t kLongestName = 40;
  std::string_view nearest;
  size_t least = name.size() <= kLongestName ? std::max<size_t>(1, name.size() / 3) + 1 : 0;
  for (const auto& [each, overloads] : ByName()) {
    if (least == 0) break;
    if (const size_t distance = Distance(name, each); distance < least) least = distance, nearest = each;
  }
  if (nearest.empty()) throw Invalid("there is no function '{}'", name.substr(0, kLongestName));
  throw Invalid("there is no function '{}'; is '{}' meant?", name, nearest);
}

int CostOf(const Signature& signature, const std::vector<NodePtr>& arguments) {
  if (arguments.size() < signature.required) return kNever;
  if (arguments.size() > signature.kinds.size() && !signature.repeats) return kNever;
  int cost = 0;
  for (size_t i = 0; i < arguments.size() && cost < kNever; ++i) cost += CostOf(signature.kinds[std::min(i, signature.kinds.size() - 1)], *arguments[i]);
  return cost;
}

[[noreturn]] void RefuseArguments(std::string_view name, const std::vector<const Overload*>& overloads, const std::vector<NodePtr>& arguments) {
  std::string given, known;
  for (const NodePtr& argument : arguments) given += (given.empty() ? "" : ", ") + TypeToString(*argument->type());
  for (const Overload* overload : overloads) {
    const std::string_view signature = overload->function.signature;
    known += fmt::format("{}{}({})", known.empty() ? "" : " or ", name, signature.substr(0, signature.find(" -> ")));
  }
  throw Invalid("{}({}): the arguments do not fit {}", name, given, known);
}

}  // namespace

NodePtr MakeFunctionCall(std::string_view name, std::vector<NodePtr> arguments) {
  const std::string small = LowerAscii(name);
  const auto found = ByName().find(small);
  if (found == ByName().end()) RefuseName(small);
  for (NodePtr& argument : arguments) argument = Plain(argument);
  const Overload* best = nullptr;
  int least = kNever;
  for (const Overload* overload : found->second) {
    if (const int cost = CostOf(overload->signature, arguments); cost < least) least = cost, best = overload;
  }
  if (!best) RefuseArguments(small, found->second, arguments);
  if (best->function.make) {
    return InContext([&] { return small; }, [&] { return best->function.make(std::move(arguments)); });
  }
  const Signature& signature = best->signature;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view kind = signature.kinds[std::min(i, signature.kinds.size() - 1)];
    arguments[i] = CastTo(arguments[i], TypeOfKind(kind, arguments[i]->type()));
  }
  const TypePtr type = ResultType(signature.result, arguments);
  return Fold(std::make_shared<CallNode>(small, type, best->function.kernel, std::move(arguments), best->function.is_volatile));
}

std::vector<std::string> FunctionSignatures() {
  std::vector<std::string> out;
  for (const Overload& overload : Overloads()) {
    const std::string_view signature = overload.function.signature;
    const size_t arrow = signature.find("-> ");
    for (const std::string_view name : Split(overload.function.names, "|")) {
      std::string_view arguments = signature.substr(0, arrow);
      while (arguments.ends_with(' ')) arguments.remove_suffix(1);
      out.push_back(fmt::format("{}({}) {}", name, arguments, signature.substr(arrow)));
    }
  }
  return out;
}

}  // namespace eider::expr
