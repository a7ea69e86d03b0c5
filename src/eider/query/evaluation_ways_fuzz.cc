// A small table and an expression, both made from bytes: whatever the way of evaluating it, the answer is one.
//
//     byte 0   seed of the table's values         byte 2   bit 0: the rest is text; else it chooses the words of a sentence
//     byte 1   rows, and rows of a block
//
// Evaluated whole, in blocks, row by row with every column constant (which is how constants are folded), conjunct by conjunct on the rows
// that are left, within conditions that must mean the same, and in blocks that their statistics rule out: no row of these may pass.

#include <algorithm>

#include "eider/array/take.h"
#include "eider/expr/binder.h"
#include "eider/expr/compare.h"
#include "eider/expr/native.h"
#include "eider/expr/parser.h"
#include "eider/page/column_leaf.h"
#include "eider/page/page_statistics.h"
#include "eider/query/page_match.h"
#include "eider/testing/arrays.h"
#include "eider/testing/walk_array.h"

namespace {

using namespace eider;
using expr::Column;
using expr::Node;

/// Columns of each kind. Values are few, so that comparisons hold and lists meet.
struct Table {
  Schema schema;
  std::vector<ArrayPtr> arrays;

  Table(uint64_t seed, int64_t rows) {
    std::mt19937_64 random(seed);
    Add<int8_t>("i", MakeType(TypeId::kInt8), {-128, 127, 0, 1, 2, -7}, random, rows);
    Add<int64_t>("n", MakeType(TypeId::kInt64), {INT64_MIN, INT64_MAX, 0, 1, 2, 100}, random, rows);
    Add<uint64_t>("u", MakeType(TypeId::kUInt64), {0, 1, UINT64_MAX, 5}, random, rows);
    Add<double>("x", MakeType(TypeId::kDouble), {0.0, -0.0, 1.5, std::nan(""), INFINITY, -INFINITY, 1e300}, random, rows);
    Add<float>("f", MakeType(TypeId::kFloat), {0.0f, 0.1f, -2.0f, std::nanf("")}, random, rows);
    Add<int32_t>("d", MakeType(TypeId::kDate32), {0, 19753, -30000, INT32_MAX}, random, rows);
    Add<int64_t>("t", TimestampType(TimeUnit::kMicro), {0, 1'706'745'600'000'000, -1}, random, rows);
    Add<int64_t>("z", TimestampType(TimeUnit::kSecond, "Europe/Athens"), {0, 1'720'000'000, 1'711'846'800}, random, rows);
    Add<expr::Int128>("p", DecimalType(TypeId::kDecimal128, 12, 2), {0, 150, -250, 9'999'999'999}, random, rows);
    AddTexts(random, rows);
    testing::RandomArrays arrays_of(seed);
    for (const auto& [name, type] : std::vector<std::pair<std::string, TypePtr>>{
             {"b", MakeType(TypeId::kBool)}, {"l", ListType({"item", MakeType(TypeId::kInt8), true, {}})},
             {"q", StructType({{"a", MakeType(TypeId::kInt8), true, {}}, {"b", MakeType(TypeId::kBool), true, {}}})}}) {
      schema.fields.push_back({name, type, true, {}});
      arrays.push_back(arrays_of.Make(type, rows));
    }
  }

  ArrayPtr Find(const std::string& path) const {
    const size_t dot = path.find('.');
    const auto at = size_t(schema.FieldIndex(path.substr(0, dot)));
    return dot == std::string::npos ? arrays[at] : StructChild(*arrays[at], path.substr(dot + 1) == "a" ? 0 : 1);
  }

 private:
  template <typename T>
  void Add(std::string name, const TypePtr& type, std::vector<T> values, std::mt19937_64& random, int64_t rows) {
    expr::Builder<T> out(rows);
    const uint64_t nulls = random() % 4;
    for (int64_t row = 0; row < rows; ++row) {
      if (random() % 4 < nulls) out.AppendNull();
      else out.Append(values[random() % values.size()]);
    }
    schema.fields.push_back({std::move(name), type, true, {}});
    arrays.push_back(out.Finish(type));
  }

  void AddTexts(std::mt19937_64& random, int64_t rows) {
    Add<std::string_view>("s", MakeType(TypeId::kUtf8), {"", "a", "ash", "Ash", "élan", "12", "-7", "10%", "a,b"}, random, rows);
    Add<std::string_view>("y", MakeType(TypeId::kBinary), {"", "a", std::string_view("\xff\0", 2)}, random, rows);
    Add<std::string_view>("j", MakeType(TypeId::kUtf8), {R"({"a": 1})", R"({"a": "x", "b": [1, 2]})", "{", "null"}, random, rows);
  }
};

/// Each byte chooses; where they end, the first choice, which ends the sentence.
class Sentence {
 public:
  explicit Sentence(ByteSpan bytes) : bytes_(bytes) {}

  std::string Condition(int depth) {
    if (depth > 0) {
      const std::string a = Condition(depth - 1);
      switch (Next(8)) {
        case 1: return "(" + a + ") AND (" + Condition(depth - 1) + ")";
        case 2: return "(" + a + ") OR (" + Condition(depth - 1) + ")";
        case 3: return "NOT (" + a + ")";
        case 4: return "(" + a + ") IS " + Pick({"TRUE", "NOT FALSE", "UNKNOWN", "NOT NULL"});
        case 5: return "CASE WHEN " + a + " THEN " + Condition(depth - 1) + " ELSE " + Condition(depth - 1) + " END";
        case 6: return "(" + a + ") IS DISTINCT FROM (" + Condition(depth - 1) + ")";
        case 7: return "coalesce(" + a + ", " + Condition(depth - 1) + ")";
        default: return a;
      }
    }
    switch (Next(9)) {
      case 1: return Value(2) + Pick({" = ", " <> ", " < ", " <= ", " > ", " >= ", " <=> "}) + Value(2);
      case 2: return Value(1) + Pick({" IN (", " NOT IN ("}) + Literal() + ", " + Literal() + ", " + Pick({"NULL", "1", "'a'"}) + ")";
      case 3: return Value(1) + Pick({" BETWEEN ", " NOT BETWEEN "}) + Literal() + " AND " + Literal();
      case 4: return Text(1) + Pick({" LIKE ", " ILIKE ", " NOT LIKE ", " ~ ", " SIMILAR TO "}) + Pick({"'a%'", "'%s_'", "'10!%' ESCAPE '!'", "'[a-c]+'", "s"});
      case 5: return Value(1) + Pick({" IS NULL", " IS NOT NULL"});
      case 6: return Pick({"array_has(l, 1)", "array_has_any(l, [1, 2])", "array_length(l) > 1", "l[1] = i", "l = [1]", "empty(l)"});
      case 7: return Pick({"starts_with(s, 'a')", "contains(s, 'sh')", "regexp_like(s, '^a')", "regexp_match(s, 'a') IS NOT NULL", "isnan(x)", "json_exists(j, '$.a')"});
      case 8: return Pick({"q.b", "q.a > 1", "q IS NULL", "q = {a: 1, b: true}", "b = true", "b > q.b"});
      default: return "b";
    }
  }

  std::string Value(int depth) {
    switch (Next(4)) {
      case 1: return Number(depth);
      case 2: return Text(depth);
      case 3: return Time(depth);
      default: return Pick({"i", "n", "u", "x", "f", "p", "s", "d", "t", "z", "y", "b", "q", "l"});
    }
  }

 private:
  uint8_t Next(uint8_t choices) {
    if (bytes_.empty()) return 0;
    const uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte % choices;
  }
  std::string Pick(std::initializer_list<const char*> words) { return words.begin()[Next(uint8_t(words.size()))]; }

  std::string Literal() {
    return Pick({"1", "0", "-1", "127", "128", "1.5", "-0.0", "9223372036854775807", "1e39", "'a'", "'ash'", "NULL", "true", "date '2024-01-31'",
                 "timestamp '2024-02-01 00:00:00'", "x'61'", "'2024-01-31'", "decimal(5, 1) '2.5'", "interval '1 month'", "[1, NULL]"});
  }
  std::string Number(int depth) {
    if (depth == 0) return Next(2) ? Literal() : Pick({"i", "n", "u", "x", "f", "p", "q.a"});
    switch (Next(5)) {
      case 1: return "(" + Number(depth - 1) + Pick({" + ", " - ", " * ", " / ", " % ", " & ", " << "}) + Number(depth - 1) + ")";
      case 2: return Pick({"abs(", "sqrt(", "floor(", "round(", "-(", "signum(", "isnan(", "factorial("}) + Number(depth - 1) + ")";
      case 3: return Pick({"CAST(", "TRY_CAST("}) + Value(depth - 1) + " AS " + Pick({"tinyint", "bigint unsigned", "double", "decimal(5, 1)", "int", "float"}) + ")";
      case 4: return Pick({"length(s)", "date_part('month', z)", "date_part('dow', d)", "array_length(l)", "json_get_int(j, 'a')", "strpos(s, 'a')", "hour(t)", "array_max(l)"});
      default: return Pick({"i", "n", "x", "p"});
    }
  }
  std::string Text(int depth) {
    if (depth == 0) return Pick({"s", "'a'", "j", "y"});
    switch (Next(4)) {
      case 1: return Pick({"upper(", "reverse(", "trim(", "initcap(", "md5("}) + Text(depth - 1) + ")";
      case 2: return "(" + Text(depth - 1) + " || " + Value(depth - 1) + ")";
      case 3: return Pick({"substr(s, i)", "left(s, i)", "lpad(s, 3, 'x')", "replace(s, 'a', s)", "split_part(s, ',', 2)", "CAST(n AS string)", "repeat(s, i)", "to_char(t, '%F')"});
      default: return "s";
    }
  }
  std::string Time(int depth) {
    if (depth == 0) return Pick({"d", "t", "z"});
    switch (Next(4)) {
      case 1: return "date_trunc(" + Pick({"'month'", "'week'", "'hour'"}) + ", " + Time(depth - 1) + ")";
      case 2: return "(" + Time(depth - 1) + Pick({" + ", " - "}) + Pick({"interval '1 month'", "interval '25 hours'", "d", "t"}) + ")";
      case 3: return "CAST(" + Value(depth - 1) + " AS " + Pick({"date", "timestamp", "timestamp(0)", "timestamp with time zone"}) + ")";
      default: return "t";
    }
  }

  ByteSpan bytes_;
};

/// A tree over a table, evaluated on some of its rows.
class Judge {
 public:
  Judge(expr::NodePtr root, const Table& table) : root_(std::move(root)), table_(table) { Collect(*root_); }

  /// nullopt for an error.
  std::optional<Column> Evaluate(int64_t first, int64_t count, bool constant) const {
    std::vector<ArrayPtr> columns;
    for (const std::string& path : paths_) columns.push_back(path.empty() ? nullptr : SliceArray(table_.Find(path), first, count));
    try {
      return root_->Evaluate(expr::Rows{.columns = columns, .count = count, .constant = constant}, nullptr);
    } catch (const Error&) {
      return std::nullopt;
    }
  }
  const TypePtr& type() const { return root_->type(); }

 private:
  void Collect(const Node& node) {
    if (const auto* column = dynamic_cast<const expr::ColumnNode*>(&node)) {
      if (paths_.size() <= column->id()) paths_.resize(column->id() + 1);
      paths_[column->id()] = column->path();
    }
    node.VisitChildren([&](const Node& child) { Collect(child); });
  }

  expr::NodePtr root_;
  const Table& table_;
  std::vector<std::string> paths_;
};

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

void RequireSame(const Column& a, int64_t i, const Column& b, int64_t j) {
  Require(a.IsValid(i) == b.IsValid(j));
  if (!a.IsValid(i) || a.type().id == TypeId::kMap || a.type().id == TypeId::kDictionary) return;
  try {
    Require(expr::CompareValues(*a.array, a.At(i), *b.array, b.At(j)) == 0);
  } catch (const Error&) {  // values without an order
  }
}

/// Blocks give what the whole gives; the whole fails where, and only where, one of its rows does.
void CheckBlocks(const Judge& judge, const std::optional<Column>& whole, int64_t rows, int64_t block, bool constant) {
  bool failed = false;
  for (int64_t first = 0; first < rows; first += block) {
    const int64_t count = std::min(block, rows - first);
    const std::optional<Column> part = judge.Evaluate(first, count, constant);
    failed |= !part;
    for (int64_t i = 0; whole && part && i < count; ++i) RequireSame(*whole, first + i, *part, i);
  }
  Require(failed == !whole);
}

bool IsTrue(const Column& column, int64_t row) { return column.IsValid(row) && expr::Reader<bool>(column)[row]; }

/// A conjunct sees the rows that those before it left.
void CheckConjuncts(const expr::Expression& condition, const Column& whole, const Table& table, int64_t rows) {
  std::vector<int64_t> left;
  for (int64_t row = 0; row < rows; ++row) left.push_back(row);
  for (const auto& part : condition.Conjuncts()) {
    std::vector<ArrayPtr> columns;
    for (const std::string& path : part->columns()) columns.push_back(TakeArray(table.Find(path), left));
    const Buffer passing = part->Select(columns, int64_t(left.size()));
    std::vector<int64_t> kept;
    for (size_t i = 0; i < left.size(); ++i) {
      if (GetBit(passing.data(), i)) kept.push_back(left[i]);
    }
    left = std::move(kept);
  }
  size_t next = 0;
  for (int64_t row = 0; row < rows; ++row) Require(IsTrue(whole, row) == (next < left.size() && left[next] == row && ++next > 0));
}

/// The page of these values.
page::PageStatistics Measure(const ArrayPtr& array) {
  const page::ColumnLeaf leaf{.path = "column", .type = array->type};
  return page::MeasurePage(page::Shred({{array}}, leaf), *array->type);
}

void CheckPruning(const expr::Expression& condition, const Column& whole, const Table& table, int64_t rows, int64_t block) {
  for (const auto& part : condition.Conjuncts()) {
    const std::optional<expr::ColumnTest> test = part->AsColumnTest();
    if (!test || test->column.find('.') != std::string::npos) continue;
    const ArrayPtr array = table.Find(test->column);
    if (array->type->id == TypeId::kStruct || expr::IsList(array->type->id) || (test->values && !TypesEqual(*test->values->type, *array->type))) continue;
    for (int64_t first = 0; first < rows; first += block) {
      const int64_t count = std::min(block, rows - first);
      bool passes = false;
      for (int64_t row = first; row < first + count; ++row) passes = passes || IsTrue(whole, row);
      const ArrayPtr slice = SliceArray(array, first, count);
      Require(!passes || query::MayPass(*test, Measure(slice), uint64_t(count)));
    }
  }
}

/// Whether a text fails, and if not its values.
std::optional<Column> Ask(const std::string& text, const Table& table, int64_t rows) {
  return Judge(expr::Bind(*expr::ParseSyntax(text), text, table.schema, {}), table).Evaluate(0, rows, false);
}

/// Laws of logic that hold with nulls, and for errors.
void CheckLaws(const std::string& text, const Column& whole, const Table& table, int64_t rows) {
  const std::string p = "(" + text + "\n)";  // a comment may end it
  for (const std::string& same : {"NOT NOT " + p, p + " AND TRUE", "TRUE AND " + p, p + " OR FALSE", p + " AND " + p, "NOT (NOT " + p + " OR NOT b) OR " + p,
                                  "CASE WHEN " + p + " THEN TRUE WHEN NOT " + p + " THEN FALSE END", "coalesce(" + p + ", NULL)"}) {
    const std::optional<Column> found = Ask(same, table, rows);
    Require(found.has_value());
    for (int64_t row = 0; row < rows; ++row) RequireSame(whole, row, *found, row);
  }
  const std::optional<Column> both = Ask("NOT (" + p + " AND b)", table, rows), either = Ask("NOT " + p + " OR NOT b", table, rows);
  Require(both && either);
  for (int64_t row = 0; row < rows; ++row) RequireSame(*both, row, *either, row);
}

bool GivesOtherValuesEachTime(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return char(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  for (const char* word : {"random", "uuid", "now", "current", "today"}) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

void Check(const std::string& text, const Table& table, int64_t rows, int64_t block) {
  const Judge judge(expr::Bind(*expr::ParseSyntax(text), text, table.schema, {}), table);
  const std::optional<Column> whole = judge.Evaluate(0, rows, false);
  if (whole) testing::WalkArray(*expr::Spread(*whole, rows));
  if (GivesOtherValuesEachTime(text)) return;
  CheckBlocks(judge, whole, rows, block, false);
  CheckBlocks(judge, whole, rows, 1, true);
  if (!whole || judge.type()->id != TypeId::kBool) return;
  const auto condition = expr::Expression::ParseCondition(text, table.schema);
  CheckLaws(text, *whole, table, rows);
  CheckConjuncts(*condition, *whole, table, rows);
  CheckPruning(*condition, *whole, table, rows, block);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3 || size > 2000) return 0;
  constexpr int64_t kMostRows = 24;
  const int64_t rows = 1 + data[1] % kMostRows, block = 2 + data[1] / kMostRows % 8;
  const Table table(data[0], rows);
  const ByteSpan rest(data + 3, size - 3);
  const std::string text = data[2] & 1 ? std::string(rest.begin(), rest.end()) : data[2] & 2 ? Sentence(rest).Value(3) : Sentence(rest).Condition(2);
  try {
    Check(text, table, rows, block);
  } catch (const Error&) {
  }
  return 0;
}
