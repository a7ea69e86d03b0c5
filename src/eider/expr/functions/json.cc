/// JSON: stored JSONB, and text that is parsed for each row.

#include <charconv>

#include "eider/array/jsonb.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/json_value.h"
#include "eider/expr/native.h"

namespace eider::expr {
namespace {

using Text = std::string_view;

/// answer(found value) of each row, where the second argument leads in the document of the first; nullopt is null.
template <typename T, typename Find, typename Answer>
ArrayPtr EachDocument(const Call& call, Find&& find, Answer&& answer) {
  const Reader<Text> documents(call.arguments[0]), keys(call.arguments[1]);
  const bool is_text = IsText(call.arguments[0].type().id);
  Builder<T> out(call.rows);
  BufferBuilder parsed;
  for (int64_t row = 0; row < call.rows; ++row) {
    bool valid = IsLive(call.live, row);
    for (const Column& column : call.arguments) valid = valid && column.IsValid(row);
    if (!valid) { out.AppendNull(); continue; }
    ByteSpan bytes = SpanOf(documents[row]);
    if (is_text) {
      parsed.Clear();
      AppendJsonb(documents[row], parsed);
      bytes = parsed.span();
    }
    const auto result = answer(find(JsonValue::Root(bytes), keys[row]), row);
    if (result) out.Append(*result);
    else out.AppendNull();
  }
  return out.Finish(call.type);
}

/// The path of the last row: one that is constant is parsed once.
class PathFinder {
 public:
  std::optional<JsonValue> operator()(const JsonValue& root, Text path) {
    if (!known_ || path != last_) steps_ = ParseJsonPath(path), last_ = path, known_ = true;
    return FollowPath(root, steps_);
  }

 private:
  bool known_ = false;
  std::string last_;
  std::vector<JsonStep> steps_;
};

/// A member by its name, or an item by its number.
std::optional<JsonValue> FindKey(const JsonValue& root, Text key) {
  if (!root.IsArray()) return root.Member(key);
  uint32_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  return error == std::errc() && end == key.data() + key.size() ? root.Item(index) : std::nullopt;
}

using Found = std::optional<JsonValue>;
bool IsNull(const Found& found) { return !found || found->kind() == JsonValue::Kind::kNull; }

template <typename T, typename Answer>
Kernel ByPath(Answer answer) {
  return [answer](const Call& call) {
    return EachDocument<T>(call, PathFinder(), [&](const Found& found, int64_t row) { return answer(call, found, row); });
  };
}
template <typename T, typename Answer>
Kernel ByKey(Answer answer) {
  return [answer](const Call& call) {
    return EachDocument<T>(call, FindKey, [&](const Found& found, int64_t) -> decltype(answer(*found)) {
      if (IsNull(found)) return std::nullopt;
      return answer(*found);
    });
  };
}

bool ArrayHolds(const JsonValue& array, Text value) {
  for (const JsonValue& item : array.Items()) {
    if (item.ToText() == value || item.ToJson() == value) return true;
  }
  return false;
}

using OptionalText = std::optional<std::string>;

}  // namespace

FunctionTable JsonFunctions() {
  const Kernel extract = ByPath<Text>([](const Call&, const Found& found, int64_t) { return found ? OptionalText(found->ToJson()) : std::nullopt; });
  const Kernel extract_text = ByPath<Text>([](const Call&, const Found& found, int64_t) { return IsNull(found) ? std::nullopt : OptionalText(found->ToText()); });
  const Kernel exists = ByPath<bool>([](const Call&, const Found& found, int64_t) { return std::optional(found.has_value()); });
  const Kernel contains = ByPath<bool>([](const Call& call, const Found& found, int64_t row) {
    return std::optional(found && ArrayHolds(*found, Reader<Text>(call.arguments[2])[row]));
  });
  const Kernel length = ByPath<int64_t>([](const Call&, const Found& found, int64_t) -> std::optional<int64_t> {
    if (!found) return std::nullopt;
    return found->IsArray() ? int64_t(found->size()) : 0;
  });
  return {
      {"json_extract", "json, text -> text", extract},
      {"json_extract_path", "json, value -> text", extract},
      {"json_extract_path_text", "json, value -> text", extract_text},
      {"json_exists", "json, text -> bool", exists},
      {"json_array_contains", "json, text, value -> bool", contains},
      {"json_array_length", "json, text -> int", length},
      {"json_get", "json, value -> jsonb", ByKey<Text>([](const JsonValue& value) { return OptionalText(value.ToJsonb()); })},
      {"json_get_string", "json, value -> text", ByKey<Text>([](const JsonValue& value) { return OptionalText(value.ToText()); })},
      {"json_get_int", "json, value -> int", ByKey<int64_t>([](const JsonValue& value) { return value.ToInt(); })},
      {"json_get_float", "json, value -> double", ByKey<double>([](const JsonValue& value) { return value.ToDouble(); })},
      {"json_get_bool", "json, value -> bool", ByKey<bool>([](const JsonValue& value) { return value.ToBool(); })},
  };
}

}  // namespace eider::expr
