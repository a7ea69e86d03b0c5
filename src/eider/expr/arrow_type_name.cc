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
  size_t start = 0;
  for (size_t i = 0; i < inner.size(); ++i) {
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

std::optional<TypePtr> Parse(std::string_view name, int depth) {
  if (depth > kMaxDepth) throw Invalid("a type nested more than {} deep", kMaxDepth);
  const std::optional<Parts> parts = PartsOf(name);
  if (!parts) return std::nullopt;
  const auto& [head, arguments] = *parts;
  if (arguments.empty()) {
    for (const auto& [id, text] : kPlain) {
      if (head == LowerAscii(std::string(text))) return MakeType(id);
    }
    return std::nullopt;
  }
  if (arguments.size() == 2) {
    if (head == "decimal128") return DecimalNamed(TypeId::kDecimal128, arguments);
    if (head == "decimal256") return DecimalNamed(TypeId::kDecimal256, arguments);
    const auto unit = UnitOf(arguments[0]);
    const auto zone = ZoneOf(arguments[1]);
    return head == "timestamp" && unit && zone ? std::optional(TimestampType(*unit, *zone)) : std::nullopt;
  }
  if (arguments.size() != 1) return std::nullopt;
  if (head != "list" && head != "largelist") return TimeNamed(head, arguments);
  const std::optional<TypePtr> item = Parse(arguments[0], depth + 1);
  if (!item) return std::nullopt;
  const Field field{"item", *item, true, {}};
  return head == "list" ? ListType(field) : LargeListType(field);
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
