#pragma once
/// \file
/// The choices of an IN list that are plain numbers or texts, gathered into one array as they are read: ten thousand of them
/// become no nodes.

#include "eider/expr/node.h"
#include "eider/expr/syntax.h"

namespace eider::expr {

class PlainChoices {
 public:
  /// Values of `type`, or of what a dictionary of that type holds.
  explicit PlainChoices(const TypePtr& type);
  /// Takes the literal if it is a value of the type as it is written; else it has to be bound.
  bool Take(const Syntax& choice);
  /// What was taken; null when nothing was.
  ArrayPtr Finish();

 private:
  const TypePtr type_;
  bool is_whole_ = false, is_text_ = false;
  int64_t count_ = 0;
  BufferBuilder numbers_;
  Builder<std::string_view> texts_{0};
};

}  // namespace eider::expr
