#pragma once
/// \file
/// SQL expressions over the columns of a batch: the filter dialect. Text becomes a tree of syntax (parser.h), names and types are
/// resolved (binder.h), and the typed tree is evaluated a batch at a time with three-valued logic.

#include <eider/array.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eider::expr {

class Node;
struct Column;

/// Values of `$1`, `$2`... and of `$name`: arrays of one value each.
struct Parameters {
  std::vector<ArrayPtr> positional;
  std::vector<std::pair<std::string, ArrayPtr>> named;
};

/// What a test asks of a column, for those who keep statistics or an index of it.
enum class TestKind { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kIsNull, kIsNotNull, kPrefix };
struct ColumnTest {
  std::string column;  ///< path, as in columns()
  TestKind kind;
  ArrayPtr values;     ///< of the column's type (its value type for a dictionary), without nulls: one, or those of kIn; else nullptr
};

/// Immutable and thread-safe.
class Expression {
 public:
  /// Parses `sql` over the fields of `schema`. Constant parts are computed.
  /// \throws Error(kInvalid) with line, column, a caret line, and what was expected
  static std::shared_ptr<const Expression> Parse(std::string_view sql, const Schema& schema, const Parameters& parameters = {});
  /// The same for what computes further: arithmetic stays in the wider type that it computes in, dictionaries and float16 become their
  /// values and floats.
  static std::shared_ptr<const Expression> ParseOperand(std::string_view sql, const Schema& schema, const Parameters& parameters = {});
  /// The same, of what must be a condition. \throws Error(kInvalid) also for an expression of another type
  static std::shared_ptr<const Expression> ParseCondition(std::string_view sql, const Schema& schema, const Parameters& parameters = {});

  /// `text`: what the tree was made of, for errors to show; nullptr for a tree that had no text.
  explicit Expression(std::shared_ptr<const Node> root, std::shared_ptr<const std::string> text = nullptr);

  const TypePtr& type() const;
  /// Paths of the fields that Evaluate() wants, in the order in which it wants them ("s.x" for a field of a struct; backquotes
  /// around names with dots). The array of a nested field is null wherever an ancestor is.
  const std::vector<std::string>& columns() const { return columns_; }
  /// One value per row. What makes much text is computed of fewer rows at once. \throws Error(kInvalid) for a row without a value (division by
  /// zero, overflow, a cast that fails), and for more than 1 GiB of text where the columns have little; below a TextScope Error(kOutOfBudget)
  /// for more than that allows
  ArrayPtr Evaluate(std::span<const ArrayPtr> columns, int64_t num_rows) const;
  /// Of a boolean expression: bit i is set where row i is true (neither null nor false). Bits past num_rows are 0.
  Buffer Select(std::span<const ArrayPtr> columns, int64_t num_rows) const;
  /// The path of the column that this is, when it is no more than that.
  std::optional<std::string> AsColumn() const;
  /// A null, whatever the rows are.
  bool IsNull() const;
  /// Expressions whose conjunction this is, in their order: just this one when it is no AND.
  std::vector<std::shared_ptr<const Expression>> Conjuncts() const;
  /// The same, cast to `type`. \throws Error(kInvalid) when there is no such cast
  std::shared_ptr<const Expression> As(const TypePtr& type) const;
  /// What this asks of one column, when it is no more than that. Rows where the column is null fail every test but kIsNull.
  std::optional<ColumnTest> AsColumnTest() const;

 private:
  ArrayPtr EvaluateHalves(std::span<const ArrayPtr> columns, int64_t num_rows) const;
  Column EvaluateColumn(const Node& node, std::span<const ArrayPtr> columns, int64_t num_rows) const;

  std::shared_ptr<const Node> root_;
  std::shared_ptr<const std::string> text_;
  std::vector<std::string> columns_;
  std::vector<int> ids_;  ///< by the id of a column in the tree: its place in columns_, or -1
};

}  // namespace eider::expr
