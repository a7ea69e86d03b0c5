#include "eider/expr/functions/json_value.h"

#include <charconv>
#include <cmath>

#include "eider/array/jsonb.h"
#include "eider/base/memory.h"

namespace eider::expr {
namespace {

constexpr uint32_t kLengthMask = (uint32_t{1} << 28) - 1;
constexpr uint32_t kArray = 8, kObject = 4, kScalar = 2;

uint32_t BigWord(ByteSpan bytes, uint64_t at) { return __builtin_bswap32(ReadLe<uint32_t>(bytes, at, "JSONB")); }

std::string_view TextOf(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

uint32_t JsonValue::Word(uint64_t index) const { return BigWord(payload_, 4 * index); }

JsonValue JsonValue::Entry(uint64_t index, uint64_t payload_at) const {
  const uint32_t entry = Word(index);
  if (entry >> 28 > uint32_t(Kind::kContainer)) throw Corrupt("JSONB: a value of type {}", entry >> 28);
  return JsonValue(Kind(entry >> 28), CheckedSubspan(payload_, payload_at, entry & kLengthMask, "JSONB"));
}

JsonValue JsonValue::Root(ByteSpan jsonb) {
  const JsonValue whole(Kind::kContainer, jsonb);
  return whole.Word(0) >> 28 == kScalar ? whole.Entry(1, 8) : whole;
}

bool JsonValue::IsArray() const { return kind_ == Kind::kContainer && Word(0) >> 28 == kArray; }
uint32_t JsonValue::size() const { return kind_ == Kind::kContainer ? Word(0) & kLengthMask : 0; }

std::optional<JsonValue> JsonValue::Item(uint32_t index) const {
  if (!IsArray() || index >= size()) return std::nullopt;
  uint64_t at = 4 + 4 * uint64_t(size());
  for (uint64_t i = 0; i < index; ++i) at += Word(1 + i) & kLengthMask;
  return Entry(1 + index, at);
}

std::vector<JsonValue> JsonValue::Items() const {
  std::vector<JsonValue> out;
  if (!IsArray()) return out;
  uint64_t at = 4 + 4 * uint64_t(size());
  for (uint64_t i = 0; i < size(); at += Word(1 + i++) & kLengthMask) out.push_back(Entry(1 + i, at));
  return out;
}

std::optional<JsonValue> JsonValue::Member(std::string_view name) const {
  if (kind_ != Kind::kContainer || Word(0) >> 28 != kObject) return std::nullopt;
  const uint64_t count = size();
  uint64_t at = 4 + 8 * count, found = count;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t length = Word(1 + i) & kLengthMask;
    if (found == count && TextOf(CheckedSubspan(payload_, at, length, "JSONB")) == name) found = i;
    at += length;
  }
  if (found == count) return std::nullopt;
  for (uint64_t i = 0; i < found; ++i) at += Word(1 + count + i) & kLengthMask;
  return Entry(1 + count + found, at);
}

std::string JsonValue::ToJsonb() const {
  std::string out;
  if (kind_ != Kind::kContainer) {
    for (const uint32_t word : {kScalar << 28, uint32_t(kind_) << 28 | uint32_t(payload_.size())}) {
      const uint32_t big = __builtin_bswap32(word);
      out.append(reinterpret_cast<const char*>(&big), 4);
    }
  }
  return out.append(TextOf(payload_));
}

std::string JsonValue::ToJson() const {
  BufferBuilder out;
  AppendJsonText(SpanOf(ToJsonb()), out);
  return std::string(TextOf(out.span()));
}

std::string JsonValue::ToText() const { return kind_ == Kind::kString ? std::string(TextOf(payload_)) : ToJson(); }

std::optional<double> JsonValue::ToDouble() const {
  if (kind_ == Kind::kTrue || kind_ == Kind::kFalse) return kind_ == Kind::kTrue ? 1 : 0;
  if (kind_ != Kind::kNumber && kind_ != Kind::kString) return std::nullopt;
  const std::string text = ToText();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> JsonValue::ToInt() const {
  if (kind_ == Kind::kNumber || kind_ == Kind::kString) {
    const std::string text = ToText();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
  }
  const std::optional<double> number = ToDouble();
  if (!number || !(std::abs(*number) < 9.2e18)) return std::nullopt;
  return int64_t(std::round(*number));
}

std::optional<bool> JsonValue::ToBool() const {
  if (kind_ == Kind::kTrue || kind_ == Kind::kFalse) return kind_ == Kind::kTrue;
  if (kind_ != Kind::kString) return std::nullopt;
  if (TextOf(payload_) == "true") return true;
  if (TextOf(payload_) == "false") return false;
  return std::nullopt;
}

std::vector<JsonStep> ParseJsonPath(std::string_view path) {
  std::vector<JsonStep> out;
  const std::string_view whole = path;
  const auto fail = [&](std::string_view what) -> std::vector<JsonStep> { throw Invalid("JSON path '{}': {} (paths are such as $.a.b[0])", whole.substr(0, 60), what); };
  if (path.starts_with('$')) path.remove_prefix(1);
  while (!path.empty()) {
    if (path[0] == '[') {
      const size_t end = path.find(']');
      if (end == std::string_view::npos) return fail("[ without ]");
      const std::string_view inside = path.substr(1, end - 1);
      path.remove_prefix(end + 1);
      if (inside.size() >= 2 && (inside[0] == '\'' || inside[0] == '"') && inside.back() == inside[0]) {
        out.push_back({std::string(inside.substr(1, inside.size() - 2)), std::nullopt});
        continue;
      }
      uint32_t index = 0;
      const auto [stop, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
      if (error != std::errc() || stop != inside.data() + inside.size()) return fail("[] holds an index or a quoted name");
      out.push_back({"", index});
      continue;
    }
    if (path[0] == '.') path.remove_prefix(1);
    std::string_view name = path.substr(0, path.find_first_of(".["));
    if (name.starts_with('"')) {
      const size_t end = path.find('"', 1);
      if (end == std::string_view::npos) return fail("a name without its closing quote");
      name = path.substr(0, end + 1);
    }
    if (name.empty()) return fail("a name is missing");
    if (name == "*") return fail("there are no wildcards");
    path.remove_prefix(name.size());
    if (name.starts_with('"')) name = name.substr(1, name.size() - 2);
    out.push_back({std::string(name), std::nullopt});
  }
  return out;
}

std::optional<JsonValue> FollowPath(JsonValue value, const std::vector<JsonStep>& path) {
  for (const JsonStep& step : path) {
    const std::optional<JsonValue> next = step.index ? value.Item(*step.index) : value.Member(step.name);
    if (!next) return std::nullopt;
    value = *next;
  }
  return value;
}

}  // namespace eider::expr
