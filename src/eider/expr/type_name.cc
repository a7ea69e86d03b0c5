#include <charconv>

#include "eider/array/types.h"
#include "eider/expr/cast.h"
#include "eider/expr/syntax.h"

namespace eider::expr {
namespace {

constexpr std::pair<std::string_view, TypeId> kNames[] = {
    {"boolean", TypeId::kBool}, {"bool", TypeId::kBool},
    {"tinyint", TypeId::kInt8}, {"smallint", TypeId::kInt16}, {"int", TypeId::kInt32}, {"integer", TypeId::kInt32}, {"bigint", TypeId::kInt64},
    {"int8", TypeId::kInt8}, {"int16", TypeId::kInt16}, {"int32", TypeId::kInt32}, {"int64", TypeId::kInt64},
    {"uint8", TypeId::kUInt8}, {"uint16", TypeId::kUInt16}, {"uint32", TypeId::kUInt32}, {"uint64", TypeId::kUInt64},
    {"tinyint unsigned", TypeId::kUInt8}, {"smallint unsigned", TypeId::kUInt16}, {"int unsigned", TypeId::kUInt32},
    {"integer unsigned", TypeId::kUInt32}, {"bigint unsigned", TypeId::kUInt64},
    {"float", TypeId::kFloat}, {"real", TypeId::kFloat}, {"float32", TypeId::kFloat}, {"double", TypeId::kDouble}, {"float64", TypeId::kDouble},
    {"string", TypeId::kUtf8}, {"varchar", TypeId::kUtf8}, {"char", TypeId::kUtf8}, {"text", TypeId::kUtf8}, {"utf8", TypeId::kUtf8},
    {"largeutf8", TypeId::kLargeUtf8}, {"large_string", TypeId::kLargeUtf8},
    {"binary", TypeId::kBinary}, {"bytea", TypeId::kBinary}, {"varbinary", TypeId::kBinary}, {"blob", TypeId::kBinary}, {"largebinary", TypeId::kLargeBinary},
    {"date", TypeId::kDate32}, {"date32", TypeId::kDate32}, {"date64", TypeId::kDate64}};

/// The numbers in "name(1,2)"; empty when there are none.
std::vector<int> ParametersOf(std::string_view name) {
  std::vector<int> out;
  for (size_t at = name.find('('); at != std::string_view::npos && name[at] != ')' && at + 1 < name.size();) {
    int value = -1;
    const auto end = std::from_chars(name.data() + at + 1, name.data() + name.size(), value).ptr;
    out.push_back(value);
    at = size_t(end - name.data());
    if (at >= name.size() || value < 0) break;
  }
  return out;
}

TimeUnit UnitOfDigits(int digits) {
  if (digits == 0) return TimeUnit::kSecond;
  if (digits == 3) return TimeUnit::kMilli;
  if (digits == 6) return TimeUnit::kMicro;
  if (digits == 9) return TimeUnit::kNano;
  throw Invalid("a timestamp has 0, 3, 6 or 9 digits of a second, not {}", digits);
}

TypePtr DecimalOf(const std::vector<int>& numbers) {
  const int precision = numbers.empty() ? 38 : numbers[0], scale = numbers.size() > 1 ? numbers[1] : numbers.empty() ? 10 : 0;
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) throw Invalid("decimal({}, {}): 1 <= precision <= 38 and scale <= precision", precision, scale);
  return DecimalType(TypeId::kDecimal128, precision, scale);
}

}  // namespace

TypePtr TypeOfName(std::string_view name) {
  int depth = 0;
  for (std::string_view item = name; item.ends_with("[]"); item.remove_suffix(2)) {
    if (++depth > kMaxDepth) throw Invalid("a type nested more than {} deep", kMaxDepth);
  }
  if (name.ends_with("[]")) return ListType({"item", TypeOfName(name.substr(0, name.size() - 2)), true, {}});
  const std::string_view head = name.substr(0, std::min(name.find('('), name.find(" with ")));
  const std::vector<int> numbers = ParametersOf(name);
  if (head == "decimal" || head == "numeric" || head == "dec") return DecimalOf(numbers);
  const bool zoned = name.ends_with(" with time zone") || head == "timestamptz";
  if (head == "timestamp" || head == "datetime" || head == "timestamptz") {
    return TimestampType(numbers.empty() ? TimeUnit::kMicro : UnitOfDigits(numbers[0]), zoned ? "UTC" : "");
  }
  if (head == "time") return TimeType(TypeId::kTime64, TimeUnit::kNano);
  for (const auto& [text, id] : kNames) {
    if (text == head) return MakeType(id);
  }
  throw Invalid("there is no type '{}': boolean, tinyint, smallint, int, bigint (each with unsigned), float, double, decimal(p, s), string, "
                "binary, date, time, timestamp(0 | 3 | 6 | 9), and type[] are", name);
}

}  // namespace eider::expr
