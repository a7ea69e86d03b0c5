#pragma once
/// \file
/// One row of the table of functions.
///
/// A signature names the kinds of arguments, those in brackets may be left out, "..." repeats the last one:
///
///     text    any string type          int      any integer, as int64      double    any number, as double
///     binary  any binary type          bool     boolean                    date      a date, as date32
///     instant a timestamp of any unit and zone; a date becomes one         interval
///     value   anything, as its text    any      anything, as it is
///     list    any list, as list with 32-bit offsets                        json      text or JSONB
///     uint64  that type alone
///
/// and then the type of the result: one of these, int32, uint64, time, list<text>, list<int>, or `same`: that of the first argument.

#include <span>

#include "eider/expr/node.h"

namespace eider::expr {

struct Function {
  std::string_view names;      ///< "lower|lcase": the first one is the name
  std::string_view signature;  ///< "text -> text"
  Kernel kernel;
  /// For what depends on types in other ways: makes the node itself, from arguments that are not converted. Then the signature is for people.
  NodePtr (*make)(std::vector<NodePtr> arguments) = nullptr;
  bool is_volatile = false;
};
using FunctionTable = std::vector<Function>;

FunctionTable TextFunctions();
FunctionTable TextPositionFunctions();
FunctionTable NumberFunctions();
FunctionTable TimeFunctions();
FunctionTable RegexpFunctions();
FunctionTable ListFunctions();
FunctionTable ListEditFunctions();
FunctionTable VectorFunctions();
FunctionTable StructFunctions();
FunctionTable ChoiceFunctions();
FunctionTable HashFunctions();
FunctionTable JsonFunctions();

}  // namespace eider::expr
