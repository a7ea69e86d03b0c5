#pragma once
/// \file
/// The typed tree. Nodes are immutable; evaluating one gives a column.

#include <functional>
#include <string>
#include <vector>

#include "eider/expr/column.h"

namespace eider::expr {

struct Rows {
  std::span<const ArrayPtr> columns;  ///< by ColumnNode::id()
  int64_t count = 0;
  bool constant = false;       ///< the columns hold one value, which stands for all rows
  std::string_view text = {};  ///< what the tree was made of, for errors to show
};

class Node {
 public:
  explicit Node(TypePtr type) : type_(std::move(type)) {}
  virtual ~Node() = default;
  const TypePtr& type() const { return type_; }
  /// \throws Error(kInvalid) for a live row without a value, with the place in the text
  Column Evaluate(const Rows& rows, Live live) const;
  /// Where in the text this stands. Set by the binder while it alone knows the node.
  void SetPosition(size_t position) const { position_ = position; }
  using Visitor = std::function<void(const Node&)>;
  virtual void VisitChildren(const Visitor&) const {}
  /// The one value of a literal; nullptr for anything else.
  virtual const Array* literal() const { return nullptr; }
  /// The type of the result when it is asked for as such: arithmetic computes in wider types than it shows.
  virtual const TypePtr& shown_type() const { return type_; }
  /// Gives another value each time (random, uuid): never folded.
  virtual bool is_volatile() const { return false; }

 protected:
  virtual Column Run(const Rows& rows, Live live) const = 0;

 private:
  static constexpr size_t kNowhere = SIZE_MAX;
  TypePtr type_;
  mutable size_t position_ = kNowhere;
};
using NodePtr = std::shared_ptr<const Node>;

class ColumnNode final : public Node {
 public:
  ColumnNode(Field field, size_t id, std::string path) : Node(field.type), field_(std::move(field)), id_(id), path_(std::move(path)) {}
  const Field& field() const { return field_; }
  size_t id() const { return id_; }
  const std::string& path() const { return path_; }

 private:
  Column Run(const Rows& rows, Live) const override { return {rows.columns[id_], rows.constant}; }

  Field field_;
  size_t id_;
  std::string path_;
};

class LiteralNode final : public Node {
 public:
  /// `text`: of a number, as it was written.
  explicit LiteralNode(ArrayPtr value, std::string text = {}) : Node(value->type), value_(std::move(value)), text_(std::move(text)) {}
  const Array* literal() const override { return value_.get(); }
  const ArrayPtr& value() const { return value_; }
  const std::string& text() const { return text_; }

 private:
  Column Run(const Rows&, Live) const override { return {value_, true}; }

  ArrayPtr value_;
  std::string text_;
};

/// What a kernel is given. The arguments have the types that its signature asks for.
struct Call {
  std::span<const Column> arguments;
  int64_t rows;  ///< 1 when all arguments are constant
  Live live;     ///< nullptr then
  const TypePtr& type;
};
using Kernel = std::function<ArrayPtr(const Call&)>;

/// A kernel over the values of its children.
class CallNode final : public Node {
 public:
  /// `name` comes before the errors of the kernel.
  CallNode(std::string name, TypePtr type, Kernel kernel, std::vector<NodePtr> children, bool is_volatile = false)
      : Node(std::move(type)), name_(std::move(name)), kernel_(std::move(kernel)), children_(std::move(children)), volatile_(is_volatile) {}
  void VisitChildren(const Visitor& visit) const override { for (const NodePtr& child : children_) visit(*child); }
  bool is_volatile() const override { return volatile_; }
  const std::string& name() const { return name_; }
  const std::vector<NodePtr>& children() const { return children_; }

 private:
  Column Run(const Rows& rows, Live live) const override;

  std::string name_;
  Kernel kernel_;
  std::vector<NodePtr> children_;
  bool volatile_;
};

/// The node, or the literal of its value when it has no columns, changes nothing and can be computed.
NodePtr Fold(NodePtr node);
NodePtr MakeLiteral(ArrayPtr value, std::string text = {});
/// A null of the type.
NodePtr MakeNullLiteral(const TypePtr& type);

}  // namespace eider::expr
