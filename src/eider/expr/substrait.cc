#include "eider/expr/substrait.h"

#include <google/protobuf/io/coded_stream.h>

#include <cstring>
#include <limits>
#include <unordered_map>

#include "eider/array/null_array.h"
#include "eider/base/utf8.h"
#include "eider/expr/substrait_functions.h"
#include "eider/expr/temporal.h"
#include "eider/proto/substrait.pb.h"

namespace eider::expr {
namespace {

namespace proto = ::eider::substrait;

/// Messages within messages: a function takes three levels.
constexpr int kMostLevels = 1500;
/// A name of the schema is written out wherever it is referred to: so many bytes in all for each of the message, and these.
constexpr size_t kNamesPerByte = 32, kShortNames = 64 << 10;

const std::string& RequireText(const std::string& text) {
  if (!IsUtf8(text)) throw Invalid("substrait: a text that is no UTF-8");
  return text;
}

std::string Quote(std::string_view name) {
  std::string out = "`";
  for (const char c : name) out.append(c == '`' ? 2 : 1, c);
  return out + "`";
}

/// A column or a field: its name and those of its own fields.
struct NamedField {
  std::string name;
  std::vector<NamedField> children;
};

class Names {
 public:
  explicit Names(const proto::NamedStruct& schema) : names_(schema), below_lists_(schema.names_size() != CountNames(schema.struct_())) {
    root_ = Take(schema.struct_());
  }
  const std::vector<NamedField>& root() const { return root_; }

 private:
  /// Without those of structs within lists and maps.
  static int CountNames(const proto::Struct& structure) {
    int count = structure.types_size();
    for (const proto::Type& type : structure.types()) count += type.has_struct_() ? CountNames(type.struct_()) : 0;
    return count;
  }
  std::vector<NamedField> Take(const proto::Struct& structure) {
    std::vector<NamedField> out;
    for (const proto::Type& type : structure.types()) {
      if (next_ >= names_.names_size()) throw Invalid("substrait: a schema with {} names, which are too few", names_.names_size());
      std::string name = RequireText(names_.names(next_++));
      out.push_back({std::move(name), Below(type)});
    }
    return out;
  }
  /// Structs in lists and maps have names too, which nothing refers to; some writers leave them out.
  std::vector<NamedField> Below(const proto::Type& type) {
    if (type.has_struct_()) return Take(type.struct_());
    if (!below_lists_) return {};
    if (type.has_list()) Below(type.list().type());
    if (type.has_map()) Below(type.map().key()), Below(type.map().value());
    return {};
  }

  const proto::NamedStruct& names_;
  const bool below_lists_;
  int next_ = 0;
  std::vector<NamedField> root_;
};

TimeUnit UnitOf(int precision) {
  switch (precision) {
    case 0: return TimeUnit::kSecond;
    case 3: return TimeUnit::kMilli;
    case 6: return TimeUnit::kMicro;
    case 9: return TimeUnit::kNano;
    default: throw Unsupported("substrait: a timestamp of {} digits", precision);
  }
}

ArrayPtr OneDecimal(const proto::Literal::Decimal& decimal) {
  if (decimal.value().size() != sizeof(Int128)) throw Invalid("substrait: a decimal of {} bytes", decimal.value().size());
  if (decimal.precision() < 1 || decimal.precision() > 38 || decimal.scale() < 0 || decimal.scale() > decimal.precision()) {
    throw Invalid("substrait: a decimal({}, {})", decimal.precision(), decimal.scale());
  }
  Int128 value = 0;
  std::memcpy(&value, decimal.value().data(), sizeof value);
  return One(DecimalType(TypeId::kDecimal128, decimal.precision(), decimal.scale()), value);
}

/// Field 1 of the message in an Any: UInt64Value, StringValue and their like.
std::string WrappedBytes(const std::string& bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()), int(bytes.size()));
  uint32_t tag = 0, length = 0;
  std::string out;
  if (!in.ReadVarint32(&tag)) return out;
  if (tag != 10 || !in.ReadVarint32(&length) || !in.ReadString(&out, int(std::min<uint32_t>(length, uint32_t(bytes.size()))))) throw Invalid("substrait: a literal of {} bytes that hold no text", bytes.size());
  return out;
}
uint64_t WrappedNumber(const std::string& bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()), int(bytes.size()));
  uint64_t value = 0;
  uint32_t tag = 0;
  if (in.ReadVarint32(&tag) && (tag != 8 || !in.ReadVarint64(&value))) throw Invalid("substrait: a literal of {} bytes that hold no number", bytes.size());
  return value;
}

template <typename T, typename Wide>
ArrayPtr OneInteger(TypeId id, Wide value) {
  if (Int128(value) < Int128(std::numeric_limits<T>::min()) || Int128(value) > Int128(std::numeric_limits<T>::max())) {
    throw Invalid("substrait: a literal of type {} that is {}", TypeToString(*MakeType(id)), value);
  }
  return One(MakeType(id), T(value));
}

class ConditionReader {
 public:
  ConditionReader(const proto::ExtendedExpression& message, size_t most_text) : names_(message.base_schema()), most_text_(most_text) {
    for (const proto::ExtensionDeclaration& each : message.extensions()) {
      if (each.has_extension_function()) functions_[each.extension_function().anchor()] = RequireText(each.extension_function().name());
      if (each.has_extension_type()) types_[each.extension_type().anchor()] = RequireText(each.extension_type().name());
    }
  }

  std::string Text(const proto::Expression& expression) {
    switch (expression.rex_type_case()) {
      case proto::Expression::kLiteral: return Parameter(Value(expression.literal()));
      case proto::Expression::kSelection: return Selection(expression.selection());
      case proto::Expression::kScalarFunction: return Call(expression.scalar_function());
      case proto::Expression::kIfThen: return Case(expression.if_then());
      case proto::Expression::kSingularOrList: return In(expression.singular_or_list());
      case proto::Expression::kCast: return Cast(expression.cast());
      default: throw Unsupported("substrait: an expression that is no literal, field, function, condition, list or cast");
    }
  }
  std::vector<ArrayPtr> TakeParameters() { return std::move(parameters_); }

 private:
  std::string Parameter(ArrayPtr value) {
    parameters_.push_back(std::move(value));
    return fmt::format("${}", parameters_.size());
  }

  // ---- fields
  std::string Selection(const proto::FieldReference& field) {
    if (!field.has_direct_reference() || field.has_expression()) throw Unsupported("substrait: a field that is not named by its place");
    std::string out;
    const std::vector<NamedField>* fields = &names_.root();
    for (const proto::ReferenceSegment* at = &field.direct_reference();;) {
      if (!at->has_struct_field()) throw Unsupported("substrait: a field that is not one of a struct");
      const int place = at->struct_field().field();
      if (place < 0 || size_t(place) >= fields->size()) throw Invalid("substrait: field {} of {}", place, fields->size());
      const NamedField& found = (*fields)[size_t(place)];
      out += (out.empty() ? "" : ".") + Quote(found.name);
      if ((made_text_ += found.name.size()) > most_text_) throw Invalid("substrait: names of more than {} bytes in all", most_text_);
      if (!at->struct_field().has_child()) return out;
      at = &at->struct_field().child(), fields = &found.children;
    }
  }

  // ---- functions
  std::string NameOf(const proto::Expression::ScalarFunction& function) const {
    const auto found = functions_.find(function.function_reference());
    if (found == functions_.end()) throw Invalid("substrait: function {} is not declared", function.function_reference());
    return found->second.substr(0, found->second.find(':'));
  }

  /// Operands of AND within AND, and of OR within OR, side by side: chains may be longer than expressions are deep.
  void AddArguments(const proto::Expression::ScalarFunction& function, std::string_view name, std::vector<std::string>* out) {
    const auto add = [&](const proto::Expression& value) {
      const bool same = (name == "and" || name == "or") && value.has_scalar_function() && NameOf(value.scalar_function()) == name;
      if (same) AddArguments(value.scalar_function(), name, out);
      else out->push_back(Text(value));
    };
    for (const proto::Expression& value : function.args()) add(value);
    for (const proto::FunctionArgument& argument : function.arguments()) {
      if (argument.has_value()) add(argument.value());
      else out->push_back(Parameter(OneText(TypeId::kUtf8, argument.enum_())));
    }
  }

  std::string Call(const proto::Expression::ScalarFunction& function) {
    const std::string name = NameOf(function);
    for (const proto::FunctionOption& option : function.options()) {
      const bool known = option.name() != "case_sensitivity" || option.preference_size() == 0 || option.preference(0) == "CASE_SENSITIVE";
      if (!known) throw Unsupported("substrait: {} that is {}", name, LowerAscii(RequireText(option.preference(0))));
    }
    std::vector<std::string> arguments;
    AddArguments(function, name, &arguments);
    std::optional<std::string> call = SubstraitCall(name, arguments);
    if (!call) throw Unsupported("substrait: the function '{}' of {} arguments", name.substr(0, 60), arguments.size());
    return std::move(*call);
  }

  std::string Case(const proto::Expression::IfThen& choice) {
    std::string out = "(CASE";
    for (const auto& clause : choice.ifs()) {
      out += " WHEN " + Text(clause.if_());
      out += " THEN " + Text(clause.then());
    }
    if (choice.has_else_()) out += " ELSE " + Text(choice.else_());
    return out + " END)";
  }

  std::string In(const proto::Expression::SingularOrList& list) {
    if (list.options_size() == 0) throw Invalid("substrait: a list without choices");
    std::string out = "(" + Text(list.value()) + " IN (";
    for (int i = 0; i < list.options_size(); ++i) out += (i ? ", " : "") + Text(list.options(i));
    return out + "))";
  }

  std::string Cast(const proto::Expression::Cast& cast) {
    const char* how = cast.failure_behavior() == 1 ? "TRY_CAST" : "CAST";
    std::string input = Text(cast.input());
    return fmt::format("{}({} AS {})", how, input, TypeName(cast.type()));
  }

  // ---- types and literals
  std::string_view UserType(uint32_t reference) const {
    const auto found = types_.find(reference);
    if (found == types_.end()) throw Invalid("substrait: type {} is not declared", reference);
    return found->second;
  }

  std::string TypeName(const proto::Type& type) const {
    using Kind = proto::Type;
    switch (type.kind_case()) {
      case Kind::kBool: return "boolean";
      case Kind::kI8: return "tinyint";
      case Kind::kI16: return "smallint";
      case Kind::kI32: return "int";
      case Kind::kI64: return "bigint";
      case Kind::kFp32: return "float";
      case Kind::kFp64: return "double";
      case Kind::kString:
      case Kind::kVarchar:
      case Kind::kFixedChar: return "string";
      case Kind::kBinary: return "binary";
      case Kind::kDate: return "date";
      case Kind::kTimestamp: return "timestamp";
      case Kind::kTimestampTz: return "timestamp with time zone";
      case Kind::kPrecisionTimestamp: return fmt::format("timestamp({})", type.precision_timestamp().precision());
      case Kind::kDecimal: return fmt::format("decimal({}, {})", type.decimal().precision(), type.decimal().scale());
      case Kind::kUserDefined: break;
      default: throw Unsupported("substrait: a type (number {}) that is not read", int(type.kind_case()));
    }
    constexpr std::pair<std::string_view, const char*> kNames[] = {{"u8", "tinyint unsigned"}, {"u16", "smallint unsigned"}, {"u32", "int unsigned"}, {"u64", "bigint unsigned"}, {"large_string", "string"}, {"large_binary", "binary"}};
    for (const auto& [name, sql] : kNames) {
      if (name == UserType(type.user_defined().type_reference())) return sql;
    }
    throw Unsupported("substrait: the type '{}'", UserType(type.user_defined().type_reference()).substr(0, 60));
  }

  ArrayPtr UserValue(const proto::Literal::UserDefined& literal) const {
    const std::string_view name = UserType(literal.type_reference());
    const std::string& bytes = literal.value().value();
    if (name == "u8") return OneInteger<uint8_t>(TypeId::kUInt8, WrappedNumber(bytes));
    if (name == "u16") return OneInteger<uint16_t>(TypeId::kUInt16, WrappedNumber(bytes));
    if (name == "u32") return OneInteger<uint32_t>(TypeId::kUInt32, WrappedNumber(bytes));
    if (name == "u64") return One(MakeType(TypeId::kUInt64), WrappedNumber(bytes));
    if (name == "large_string") return OneText(TypeId::kLargeUtf8, WrappedBytes(bytes));
    if (name == "large_binary") return One(MakeType(TypeId::kLargeBinary), std::string_view(WrappedBytes(bytes)));
    throw Unsupported("substrait: a literal of type '{}'", name.substr(0, 60));
  }

  static ArrayPtr OneText(TypeId id, const std::string& text) { return One(MakeType(id), std::string_view(RequireText(text))); }

  ArrayPtr Value(const proto::Literal& literal) const {
    using Kind = proto::Literal;
    switch (literal.literal_type_case()) {
      case Kind::kBoolean: return One(MakeType(TypeId::kBool), literal.boolean());
      case Kind::kI8: return OneInteger<int8_t>(TypeId::kInt8, literal.i8());
      case Kind::kI16: return OneInteger<int16_t>(TypeId::kInt16, literal.i16());
      case Kind::kI32: return One(MakeType(TypeId::kInt32), literal.i32());
      case Kind::kI64: return One(MakeType(TypeId::kInt64), int64_t(literal.i64()));
      case Kind::kFp32: return One(MakeType(TypeId::kFloat), literal.fp32());
      case Kind::kFp64: return One(MakeType(TypeId::kDouble), literal.fp64());
      case Kind::kString: return OneText(TypeId::kUtf8, literal.string());
      case Kind::kFixedChar: return OneText(TypeId::kUtf8, literal.fixed_char());
      case Kind::kVarChar: return OneText(TypeId::kUtf8, literal.var_char().value());
      case Kind::kBinary: return One(MakeType(TypeId::kBinary), std::string_view(literal.binary()));
      case Kind::kFixedBinary: return One(MakeType(TypeId::kBinary), std::string_view(literal.fixed_binary()));
      case Kind::kTimestamp: return One(TimestampType(TimeUnit::kMicro), int64_t(literal.timestamp()));
      case Kind::kTimestampTz: return One(TimestampType(TimeUnit::kMicro, "UTC"), int64_t(literal.timestamp_tz()));
      case Kind::kPrecisionTimestamp: return One(TimestampType(UnitOf(literal.precision_timestamp().precision())), int64_t(literal.precision_timestamp().value()));
      case Kind::kPrecisionTimestampTz:
        return One(TimestampType(UnitOf(literal.precision_timestamp_tz().precision()), "UTC"), int64_t(literal.precision_timestamp_tz().value()));
      case Kind::kDate: return One(MakeType(TypeId::kDate32), literal.date());
      case Kind::kTime: return One(TimeType(TypeId::kTime64, TimeUnit::kMicro), int64_t(literal.time()));
      case Kind::kDecimal: return OneDecimal(literal.decimal());
      case Kind::kNull: return MakeNullArray(MakeType(TypeId::kNull), 1);
      case Kind::kUserDefined: return UserValue(literal.user_defined());
      default: throw Unsupported("substrait: a literal of a kind that is not read");
    }
  }

  const Names names_;
  size_t made_text_ = 0, most_text_;
  std::unordered_map<uint32_t, std::string> functions_, types_;
  std::vector<ArrayPtr> parameters_;
};

}  // namespace

SubstraitCondition ReadSubstrait(ByteSpan message) {
  proto::ExtendedExpression parsed;
  google::protobuf::io::CodedInputStream in(message.data(), int(std::min<size_t>(message.size(), INT32_MAX)));
  in.SetRecursionLimit(kMostLevels);
  if (message.size() > INT32_MAX || !parsed.ParseFromCodedStream(&in) || !in.ConsumedEntireMessage()) {
    throw Invalid("substrait: {} bytes are no ExtendedExpression", message.size());
  }
  if (parsed.referred_expr_size() != 1) throw Invalid("substrait: {} expressions where one is wanted", parsed.referred_expr_size());
  ConditionReader reader(parsed, kNamesPerByte * message.size() + kShortNames);
  std::string text = reader.Text(parsed.referred_expr(0).expression());
  return {std::move(text), reader.TakeParameters()};
}

}  // namespace eider::expr
