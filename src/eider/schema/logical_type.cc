#include "eider/schema/logical_type.h"

#include <array>
#include <charconv>

#include "eider/base/error.h"

namespace eider {
namespace {

struct NamedType {
  std::string_view name;
  TypeId id;
  TimeUnit unit = TimeUnit::kSecond;
};

constexpr NamedType kNamedTypes[] = {
    {"null", TypeId::kNull}, {"bool", TypeId::kBool},
    {"int8", TypeId::kInt8}, {"int16", TypeId::kInt16}, {"int32", TypeId::kInt32}, {"int64", TypeId::kInt64},
    {"uint8", TypeId::kUInt8}, {"uint16", TypeId::kUInt16}, {"uint32", TypeId::kUInt32}, {"uint64", TypeId::kUInt64},
    {"halffloat", TypeId::kHalfFloat}, {"float", TypeId::kFloat}, {"double", TypeId::kDouble},
    {"string", TypeId::kUtf8}, {"large_string", TypeId::kLargeUtf8},
    {"binary", TypeId::kBinary}, {"large_binary", TypeId::kLargeBinary},
    {"json", TypeId::kLargeBinary}, {"blob", TypeId::kLargeBinary},
    {"date32:day", TypeId::kDate32}, {"date64:ms", TypeId::kDate64},
    {"time32:s", TypeId::kTime32, TimeUnit::kSecond}, {"time32:ms", TypeId::kTime32, TimeUnit::kMilli},
    {"time64:us", TypeId::kTime64, TimeUnit::kMicro}, {"time64:ns", TypeId::kTime64, TimeUnit::kNano},
    {"duration:s", TypeId::kDuration, TimeUnit::kSecond}, {"duration:ms", TypeId::kDuration, TimeUnit::kMilli},
    {"duration:us", TypeId::kDuration, TimeUnit::kMicro}, {"duration:ns", TypeId::kDuration, TimeUnit::kNano},
};

constexpr std::array<std::string_view, 4> kUnitNames = {"s", "ms", "us", "ns"};

bool HasUnit(TypeId id) { return id == TypeId::kTime32 || id == TypeId::kTime64 || id == TypeId::kDuration; }

int32_t ParseInt(std::string_view text, std::string_view whole) {
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Corrupt("logical type '{}': '{}' is not a number", whole, text);
  }
  return value;
}

/// Splits at the last ':', leaving the front in `*text`.
std::string_view TakeLast(std::string_view* text, std::string_view whole) {
  const size_t colon = text->rfind(':');
  if (colon == std::string_view::npos) throw Corrupt("logical type '{}': too few parts", whole);
  const std::string_view last = text->substr(colon + 1);
  *text = text->substr(0, colon);
  return last;
}

TypePtr ParseTimestamp(std::string_view rest, std::string_view whole) {
  const size_t colon = rest.find(':');
  const std::string_view unit = rest.substr(0, colon);
  DataType type{.id = TypeId::kTimestamp};
  for (size_t i = 0; i < kUnitNames.size(); ++i) {
    if (kUnitNames[i] != unit) continue;
    type.unit = static_cast<TimeUnit>(i);
    if (colon != std::string_view::npos && rest.substr(colon + 1) != "-") type.timezone = rest.substr(colon + 1);
    return std::make_shared<const DataType>(std::move(type));
  }
  throw Corrupt("logical type '{}': unknown unit '{}'", whole, unit);
}

TypePtr ParseDecimal(std::string_view rest, std::string_view whole) {
  DataType type;
  type.scale = ParseInt(TakeLast(&rest, whole), whole);
  type.precision = ParseInt(TakeLast(&rest, whole), whole);
  if (rest != "128" && rest != "256") throw Unsupported("logical type '{}'", whole);
  type.id = rest == "128" ? TypeId::kDecimal128 : TypeId::kDecimal256;
  const int32_t max_precision = rest == "128" ? 38 : 76;
  if (type.precision < 1 || type.precision > max_precision) {
    throw Corrupt("logical type '{}': precision {} is not in 1..{}", whole, type.precision, max_precision);
  }
  return std::make_shared<const DataType>(std::move(type));
}

TypePtr ParseFixedSizeBinary(std::string_view rest, std::string_view whole) {
  DataType type{.id = TypeId::kFixedSizeBinary};
  type.byte_width = ParseInt(rest, whole);
  if (type.byte_width < 0) throw Corrupt("logical type '{}': width {}", whole, type.byte_width);
  return std::make_shared<const DataType>(std::move(type));
}

TypePtr ParseDictionary(std::string_view rest, std::string_view whole) {
  DataType type{.id = TypeId::kDictionary};
  type.ordered = TakeLast(&rest, whole) == "true";
  type.index_type = ParsePrimitiveType(TakeLast(&rest, whole));
  if (type.index_type->id < TypeId::kInt8 || type.index_type->id > TypeId::kUInt64) {
    throw Corrupt("logical type '{}': keys are not integers", whole);
  }
  type.value_type = ParsePrimitiveType(rest);
  return std::make_shared<const DataType>(std::move(type));
}

/// A type string of n bytes can nest n / 16 deep; real ones nest twice.
constexpr int kMaxListDepth = 32;

TypePtr ParseFixedSizeList(std::string_view rest, std::string_view whole, int depth) {
  if (depth > kMaxListDepth) throw Corrupt("logical type '{}...': nested too deep", whole.substr(0, 64));
  DataType type{.id = TypeId::kFixedSizeList};
  type.list_size = ParseInt(TakeLast(&rest, whole), whole);
  if (type.list_size <= 0) throw Corrupt("logical type '{}': dimension {}", whole, type.list_size);
  Field item{.name = "item"};
  if (rest == "lance.bfloat16") {
    item.type = ParsePrimitiveType("fixed_size_binary:2");
    item.metadata = {{std::string(kExtensionNameKey), std::string(rest)}, {"ARROW:extension:metadata", ""}};
  } else if (rest.starts_with("fixed_size_list:")) {
    item.type = ParseFixedSizeList(rest.substr(16), whole, depth + 1);
  } else {
    item.type = ParsePrimitiveType(rest);
    if (FixedBitWidth(*item.type) == 0) throw Corrupt("logical type '{}': items without a fixed width", whole);
  }
  if (FixedBitWidth(*item.type) > uint64_t{1} << 32) throw Corrupt("logical type '{}': items too wide", whole);
  type.children.push_back(std::move(item));
  return std::make_shared<const DataType>(std::move(type));
}

[[noreturn]] void Refuse(const DataType& type, const char* why) {
  throw Unsupported("type {}: {}", TypeToString(type), why);
}

std::string FixedSizeListName(const DataType& type) {
  const Field& item = type.children.at(0);
  const std::optional<std::string> extension = FindValue(item.metadata, kExtensionNameKey);
  std::string element;
  if (extension == "lance.bfloat16") {
    element = *extension;
  } else if (item.type->id == TypeId::kStruct) {
    element = "struct";
  } else if (FixedBitWidth(*item.type) > 0 && item.type->id != TypeId::kDictionary) {
    element = LogicalTypeOf(*item.type);
  } else {
    Refuse(type, "the format holds fixed-size lists of fixed-width values and of structs only");
  }
  if (type.list_size <= 0) Refuse(type, "a fixed-size list needs at least one item");
  return fmt::format("fixed_size_list:{}:{}", element, type.list_size);
}

std::string ListName(const DataType& type, const char* name) {
  return type.children.at(0).type->id == TypeId::kStruct ? std::string(name) + ".struct" : name;
}

std::string DecimalName(const DataType& type, int bits, int32_t max_precision) {
  if (type.precision < 1 || type.precision > max_precision) Refuse(type, "the precision is out of range");
  return fmt::format("decimal:{}:{}:{}", bits, type.precision, type.scale);
}

std::string DictionaryName(const DataType& type) {
  const std::string values = LogicalTypeOf(*type.value_type);
  if (HasChildFields(values)) Refuse(type, "dictionary values must be primitive");
  // The reference splits the string at every ':', so it cannot hold values with parameters.
  if (values.find(':') != std::string::npos) Refuse(type, "dictionary values must be a type without parameters");
  return fmt::format("dict:{}:{}:false", values, LogicalTypeOf(*type.index_type));
}

}  // namespace

bool HasChildFields(std::string_view logical_type) {
  return logical_type == "struct" || logical_type == "list" || logical_type == "list.struct" ||
         logical_type == "large_list" || logical_type == "large_list.struct" || logical_type == "map" ||
         logical_type.starts_with("fixed_size_list:struct:");
}

TypePtr ParsePrimitiveType(std::string_view name) {
  for (const NamedType& named : kNamedTypes) {
    if (named.name != name) continue;
    if (!HasUnit(named.id)) return MakeType(named.id);
    return std::make_shared<const DataType>(DataType{.id = named.id, .unit = named.unit});
  }
  const auto rest_after = [&](std::string_view prefix) { return name.substr(prefix.size()); };
  if (name.starts_with("timestamp:")) return ParseTimestamp(rest_after("timestamp:"), name);
  if (name.starts_with("decimal:")) return ParseDecimal(rest_after("decimal:"), name);
  if (name.starts_with("fixed_size_binary:")) return ParseFixedSizeBinary(rest_after("fixed_size_binary:"), name);
  if (name.starts_with("dict:")) return ParseDictionary(rest_after("dict:"), name);
  if (name.starts_with("fixed_size_list:")) return ParseFixedSizeList(rest_after("fixed_size_list:"), name, 0);
  throw Unsupported("logical type '{}'", name.substr(0, 200));
}

std::string LogicalTypeOf(const DataType& type) {
  switch (type.id) {
    case TypeId::kUtf8View: return "string";
    case TypeId::kBinaryView: return "binary";
    case TypeId::kTimestamp:
      return fmt::format("timestamp:{}:{}", kUnitNames[static_cast<size_t>(type.unit)],
                         type.timezone.empty() ? "-" : type.timezone);
    case TypeId::kDecimal128: return DecimalName(type, 128, 38);
    case TypeId::kDecimal256: return DecimalName(type, 256, 76);
    case TypeId::kFixedSizeBinary: return fmt::format("fixed_size_binary:{}", type.byte_width);
    case TypeId::kFixedSizeList: return FixedSizeListName(type);
    case TypeId::kList: return ListName(type, "list");
    case TypeId::kLargeList: return ListName(type, "large_list");
    case TypeId::kStruct: return "struct";
    case TypeId::kMap:
      if (type.keys_sorted) Refuse(type, "maps with sorted keys");
      return "map";
    case TypeId::kDictionary: return DictionaryName(type);
    default: break;
  }
  for (const NamedType& named : kNamedTypes) {
    if (named.id == type.id && (!HasUnit(type.id) || named.unit == type.unit)) return std::string(named.name);
  }
  Refuse(type, "the format has no such type");
}

int32_t LegacyEncodingOf(const DataType& type) {
  switch (type.id) {
    case TypeId::kNull:
    case TypeId::kStruct: return 0;
    case TypeId::kUtf8:
    case TypeId::kLargeUtf8:
    case TypeId::kUtf8View:
    case TypeId::kBinary:
    case TypeId::kLargeBinary:
    case TypeId::kBinaryView: return 2;
    case TypeId::kDictionary: return 3;
    default: return 1;
  }
}

}  // namespace eider
