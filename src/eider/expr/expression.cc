#include "eider/expr/expression.h"

#include "eider/array/concat.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/expr/binder.h"
#include "eider/expr/cast.h"
#include "eider/expr/compare.h"
#include "eider/expr/logic.h"
#include "eider/expr/operators.h"
#include "eider/expr/parser.h"
#include "eider/expr/pattern.h"
#include "eider/expr/source_text.h"

namespace eider::expr {
namespace {

/// Of a column that is made of a batch, beside twice the text that the batch has.
constexpr uint64_t kMostTextBytes = uint64_t{1} << 30;

/// Whether fewer rows may do, and it is here that they are tried.
bool MadeTooMuch(const Error& error, int64_t rows) { return error.kind() == ErrorKind::kOutOfBudget && rows > 1 && !TextScope::is_open(); }

/// The columns of a tree by id, each once.
void CollectColumns(const Node& node, std::vector<const ColumnNode*>* found) {
  if (const auto* column = dynamic_cast<const ColumnNode*>(&node)) {
    if (found->size() <= column->id()) found->resize(column->id() + 1);
    (*found)[column->id()] = column;
  }
  node.VisitChildren([&](const Node& child) { CollectColumns(child, found); });
}

std::optional<TestKind> TestKindOf(std::string_view name) {
  constexpr std::pair<std::string_view, TestKind> kKinds[] = {{"=", TestKind::kEqual}, {"<>", TestKind::kNotEqual}, {"<", TestKind::kLess},
                                                              {"<=", TestKind::kLessEqual}, {">", TestKind::kGreater}, {">=", TestKind::kGreaterEqual}};
  for (const auto& [text, kind] : kKinds) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

std::optional<ColumnTest> AsTruth(const ColumnNode& column, bool value) {
  if (column.type()->id != TypeId::kBool) return std::nullopt;
  return ColumnTest{column.path(), TestKind::kEqual, One(column.type(), value)};
}

/// Values without nulls: a null in a list makes no row true.
ArrayPtr WithoutNulls(const ArrayPtr& values) {
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < values->length; ++i) {
    if (values->IsValid(i)) kept.push_back(i);
  }
  return kept.size() == size_t(values->length) ? values : TakeArray(values, kept);
}

std::optional<ColumnTest> AsLiteralTest(const ColumnNode& column, std::string_view name, const ArrayPtr& literal) {
  if (name == "IN") return ColumnTest{column.path(), TestKind::kIn, WithoutNulls(literal)};
  if (!literal->IsValid(0)) return std::nullopt;
  if (const std::optional<TestKind> kind = TestKindOf(name)) return ColumnTest{column.path(), *kind, literal};
  if (name != "like" && name != "starts_with") return std::nullopt;
  const Column one{literal, true};
  const std::string_view text = Reader<std::string_view>(one)[0];
  if (name == "starts_with") return ColumnTest{column.path(), TestKind::kPrefix, literal};
  const LikePattern pattern(text, false);
  if (!pattern.prefix()) return std::nullopt;
  return ColumnTest{column.path(), TestKind::kPrefix, One(MakeType(TypeId::kUtf8), std::string_view(*pattern.prefix()))};
}

}  // namespace

Expression::Expression(std::shared_ptr<const Node> root, std::shared_ptr<const std::string> text) : root_(std::move(root)), text_(std::move(text)) {
  std::vector<const ColumnNode*> found;
  CollectColumns(*root_, &found);
  ids_.assign(found.size(), -1);
  for (size_t id = 0; id < found.size(); ++id) {
    if (!found[id]) continue;
    ids_[id] = int(columns_.size());
    columns_.push_back(found[id]->path());
  }
}

std::shared_ptr<const Expression> Expression::Parse(std::string_view sql, const Schema& schema, const Parameters& parameters) {
  const SyntaxPtr syntax = ParseSyntax(sql);
  return std::make_shared<Expression>(Bind(*syntax, sql, schema, parameters), std::make_shared<std::string>(sql));
}

std::shared_ptr<const Expression> Expression::ParseCondition(std::string_view sql, const Schema& schema, const Parameters& parameters) {
  const SyntaxPtr syntax = ParseSyntax(sql);
  NodePtr root = Bind(*syntax, sql, schema, parameters);
  try {
    root = AsBoolean(std::move(root));
  } catch (const Error& error) {
    throw ErrorAt(sql, syntax->position, error.what());
  }
  return std::make_shared<Expression>(std::move(root), std::make_shared<std::string>(sql));
}

std::shared_ptr<const Expression> Expression::ParseOperand(std::string_view sql, const Schema& schema, const Parameters& parameters) {
  const SyntaxPtr syntax = ParseSyntax(sql);
  return std::make_shared<Expression>(BindOperand(*syntax, sql, schema, parameters), std::make_shared<std::string>(sql));
}

const TypePtr& Expression::type() const { return root_->type(); }

ArrayPtr Expression::Evaluate(std::span<const ArrayPtr> columns, int64_t num_rows) const {
  try {
    return Spread(EvaluateColumn(*root_, columns, num_rows), num_rows);
  } catch (const Error& error) {
    if (!MadeTooMuch(error, num_rows)) throw;
  }
  return EvaluateHalves(columns, num_rows);
}

ArrayPtr Expression::EvaluateHalves(std::span<const ArrayPtr> columns, int64_t num_rows) const {
  uint64_t most_bytes = kMostTextBytes, bytes = 0;
  for (const ArrayPtr& column : columns) most_bytes += 2 * TextBytes(*column);
  const int64_t half = num_rows / 2;
  std::vector<ArrayPtr> parts, slices(columns.size());
  for (const auto& [first, count] : {std::pair(int64_t{0}, half), std::pair(half, num_rows - half)}) {
    for (size_t i = 0; i < columns.size(); ++i) slices[i] = SliceArray(columns[i], first, count);
    parts.push_back(Evaluate(slices, count));
    bytes += TextBytes(*parts.back());
    if (bytes > most_bytes) throw Invalid("more than {} MiB of text in a batch, made of {} rows", most_bytes >> 20, num_rows);
  }
  return ConcatArrays(parts);
}

Column Expression::EvaluateColumn(const Node& node, std::span<const ArrayPtr> columns, int64_t num_rows) const {
  EIDER_ASSERT(columns.size() == columns_.size());
  std::vector<ArrayPtr> by_id(ids_.size());
  for (size_t id = 0; id < ids_.size(); ++id) {
    if (ids_[id] >= 0) by_id[id] = columns[size_t(ids_[id])];
  }
  return node.Evaluate(Rows{.columns = by_id, .count = num_rows, .text = text_ ? std::string_view(*text_) : std::string_view()}, nullptr);
}

Buffer Expression::Select(std::span<const ArrayPtr> columns, int64_t num_rows) const {
  if (type()->id != TypeId::kBool && type()->id != TypeId::kNull) throw Invalid("a filter is a boolean, this is {}", TypeToString(*type()));
  Column column;
  try {
    column = EvaluateColumn(*root_, columns, num_rows);
  } catch (const Error& error) {
    if (!MadeTooMuch(error, num_rows)) throw;
    column = {EvaluateHalves(columns, num_rows), false};
  }
  const Buffer values = ValueBits(column, num_rows), valid = ValidityBits(column, num_rows);
  BufferBuilder out;
  const uint64_t bytes = BytesForBits(uint64_t(num_rows));
  for (uint64_t i = 0; i < bytes; ++i) out.AppendValue(uint8_t(values.data()[i] & valid.data()[i]));
  if (num_rows % 8) out.data()[bytes - 1] &= uint8_t((1u << (num_rows % 8)) - 1);
  return out.Finish();
}

std::vector<std::shared_ptr<const Expression>> Expression::Conjuncts() const {
  std::vector<std::shared_ptr<const Expression>> out;
  const auto* junction = dynamic_cast<const JunctionNode*>(root_.get());
  if (!junction || !junction->is_and()) return {std::make_shared<Expression>(root_, text_)};
  for (const NodePtr& child : junction->children()) {
    for (auto& part : Expression(child, text_).Conjuncts()) out.push_back(std::move(part));
  }
  return out;
}

std::optional<std::string> Expression::AsColumn() const {
  if (const auto* column = dynamic_cast<const ColumnNode*>(root_.get())) return column->path();
  return std::nullopt;
}

bool Expression::IsNull() const {
  const Array* literal = root_->literal();
  return literal != nullptr && !literal->IsValid(0);
}

std::shared_ptr<const Expression> Expression::As(const TypePtr& type) const {
  return std::make_shared<const Expression>(CastTo(root_, type));
}

std::optional<ColumnTest> Expression::AsColumnTest() const {
  const auto* call = dynamic_cast<const CallNode*>(root_.get());
  if (const auto* column = dynamic_cast<const ColumnNode*>(root_.get())) return AsTruth(*column, true);
  if (!call || call->children().empty()) return std::nullopt;
  const auto* column = dynamic_cast<const ColumnNode*>(call->children()[0].get());
  if (!column) return std::nullopt;
  if (call->children().size() == 1) {
    if (call->name() == "IS null") return ColumnTest{column->path(), TestKind::kIsNull, nullptr};
    if (call->name() == "IS NOT null") return ColumnTest{column->path(), TestKind::kIsNotNull, nullptr};
    if (call->name() == "NOT" || call->name() == "IS false") return AsTruth(*column, false);
    return call->name() == "IS true" ? AsTruth(*column, true) : std::nullopt;
  }
  const auto* literal = dynamic_cast<const LiteralNode*>(call->children()[1].get());
  if (!literal || call->children().size() != 2) return std::nullopt;
  return AsLiteralTest(*column, call->name(), literal->value());
}

}  // namespace eider::expr
