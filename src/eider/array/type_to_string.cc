#include <fmt/format.h>

#include "eider/array/types.h"

namespace eider {
namespace {

const char* UnitName(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond: return "s";
    case TimeUnit::kMilli: return "ms";
    case TimeUnit::kMicro: return "us";
    case TimeUnit::kNano: return "ns";
  }
  return "?";
}

std::string FieldToString(const Field& field) {
  return fmt::format("{}: {}{}", field.name, TypeToString(*field.type), field.nullable ? "" : " not null");
}

std::string StructToString(const DataType& type) {
  std::string text = "struct<";
  for (size_t i = 0; i < type.children.size(); ++i) text += (i ? ", " : "") + FieldToString(type.children[i]);
  return text + ">";
}

std::string MapToString(const DataType& type) {
  const std::vector<Field>& entry = type.children.at(0).type->children;
  return fmt::format("map<{}, {}{}>", TypeToString(*entry.at(0).type), TypeToString(*entry.at(1).type),
                     type.keys_sorted ? ", keys_sorted" : "");
}

std::string SimpleName(TypeId id) {
  switch (id) {
    case TypeId::kNull: return "null";
    case TypeId::kBool: return "bool";
    case TypeId::kInt8: return "int8";
    case TypeId::kInt16: return "int16";
    case TypeId::kInt32: return "int32";
    case TypeId::kInt64: return "int64";
    case TypeId::kUInt8: return "uint8";
    case TypeId::kUInt16: return "uint16";
    case TypeId::kUInt32: return "uint32";
    case TypeId::kUInt64: return "uint64";
    case TypeId::kHalfFloat: return "halffloat";
    case TypeId::kFloat: return "float";
    case TypeId::kDouble: return "double";
    case TypeId::kDate32: return "date32[day]";
    case TypeId::kDate64: return "date64[ms]";
    case TypeId::kUtf8: return "string";
    case TypeId::kLargeUtf8: return "large_string";
    case TypeId::kUtf8View: return "string_view";
    case TypeId::kBinary: return "binary";
    case TypeId::kLargeBinary: return "large_binary";
    case TypeId::kBinaryView: return "binary_view";
    default: return "unknown";
  }
}

}  // namespace

std::string TypeToString(const DataType& type) {
  switch (type.id) {
    case TypeId::kDecimal128: return fmt::format("decimal128({}, {})", type.precision, type.scale);
    case TypeId::kDecimal256: return fmt::format("decimal256({}, {})", type.precision, type.scale);
    case TypeId::kTime32: return fmt::format("time32[{}]", UnitName(type.unit));
    case TypeId::kTime64: return fmt::format("time64[{}]", UnitName(type.unit));
    case TypeId::kDuration: return fmt::format("duration[{}]", UnitName(type.unit));
    case TypeId::kTimestamp:
      return type.timezone.empty() ? fmt::format("timestamp[{}]", UnitName(type.unit))
                                   : fmt::format("timestamp[{}, tz={}]", UnitName(type.unit), type.timezone);
    case TypeId::kFixedSizeBinary: return fmt::format("fixed_size_binary[{}]", type.byte_width);
    case TypeId::kFixedSizeList:
      return fmt::format("fixed_size_list<{}>[{}]", FieldToString(type.children.at(0)), type.list_size);
    case TypeId::kList: return fmt::format("list<{}>", FieldToString(type.children.at(0)));
    case TypeId::kLargeList: return fmt::format("large_list<{}>", FieldToString(type.children.at(0)));
    case TypeId::kStruct: return StructToString(type);
    case TypeId::kMap: return MapToString(type);
    case TypeId::kDictionary:
      return fmt::format("dictionary<values={}, indices={}, ordered={}>", TypeToString(*type.value_type),
                         TypeToString(*type.index_type), int(type.ordered));
    default: return SimpleName(type.id);
  }
}

}  // namespace eider
