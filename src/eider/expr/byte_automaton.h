#pragma once
/// \file
/// A regular expression as a table of states: whether a text matches somewhere takes one look-up a byte, and nothing to start with.

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace eider::expr {

class ByteAutomaton {
 public:
  /// Null for expressions that are not plain (regexp_syntax.h), and for those of too many states.
  static std::shared_ptr<const ByteAutomaton> Compile(std::string_view pattern);
  bool Matches(std::string_view text) const;

 private:
  friend class AutomatonBuilder;
  static constexpr uint16_t kMatch = 0;  ///< the state that is not left any more

  std::array<uint8_t, 256> classes_{};  ///< of bytes that no state tells apart
  size_t num_classes_ = 0;
  std::vector<uint16_t> next_;          ///< [state * num_classes_ + class]: the next state times num_classes_
  std::vector<uint8_t> matches_at_end_; ///< by state, in the places that next_ gives
  uint16_t start_ = 0;
};

}  // namespace eider::expr
