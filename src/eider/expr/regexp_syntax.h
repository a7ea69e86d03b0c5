#pragma once
/// \file
/// Plain regular expressions as trees: bytes and classes, `.`, groups, `|`, `* + ? {n,m}`, `^ $ \A \z`, `\d \w \s` and a leading `(?is)`.
/// What matches is what matters, not where: groups and laziness leave no trace. Text is UTF-8, as RE2 reads it.

#include <bitset>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace eider::expr {

struct RegexpTree;
using RegexpTreePtr = std::shared_ptr<const RegexpTree>;
using ByteSet = std::bitset<256>;

struct RegexpTree {
  enum class Kind { kBytes, kSequence, kChoice, kRepeat, kBegin, kEnd };
  Kind kind = Kind::kSequence;  ///< of nothing: the empty text
  ByteSet bytes;                ///< kBytes: one of them
  std::vector<RegexpTreePtr> children;
  int least = 0, most = -1;     ///< kRepeat; -1: any number
};

/// Null for anything else, and for what RE2 may refuse.
RegexpTreePtr ParsePlainRegexp(std::string_view pattern);

}  // namespace eider::expr
