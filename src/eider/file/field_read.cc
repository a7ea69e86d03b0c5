#include "eider/file/field_read.h"

#include <eider/interrupt.h>

#include <algorithm>
#include <functional>
#include <list>

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/base/memory.h"
#include "eider/base/task_pool.h"
#include "eider/page/variable_array.h"

namespace eider::file {
namespace {

using page::ArrayRead;
using page::ArrayReadPtr;
using page::ListRows;
using page::RowRange;
using page::RowRanges;

// Below this many fetched bytes waking another thread costs more than it saves.
constexpr uint64_t kParallelFieldBytes = 1 << 20;

// Items of lists that are null throughout take no bytes, so nothing but this bounds how many a small file can claim.
constexpr uint64_t kMaxNullItems = uint64_t{1} << 27;

struct PageRanges {
  size_t page = 0;
  RowRanges rows;  // counted in the page
};

std::vector<PageRanges> CutByPages(const StoredColumn& column, const RowRanges& rows) {
  std::vector<PageRanges> cuts;
  for (RowRange range : rows) {
    if (range.end() > column.num_rows()) throw Corrupt("rows up to {} of a column of {}", range.end(), column.num_rows());
    while (range.count > 0) {
      const size_t page = column.FindPage(range.first);
      const uint64_t first = column.first_row(page), count = std::min(range.count, column.first_row(page + 1) - range.first);
      if (cuts.empty() || cuts.back().page != page) cuts.push_back({.page = page});
      page::AppendRange(cuts.back().rows, {range.first - first, count});
      range.first += count, range.count -= count;
    }
  }
  return cuts;
}

template <typename Body>
auto InPage(size_t page, const std::string& path, Body&& body) {
  return InContext([&] { return fmt::format("page {} of column '{}'", page, path); }, body);
}

/// Adds page and column to what goes wrong in a page.
class PageRead final : public ArrayRead {
 public:
  PageRead(size_t page, std::string path, ArrayReadPtr read) : page_(page), path_(std::move(path)), read_(std::move(read)) {}
  void Want(std::vector<ByteRange>& wants) override {
    InPage(page_, path_, [&] { read_->Want(wants); });
  }
  void Feed(std::span<const ByteSpan> bytes) override {
    InPage(page_, path_, [&] { read_->Feed(bytes); });
  }
  ArrayPtr Finish() override {
    return InPage(page_, path_, [&] { return read_->Finish(); });
  }

 private:
  const size_t page_;
  const std::string path_;
  const ArrayReadPtr read_;
};

/// The pages of a leaf, one after the other.
class LeafArrayRead final : public ArrayRead {
 public:
  struct Options {
    ArrayPtr dictionary = nullptr;  ///< the values of keys, where the pages do not hold them
    bool drops_nulls = false;       ///< of a field that has none, in pages that cannot tell
  };
  LeafArrayRead(const StoredColumn& column, const std::string& path, const TypePtr& type, const RowRanges& rows, const Options& options)
      : type_(type), drops_nulls_(options.drops_nulls) {
    for (PageRanges& cut : CutByPages(column, rows)) {
      pages_.Add(InPage(cut.page, path, [&] {
        ArrayReadPtr read = options.dictionary ? column.ReadKeys(cut.page, type, std::move(cut.rows), options.dictionary)
                                               : column.ReadValues(cut.page, type, std::move(cut.rows));
        return std::make_unique<PageRead>(cut.page, path, std::move(read));
      }));
    }
  }
  void Want(std::vector<ByteRange>& wants) override { pages_.Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { pages_.Feed(bytes); }
  ArrayPtr Finish() override {
    if (pages_.size() == 0) return MakeNullArray(type_, 0);
    std::vector<ArrayPtr> arrays;
    for (size_t i = 0; i < pages_.size(); ++i) arrays.push_back(pages_[i].Finish());
    ArrayPtr all = ConcatArrays(arrays);
    return drops_nulls_ ? WithoutNulls(*all) : all;
  }

 private:
  static ArrayPtr WithoutNulls(const Array& array) {
    auto made = std::make_shared<Array>(array);
    made->validity = Buffer();
    made->null_count = 0;
    return made;
  }

  const TypePtr type_;
  const bool drops_nulls_;
  page::JoinedReads<ArrayRead> pages_;
};

class StructRead final : public ArrayRead {
 public:
  StructRead(TypePtr type, uint64_t num_rows) : type_(std::move(type)), num_rows_(num_rows) {}
  void Add(ArrayReadPtr child) { children_.Add(std::move(child)); }
  void Want(std::vector<ByteRange>& wants) override { children_.Want(wants); }
  void Feed(std::span<const ByteSpan> bytes) override { children_.Feed(bytes); }
  ArrayPtr Finish() override {
    auto array = std::make_shared<Array>();
    array->type = type_;
    array->length = static_cast<int64_t>(num_rows_);
    array->null_count = 0;
    for (size_t i = 0; i < children_.size(); ++i) array->children.push_back(children_[i].Finish());
    return array;
  }

 private:
  const TypePtr type_;
  const uint64_t num_rows_;
  page::JoinedReads<ArrayRead> children_;
};

/// Lists: the ends of all pages, then the items.
class ListFieldRead final : public ArrayRead {
 public:
  using MakeItems = std::function<ArrayReadPtr(RowRanges)>;
  ListFieldRead(const StoredColumn& column, std::string path, TypePtr type, const RowRanges& rows, MakeItems make_items)
      : column_(column), path_(std::move(path)), type_(std::move(type)), make_items_(std::move(make_items)) {
    for (PageRanges& cut : CutByPages(column, rows)) {
      page_numbers_.push_back(cut.page);
      pages_.Add(InPage(cut.page, path_, [&] { return column.ReadLists(cut.page, *type_, std::move(cut.rows)); }));
    }
  }
  void Want(std::vector<ByteRange>& wants) override {
    const size_t before = wants.size();
    if (!items_) {
      InContext([&] { return fmt::format("column '{}'", path_); }, [&] { pages_.Want(wants); });
      if (wants.size() > before) return;
      items_ = make_items_(FinishLists());
    }
    items_->Want(wants);
  }
  void Feed(std::span<const ByteSpan> bytes) override { items_ ? items_->Feed(bytes) : pages_.Feed(bytes); }
  ArrayPtr Finish() override {
    ArrayPtr items = items_->Finish();
    Buffer validity = has_nulls_ ? validity_.Finish() : Buffer();
    // Strings of early releases: lists of bytes.
    if (type_->children.empty()) return page::MakeVariableArray(type_, lengths_, std::move(validity), items->buffers[0]);
    auto array = std::make_shared<Array>();
    array->type = type_;
    array->length = static_cast<int64_t>(lengths_.size());
    array->null_count = has_nulls_ ? -1 : 0;
    array->validity = std::move(validity);
    array->buffers.push_back(page::MakeOffsets(lengths_, type_->id == TypeId::kLargeList));
    array->children.push_back(std::move(items));
    return array;
  }

 private:
  // Gathers the pages' lists; returns the rows of the items.
  RowRanges FinishLists() {
    RowRanges items;
    for (size_t i = 0; i < pages_.size(); ++i) {
      const ListRows rows = InPage(page_numbers_[i], path_, [&] { return pages_[i].Finish(); });
      const uint64_t base = column_.first_item(page_numbers_[i]);
      for (const RowRange& range : rows.items) page::AppendRange(items, {base + range.first, range.count});
      lengths_.insert(lengths_.end(), rows.lengths.begin(), rows.lengths.end());
      if (rows.validity.present()) {
        has_nulls_ = true;
        validity_.Append(rows.validity.data(), 0, rows.lengths.size());
      } else {
        validity_.AppendFill(rows.lengths.size(), true);
      }
    }
    return items;
  }

  const StoredColumn& column_;
  const std::string path_;
  const TypePtr type_;
  const MakeItems make_items_;
  std::vector<size_t> page_numbers_;
  page::JoinedReads<page::ListRead> pages_;
  std::vector<uint64_t> lengths_;
  BitBuilder validity_;
  bool has_nulls_ = false;
  ArrayReadPtr items_;
};

/// A field with the columns of its leaves and lists. Shared by the reads that make others later.
struct FieldTree {
  const LanceField* field = nullptr;
  std::string path;
  TypePtr type;
  int32_t column = -1;
  std::vector<FieldTree> children;

  bool is_list() const { return type->id == TypeId::kList || type->id == TypeId::kLargeList || type->id == TypeId::kMap; }
  bool is_present() const {
    if (children.empty()) return column >= 0;
    return std::any_of(children.begin(), children.end(), [](const FieldTree& child) { return child.is_present(); });
  }
};

class TreeMaker {
 public:
  /// `by_field_id`: each field has pages of its own, under its id, packed or not.
  TreeMaker(const ColumnProjection& projection, bool by_field_id) : projection_(projection), by_field_id_(by_field_id) {}
  FieldTree Make(const LanceField& field, const TypePtr& type, const std::string& prefix) {
    FieldTree tree{.field = &field, .path = prefix + field.name, .type = type};
    if (field.IsLeaf()) {
      tree.column = Next(projection_.leaf_columns, leaf_, tree.path);
      if (by_field_id_) AddFieldsOf(tree);
      return tree;
    }
    if (tree.is_list()) tree.column = Next(projection_.list_columns, list_, tree.path);
    if (type->id == TypeId::kFixedSizeList) throw Unsupported("column '{}': a fixed-size list of structs in a file before 2.2", tree.path);
    for (size_t i = 0; i < field.children.size(); ++i) {
      tree.children.push_back(Make(field.children[i], type->children[i].type, tree.path + "."));
    }
    return tree;
  }

 private:
  static int32_t Next(const std::vector<int32_t>& columns, size_t& next, const std::string& path) {
    if (next >= columns.size()) throw Invalid("column '{}': too few file columns given", path);
    return columns[next++];
  }
  static void AddFieldsOf(FieldTree& tree) {
    for (size_t i = 0; i < tree.field->children.size(); ++i) {
      const LanceField& child = tree.field->children[i];
      FieldTree& made = tree.children.emplace_back(FieldTree{.field = &child, .path = tree.path + "." + child.name,
                                                             .type = tree.type->children[i].type, .column = tree.column < 0 ? -1 : child.id});
      AddFieldsOf(made);
    }
  }

  const ColumnProjection& projection_;
  const bool by_field_id_;
  size_t leaf_ = 0, list_ = 0;
};

class ReadMaker {
 public:
  ReadMaker(const StoredColumns& columns, std::optional<uint64_t> num_rows) : columns_(columns), num_rows_(num_rows) {}

  ArrayReadPtr Make(const std::shared_ptr<const FieldTree>& tree, RowRanges rows) const {
    if (!tree->is_present()) return page::MakeNullRead(tree->type, page::CountRows(rows));
    if (tree->is_list()) return MakeList(tree, rows);
    if (tree->children.empty()) return MakeLeaf(*tree, rows);
    auto read = std::make_unique<StructRead>(tree->type, page::CountRows(rows));
    for (const FieldTree& child : tree->children) read->Add(Make({tree, &child}, rows));
    return read;
  }

 private:
  ArrayReadPtr MakeLeaf(const FieldTree& tree, const RowRanges& rows) const {
    const StoredColumn& column = columns_.Column(tree.column);
    CheckRows(tree, column);
    if (!column.holds_lists()) {
      if (!num_rows_) CheckNullItems(tree, column, rows);
      const bool has_keys = tree.type->id == TypeId::kDictionary;
      return std::make_unique<LeafArrayRead>(column, tree.path, tree.type, rows,
                                        LeafArrayRead::Options{.dictionary = has_keys ? columns_.Dictionary(*tree.field, tree.type) : nullptr,
                                                          .drops_nulls = columns_.by_field_id() && !tree.field->nullable});
    }
    const StoredColumn& bytes = columns_.Column(tree.column + 1);
    const std::string path = tree.path;
    return std::make_unique<ListFieldRead>(column, path, tree.type, rows, [&bytes, path](RowRanges items) {
      return std::make_unique<LeafArrayRead>(bytes, path, MakeType(TypeId::kUInt8), items, LeafArrayRead::Options{});
    });
  }
  ArrayReadPtr MakeList(const std::shared_ptr<const FieldTree>& tree, const RowRanges& rows) const {
    if (tree->column < 0) throw Corrupt("column '{}': items without the column of their lists", tree->path);
    const StoredColumn& column = columns_.Column(tree->column);
    CheckRows(*tree, column);
    const ReadMaker inner(columns_, std::nullopt);
    return std::make_unique<ListFieldRead>(column, tree->path, tree->type, rows, [inner, tree](RowRanges items) {
      return inner.Make({tree, &tree->children[0]}, std::move(items));
    });
  }
  static void CheckNullItems(const FieldTree& tree, const StoredColumn& column, const RowRanges& rows) {
    uint64_t items = 0;
    for (const PageRanges& cut : CutByPages(column, rows)) items += column.holds_nothing(cut.page) ? page::CountRows(cut.rows) : 0;
    if (items > kMaxNullItems) throw Unsupported("column '{}': {} null items in one batch: read fewer rows at a time", tree.path, items);
  }
  void CheckRows(const FieldTree& tree, const StoredColumn& column) const {
    if (num_rows_ && column.num_rows() != *num_rows_) {
      throw Corrupt("column '{}': its pages hold {} rows, the file has {}", tree.path, column.num_rows(), *num_rows_);
    }
  }

  const StoredColumns& columns_;
  const std::optional<uint64_t> num_rows_;  // of the file; unset inside lists
};

void NameColumns(const LanceField& field, ColumnProjection& out) {
  if (field.IsLeaf()) return out.leaf_columns.push_back(field.id);
  if (field.logical_type != "struct") out.list_columns.push_back(field.id);
  for (const LanceField& child : field.children) NameColumns(child, out);
}

void NumberColumns(const LanceField& field, const StoredColumns& columns, int32_t& next, ColumnProjection& out) {
  const int32_t column = next++;
  if (field.IsLeaf()) {
    out.leaf_columns.push_back(column);
    // Strings of early releases have a second column for their bytes.
    if (columns.Column(column).holds_lists()) ++next;
    return;
  }
  if (field.logical_type != "struct") out.list_columns.push_back(column);
  for (const LanceField& child : field.children) NumberColumns(child, columns, next, out);
}

}  // namespace

std::vector<ColumnProjection> AllStoredColumns(const LanceSchema& schema, const StoredColumns& columns) {
  std::vector<ColumnProjection> projections;
  int32_t next = 0;
  for (const LanceField& field : schema.fields) {
    projections.push_back({.field = field});
    columns.by_field_id() ? NameColumns(field, projections.back()) : NumberColumns(field, columns, next, projections.back());
  }
  return projections;
}

page::ArrayReadPtr MakeFieldRead(const ColumnProjection& projection, const StoredColumns& columns, uint64_t num_rows, RowRanges rows) {
  const Field arrow = ToArrowField(projection.field);
  auto tree = std::make_shared<const FieldTree>(TreeMaker(projection, columns.by_field_id()).Make(projection.field, arrow.type, ""));
  return ReadMaker(columns, columns.counts_rows() ? std::optional(num_rows) : std::nullopt).Make(tree, columns.Locate(rows));
}

std::vector<ArrayPtr> FinishReads(const io::ReadableFile& file, std::span<const ArrayReadPtr> reads, const ReadContext& context) {
  std::list<io::RangeBatch> batches;  // what was fed lives until all is decoded
  uint64_t fetched_bytes = 0;
  while (true) {
    CheckInterrupt();
    std::vector<ByteRange> wants;
    std::vector<size_t> counts;
    for (const ArrayReadPtr& read : reads) {
      const size_t before = wants.size();
      read->Want(wants);
      counts.push_back(wants.size() - before);
    }
    if (wants.empty()) break;
    std::vector<ByteSpan> spans(wants.size());
    batches.emplace_back().Read(file, wants, spans, context.stats);
    for (const ByteRange& want : wants) fetched_bytes += want.length;
    size_t at = 0;
    for (size_t i = 0; i < reads.size(); at += counts[i++]) {
      if (counts[i] > 0) reads[i]->Feed(std::span(spans).subspan(at, counts[i]));
    }
  }
  std::vector<ArrayPtr> arrays(reads.size());
  const auto finish = [&](size_t i) { arrays[i] = reads[i]->Finish(); };
  if (context.session && reads.size() > 1 && fetched_bytes >= kParallelFieldBytes) {
    context.session->cpu_pool().ParallelFor(reads.size(), finish);
  } else {
    for (size_t i = 0; i < reads.size(); ++i) finish(i);
  }
  return arrays;
}

}  // namespace eider::file
