#pragma once
/// \file
/// What the parser makes of the text, before names and types are known.

#include <memory>
#include <string>
#include <vector>

namespace eider::expr {

enum class SyntaxKind {
  kNumber, kText, kHex, kBool, kNull,
  kTyped,      ///< text: type name; children: the text (date '2024-01-01')
  kInterval,   ///< text: '1 day', unit appended
  kName,       ///< text
  kParameter,  ///< text: without $
  kField,      ///< children[0].text
  kIndex,      ///< children[0][children[1]]
  kSlice,      ///< children[0][children[1] : children[2]], either may be null
  kUnary,      ///< text: - + ~
  kChain,      ///< operands in children, the operators between them in operators: one precedence, left to right
  kAnd, kOr,   ///< any number of children
  kNot,
  kLike,       ///< text: like ilike similar regexp iregexp; children: value, pattern[, escape]; negated
  kIn,         ///< children: value, choices...; negated
  kBetween,    ///< children: value, low, high; negated
  kIs,         ///< text: null true false unknown distinct; children: value[, other]; negated
  kCase,       ///< children: [operand,] (when, then)..., [else]; flags in has_operand, has_else
  kCast,       ///< text: type; children: value; negated: try_cast
  kCall,       ///< text: function; children: arguments
  kArray,      ///< [a, b]
  kStruct,     ///< {name: value}: operators hold the names
};

struct Syntax;
using SyntaxPtr = std::unique_ptr<Syntax>;

struct Syntax {
  SyntaxKind kind;
  size_t position = 0;
  std::string text;
  std::vector<SyntaxPtr> children;
  std::vector<std::string> operators;
  bool negated = false;
  bool has_operand = false, has_else = false;
  int depth = 1;
};

/// Levels of nesting that an expression may have.
inline constexpr int kMaxDepth = 200;

}  // namespace eider::expr
