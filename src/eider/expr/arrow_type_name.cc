#include "eider/expr/arrow_type_name.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/base/utf8.h"
#include "eider/expr/syntax.h"

namespace eider::expr {
namespace {

constexpr std::pair<TypeId, std::string_view> kPlain[] = {
    {TypeId::kNull, "Null"}, {TypeId::kBool, "Boolean"},
    {TypeId::kInt8, "Int8"}, {TypeId::kInt16, "Int16"}, {TypeId::kInt32, "Int32"}, {TypeId::kInt64, "Int64"},
    {TypeId::kUInt8, "UInt8"}, {TypeId::kUInt16, "UInt16"}, {TypeId::kUInt32, "UInt32"}, {TypeId::kUInt64, "UInt64"},
    {TypeId::kHalfFloat, "Float16"}, {TypeId::kFloat, "Float32"}, {TypeId::kDouble, "Float64"},
    {TypeId::kDate32, "Date32"}, {TypeId::kDate64, "Date64"},
    {TypeId::kUtf8, "Utf8"}, {TypeId::kLargeUtf8, "LargeUtf8"}, {TypeId::kUtf8View, "Utf8View"},
    {TypeId::kBinary, "Binary"}, {TypeId::kLargeBinary, "LargeBinary"}, {TypeId::kBinaryView, "BinaryView"}};
constexpr std::string_view kUnits[] = {"s", "ms", "\u00b5s", "ns"};
constexpr std::string_view kLongUnits[] = {"second", "millisecond", "microsecond", "nanosecond"};

std::string Item(const Field& field) { return (field.nullable ? "" : "non-null ") + ArrowTypeName(*field.type); }

std::string Named(const Field& field) { return fmt::format("\"{}\": {}", field.name, Item(field)); }

std::string Children(const DataType& type) {
  std::string out;
  for (const Field& child : type.children) out += (out.empty() ? "" : ", ") + Named(child);
  return out;
}

/// "head(first, second)" -> head, {first, second}. Parentheses and quotes within arguments belong to them.
struct Parts {
  std::string head;
  std::vector<std::string> arguments;
};
std::string Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}
std::optional<Parts> PartsOf(std::string_view name) {
  const size_t open = name.find('(');
  Parts parts{LowerAscii(Trimmed(name.substr(0, open))), {}};
  if (open == std::string_view::npos) return parts;
  if (!name.ends_with(')')) return std::nullopt;
  const std::string_view inner = name.substr(open + 1, name.size() - open - 2);
  int depth = 0;
  bool is_quoted = false;
  size_t start = 0;
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (inner[i] == '(') ++depth;
    if (inner[i] == ')') --depth;
    if (inner[i] != ',' || depth != 0) continue;
    parts.arguments.push_back(Trimmed(inner.substr(start, i - start)));
    start = i + 1;
  }
  parts.arguments.push_back(Trimmed(inner.substr(start)));
  return parts;
}

std::optional<TimeUnit> UnitOf(std::string_view text) {
  const std::string lower = LowerAscii(std::string(text));
  for (size_t i = 0; i < std::size(kUnits); ++i) {
    if (lower == kUnits[i] || lower == kLongUnits[i] || (i == 2 && lower == "us")) return static_cast<TimeUnit>(i);
  }
  return std::nullopt;
}

/// "" for None, nullopt for what is neither that nor a zone in quotes.
std::optional<std::string> ZoneOf(std::string_view text) {
  if (LowerAscii(std::string(text)) == "none") return "";
  if (LowerAscii(std::string(text.substr(0, 5))) == "some(" && text.ends_with(')')) text = text.substr(5, text.size() - 6);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  return std::string(text.substr(1, text.size() - 2));
}

std::optional<int32_t> NumberOf(std::string_view text) {
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<TypePtr> DecimalNamed(TypeId id, const std::vector<std::string>& arguments) {
  const auto precision = NumberOf(arguments[0]), scale = NumberOf(arguments[1]);
  if (!precision || !scale) return std::nullopt;
  const int32_t most = id == TypeId::kDecimal128 ? 38 : 76;
  if (*precision < 1 || *precision > most || *scale < 0 || *scale > *precision) {
    throw Invalid("decimal({}, {}): 1 <= precision <= {} and scale <= precision", *precision, *scale, most);
  }
  return DecimalType(id, *precision, *scale);
}

std::optional<TypePtr> TimeNamed(const std::string& head, const std::vector<std::string>& arguments) {
  const std::optional<TimeUnit> unit = UnitOf(arguments[0]);
  if (!unit) return std::nullopt;
  const bool is_fine = *unit == TimeUnit::kMicro || *unit == TimeUnit::kNano;
  if (head == "duration") return TimeType(TypeId::kDuration, *unit);
  if (head == "time32" && !is_fine) return TimeType(TypeId::kTime32, *unit);
  if (head == "time64" && is_fine) return TimeType(TypeId::kTime64, *unit);
  if (head == "timestamp") return TimestampType(*unit);
  return std::nullopt;
}

std::optional<TypePtr> Parse(std::string_view name, int depth);

/// "Int64", "nullable Int64" or "non-null Int64".
std::optional<Field> ItemNamed(std::string name, std::string_view text, int depth) {
  const std::string lower = LowerAscii(std::string(text.substr(0, 9)));
  const bool is_required = lower == "non-null ";
  if (is_required || lower == "nullable ") text.remove_prefix(9);
  const std::optional<TypePtr> type = Parse(Trimmed(text), depth + 1);
  return type ? std::optional(Field{std::move(name), *type, !is_required, {}}) : std::nullopt;
}

/// "FixedSizeList(2, Float32)" or "FixedSizeList(2 x Float32)".
std::optional<TypePtr> VectorNamed(const std::vector<std::string>& arguments, int depth) {
  const size_t cross = arguments[0].find(" x ");
  if ((arguments.size() == 2) == (cross != std::string::npos)) return std::nullopt;
  const auto size = NumberOf(arguments[0].substr(0, cross));
  const auto item = ItemNamed("item", arguments.size() == 2 ? arguments[1] : arguments[0].substr(cross + 3), depth);
  return size && *size > 0 && item ? std::optional(FixedSizeListType(*item, *size)) : std::nullopt;
}

/// Of `"name": Type` each.
std::optional<TypePtr> StructNamed(const std::vector<std::string>& arguments, int depth) {
  std::vector<Field> fields;
  for (const std::string& argument : arguments) {
    const size_t end = argument.find("\":");
    if (!argument.starts_with('"') || end == 0 || end == std::string::npos) return std::nullopt;
    const auto field = ItemNamed(argument.substr(1, end - 1), Trimmed(std::string_view(argument).substr(end + 2)), depth);
    if (!field) return std::nullopt;
    fields.push_back(*field);
  }
  return StructType(std::move(fields));
}

std::optional<TypePtr> DictionaryNamed(const std::vector<std::string>& arguments, int depth) {
  const auto index = Parse(arguments[0], depth + 1), value = Parse(arguments[1], depth + 1);
  return index && value && IsInteger((*index)->id) ? std::optional(DictionaryType(*index, *value)) : std::nullopt;
}

/// Views are no types of tables: their plain ones stand for them.
TypeId PlainOf(TypeId id) { return id == TypeId::kUtf8View ? TypeId::kUtf8 : id == TypeId::kBinaryView ? TypeId::kBinary : id; }

std::optional<TypePtr> Parse(std::string_view name, int depth) {
  if (depth > kMaxDepth) throw Invalid("a type nested more than {} deep", kMaxDepth);
  const std::optional<Parts> parts = PartsOf(name);
  if (!parts) return std::nullopt;
  const auto& [head, arguments] = *parts;
  if (arguments.empty()) {
    for (const auto& [id, text] : kPlain) {
      if (head == LowerAscii(std::string(text))) return MakeType(PlainOf(id));
    }
    return std::nullopt;
  }
  if (head == "struct") return StructNamed(arguments, depth);
  if (head == "fixedsizelist" && arguments.size() <= 2) return VectorNamed(arguments, depth);
  if (arguments.size() == 2) {
    if (head == "dictionary") return DictionaryNamed(arguments, depth);
    if (head == "decimal128") return DecimalNamed(TypeId::kDecimal128, arguments);
    if (head == "decimal256") return DecimalNamed(TypeId::kDecimal256, arguments);
    const auto unit = UnitOf(arguments[0]);
    const auto zone = ZoneOf(arguments[1]);
    return head == "timestamp" && unit && zone ? std::optional(TimestampType(*unit, *zone)) : std::nullopt;
  }
  if (arguments.size() != 1) return std::nullopt;
  if (head == "fixedsizebinary") {
    const auto width = NumberOf(arguments[0]);
    return width && *width > 0 ? std::optional(FixedSizeBinaryType(*width)) : std::nullopt;
  }
  if (head != "list" && head != "largelist") return TimeNamed(head, arguments);
  const std::optional<Field> item = ItemNamed("item", arguments[0], depth);
  if (!item) return std::nullopt;
  return head == "list" ? ListType(*item) : LargeListType(*item);
}

}  // namespace

std::string ArrowTypeName(const DataType& type) {
  for (const auto& [id, text] : kPlain) {
    if (type.id == id) return std::string(text);
  }
  const std::string_view unit = kUnits[static_cast<size_t>(type.unit)];
  switch (type.id) {
    case TypeId::kDecimal128: return fmt::format("Decimal128({}, {})", type.precision, type.scale);
    case TypeId::kDecimal256: return fmt::format("Decimal256({}, {})", type.precision, type.scale);
    case TypeId::kTime32: return fmt::format("Time32({})", unit);
    case TypeId::kTime64: return fmt::format("Time64({})", unit);
    case TypeId::kDuration: return fmt::format("Duration({})", unit);
    case TypeId::kTimestamp: return type.timezone.empty() ? fmt::format("Timestamp({})", unit) : fmt::format("Timestamp({}, \"{}\")", unit, type.timezone);
    case TypeId::kFixedSizeBinary: return fmt::format("FixedSizeBinary({})", type.byte_width);
    case TypeId::kFixedSizeList: return fmt::format("FixedSizeList({} x {})", type.list_size, Item(type.children[0]));
    case TypeId::kList: return fmt::format("List({})", Item(type.children[0]));
    case TypeId::kLargeList: return fmt::format("LargeList({})", Item(type.children[0]));
    case TypeId::kStruct: return fmt::format("Struct({})", Children(type));
    case TypeId::kMap: return fmt::format("Map({}, {})", Named(type.children[0]), type.keys_sorted ? "sorted" : "unsorted");
    case TypeId::kDictionary: return fmt::format("Dictionary({}, {})", ArrowTypeName(*type.index_type), ArrowTypeName(*type.value_type));
    default: return TypeToString(type);
  }
}

std::optional<TypePtr> TypeOfArrowName(std::string_view name) { return Parse(name, 0); }

}  // namespace eider::expr
