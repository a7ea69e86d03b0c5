#pragma once
/// \file
/// Values inside of stored JSON (array/jsonb.h draws the bytes).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eider/base/bytes.h"

namespace eider::expr {

class JsonValue {
 public:
  enum class Kind : uint8_t { kNull, kString, kNumber, kFalse, kTrue, kContainer };

  /// The document's value. \throws Error(kCorrupt)
  static JsonValue Root(ByteSpan jsonb);

  Kind kind() const { return kind_; }
  bool IsArray() const;
  uint32_t size() const;  ///< items of an array or members of an object, else 0
  /// \throws Error(kCorrupt)
  std::optional<JsonValue> Item(uint32_t index) const;
  std::vector<JsonValue> Items() const;  ///< of an array; else none
  std::optional<JsonValue> Member(std::string_view name) const;

  /// The text of a string without quotes, of anything else as JSON.
  std::string ToText() const;
  std::string ToJson() const;
  /// This value as a document of its own.
  std::string ToJsonb() const;
  /// A number, or what the text of a string reads as.
  std::optional<double> ToDouble() const;
  std::optional<int64_t> ToInt() const;
  std::optional<bool> ToBool() const;

 private:
  JsonValue(Kind kind, ByteSpan payload) : kind_(kind), payload_(payload) {}
  JsonValue Entry(uint64_t index, uint64_t payload_at) const;
  uint32_t Word(uint64_t index) const;

  Kind kind_;
  ByteSpan payload_;
};

/// "$.a.b[0]", "$['a b']", "a.b", "$": the steps from the root. \throws Error(kInvalid) for another form
struct JsonStep {
  std::string name;
  std::optional<uint32_t> index;
};
std::vector<JsonStep> ParseJsonPath(std::string_view path);
std::optional<JsonValue> FollowPath(JsonValue value, const std::vector<JsonStep>& path);

}  // namespace eider::expr
