#include "eider/expr/substrait_functions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace eider::expr {
namespace {

struct Form {
  std::string_view name, sql;
};

/// Between two arguments; `and`, `or`, `add` and `concat` between any number.
constexpr Form kInfixForms[] = {{"equal", "="}, {"not_equal", "<>"}, {"lt", "<"}, {"lte", "<="}, {"gt", ">"}, {"gte", ">="}, {"is_not_distinct_from", "<=>"},
                           {"is_distinct_from", "IS DISTINCT FROM"}, {"and", "AND"}, {"or", "OR"}, {"add", "+"}, {"subtract", "-"}, {"multiply", "*"},
                           {"divide", "/"}, {"modulus", "%"}, {"modulo", "%"}, {"bitwise_and", "&"}, {"bitwise_or", "|"}, {"bitwise_xor", "^"},
                           {"shift_left", "<<"}, {"shift_right", ">>"}, {"concat", "||"}, {"like", "LIKE"}};
constexpr std::string_view kAnyNumber[] = {"and", "or", "add", "concat"};
constexpr Form kPrefixForms[] = {{"not", "NOT"}, {"negate", "-"}, {"bitwise_not", "~"}};
constexpr Form kPostfixForms[] = {{"is_null", "IS NULL"}, {"is_not_null", "IS NOT NULL"}, {"is_true", "IS TRUE"}, {"is_not_true", "IS NOT TRUE"},
                             {"is_false", "IS FALSE"}, {"is_not_false", "IS NOT FALSE"}};
/// The other names are ours too.
constexpr Form kRenamed[] = {{"is_nan", "isnan"}, {"is_finite", "isfinite"}, {"is_infinite", "isinf"}, {"sign", "signum"}, {"char_length", "character_length"},
                             {"regexp_match_substring", "regexp_match"}, {"string_split", "string_to_array"}};
constexpr std::string_view kSameName[] = {
    "coalesce", "nullif", "abs", "sqrt", "power", "exp", "ln", "log10", "log2", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh",
    "floor", "ceil", "round", "trunc", "greatest", "least", "lower", "upper", "initcap", "starts_with", "ends_with", "contains", "substring", "replace", "trim",
    "ltrim", "rtrim", "lpad", "rpad", "left", "right", "repeat", "reverse", "octet_length", "bit_length", "concat_ws", "strpos", "regexp_replace", "regexp_like",
    "date_part", "date_trunc", "array_has", "array_has_any", "array_has_all", "array_length", "isnan", "json_extract", "json_exists", "json_get_string",
    "json_get_int", "json_get_float", "json_get_bool", "contains_tokens"};

const Form* Find(std::span<const Form> forms, std::string_view name) {
  const auto found = std::ranges::find(forms, name, &Form::name);
  return found == forms.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::string> SubstraitCall(std::string_view name, std::span<const std::string> arguments) {
  const bool any_number = std::ranges::find(kAnyNumber, name) != std::end(kAnyNumber) && !arguments.empty();
  if (const Form* form = Find(kInfixForms, name); form && (arguments.size() == 2 || any_number)) {
    return fmt::format("({})", fmt::join(arguments, fmt::format(" {} ", form->sql)));
  }
  if (const Form* form = Find(kPrefixForms, name); form && arguments.size() == 1) return fmt::format("({} {})", form->sql, arguments[0]);
  if (const Form* form = Find(kPostfixForms, name); form && arguments.size() == 1) return fmt::format("({} {})", arguments[0], form->sql);
  if (name == "between" && arguments.size() == 3) return fmt::format("({} BETWEEN {} AND {})", arguments[0], arguments[1], arguments[2]);
  if (const Form* form = Find(kRenamed, name)) return fmt::format("{}({})", form->sql, fmt::join(arguments, ", "));
  if (std::ranges::find(kSameName, name) == std::end(kSameName)) return std::nullopt;
  return fmt::format("{}({})", name, fmt::join(arguments, ", "));
}

}  // namespace eider::expr
