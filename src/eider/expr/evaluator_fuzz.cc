// An expression made from bytes, with what it must say of each row: the engine's kernels against testing/row_model.h. The engine fails
// where, and only where, a row has no value.
//
//     bytes 0, 1   seed of the table's values
//     byte 2       rows
//     the others   each chooses the next part of the expression; where they end, the first choice, which is a column

#include <functional>
#include <optional>
#include <random>

#include "eider/expr/column.h"
#include "eider/expr/expression.h"
#include "eider/testing/fuzz_input.h"
#include "eider/testing/row_model.h"

namespace {

using namespace eider;
using namespace eider::testing;

/// kWide: whole numbers of uint64, computed in 38 digits; kDecimal: decimals, of which these are whole numbers too.
enum class Kind { kBool, kInt, kUnsigned, kWide, kDecimal, kFloat, kDouble, kText };

struct Term {
  using Function = std::function<SqlValue(size_t row)>;
  Term(std::string text, Kind kind_of_it, Function function, bool is_literal = false)
      : sql(std::move(text)), kind(kind_of_it), literal(is_literal), values(std::make_shared<const Function>(std::move(function))) {}
  /// \throws NoValue
  SqlValue at(size_t row) const { return (*values)(row); }

  std::string sql;
  Kind kind;
  bool literal;
  std::shared_ptr<const Function> values;
};

bool IsFloat(Kind kind) { return kind == Kind::kFloat || kind == Kind::kDouble; }
bool IsNumber(Kind kind) { return kind != Kind::kBool && kind != Kind::kText; }

struct Table {
  Schema schema;
  std::vector<ArrayPtr> arrays;
  std::vector<Term> columns;
  std::mt19937 random;
  int64_t rows;

  Table(uint32_t seed, int64_t rows_of_it) : random(seed), rows(rows_of_it) {
    Add<int8_t>("i", TypeId::kInt8, Kind::kInt, {0, 1, 2, -1, -7, 127, -128});
    for (const char* name : {"n", "m"}) Add<int64_t>(name, TypeId::kInt64, Kind::kInt, {0, 1, -1, 2, 100, INT64_MAX, INT64_MIN, (int64_t{1} << 53) + 1});
    Add<uint64_t>("u", TypeId::kUInt64, Kind::kUnsigned, {0, 1, 2, UINT64_MAX, uint64_t{1} << 63});
    Add<float>("f", TypeId::kFloat, Kind::kFloat, {0.0f, -0.0f, 0.1f, 1.5f, -2.25f, NAN, INFINITY, -INFINITY, 3.4028235e38f});
    for (const char* name : {"x", "y"}) Add<double>(name, TypeId::kDouble, Kind::kDouble, {0.0, -0.0, 0.1, 1.5, -2.25, NAN, INFINITY, -INFINITY, 9007199254740992, 1e300});
    for (const char* name : {"s", "t"}) Add<std::string_view>(name, TypeId::kUtf8, Kind::kText, {"", "a", "ab", "Ab", "é", "%", "a_b", "12", "-7", "+1", "x\\y"});
    for (const char* name : {"b", "c"}) Add<bool>(name, TypeId::kBool, Kind::kBool, {true, false});
  }

 private:
  template <typename T>
  void Add(std::string name, TypeId id, Kind kind, const std::vector<T>& values) {
    expr::Builder<T> out(rows);
    std::vector<SqlValue> cells;
    const uint32_t nulls = random() % 4;
    for (int64_t row = 0; row < rows; ++row) {
      const T value = values[random() % values.size()];
      if (random() % 4 < nulls) out.AppendNull(), cells.emplace_back();
      else out.Append(value), cells.push_back(Cell(value));
    }
    schema.fields.push_back({name, MakeType(id), true, {}});
    arrays.push_back(out.Finish(MakeType(id)));
    columns.push_back({std::move(name), kind, [cells = std::move(cells)](size_t row) { return cells[row]; }});
  }
  template <typename T>
  static SqlValue Cell(T value) {
    if constexpr (std::is_same_v<T, std::string_view>) return std::string(value);
    else if constexpr (std::is_same_v<T, bool> || std::is_floating_point_v<T>) return value;
    else return Whole(value);
  }
};

/// function over values that are not null; all sides are evaluated.
template <typename Function>
Term Combine(std::string sql, Kind kind, std::vector<Term> sides, Function function) {
  return {std::move(sql), kind, [sides = std::move(sides), function](size_t row) -> SqlValue {
            std::vector<SqlValue> values;
            for (const Term& side : sides) values.push_back(side.at(row));
            return std::ranges::any_of(values, IsNull) ? SqlValue() : function(values);
          }};
}

/// A literal beside floats is the nearest one (past the last finite one it lies before infinity), beside integers it is exact.
std::strong_ordering OrderSides(const Term& a, const SqlValue& x, const Term& b, const SqlValue& y) {
  if (a.literal && !b.literal) return 0 <=> OrderSides(b, y, a, x);
  if (!IsNumber(a.kind) || !b.literal || a.literal) return Order(x, y);
  if (!IsFloat(a.kind)) return std::holds_alternative<double>(y) ? Order(std::get<Whole>(x), std::get<double>(y)) : Order(x, y);
  const double number = AsDouble(y);
  return Order(AsDouble(x), a.kind == Kind::kFloat && std::isfinite(float(number)) ? double(float(number)) : number);
}

/// Each byte chooses.
class Grammar {
 public:
  Grammar(Input& input, const Table& table) : input_(input), table_(table) {}

  Term Bool(int depth) {
    if (depth == 0) return Test(0);
    switch (Choose(9)) {
      case 1:
      case 2: return Junction(depth - 1);
      case 3: return Not(Bool(depth - 1));
      case 4: return IsTruth(Bool(depth - 1));
      case 5: return Case(Bool(depth - 1), Bool(depth - 1), Bool(depth - 1));
      case 6: return Distinct(Bool(depth - 1), Bool(depth - 1));
      case 7: return Comparison(Bool(depth - 1), Column({Kind::kBool}));
      default: return Test(depth);
    }
  }

  Term Number(int depth) {
    if (depth == 0) return Column({Kind::kInt, Kind::kUnsigned, Kind::kFloat, Kind::kDouble});
    switch (Choose(8)) {
      case 1:
      case 2: return Arithmetic(depth - 1);
      case 3: return Negative(Number(depth - 1));
      case 4: return Case(Bool(depth - 1), Number(depth - 1), NumberBeside(depth - 1));
      case 5: return Cast(depth - 1);
      case 6: {
        const Term text = Text(depth - 1);
        return Combine("length(" + text.sql + ")", Kind::kInt, {text}, [](const auto& v) { return SqlValue(Length(std::get<std::string>(v[0]))); });
      }
      default: return Number(0);
    }
  }

  Term Text(int depth) {
    if (depth == 0) return Column({Kind::kText});
    const Term a = Text(depth - 1);
    switch (Choose(5)) {
      case 1: {
        const Term b = Choose(2) ? Text(depth - 1) : Literal(Kind::kText);
        return Combine("(" + a.sql + " || " + b.sql + ")", Kind::kText, {a, b}, [](const auto& v) { return SqlValue(std::get<std::string>(v[0]) + std::get<std::string>(v[1])); });
      }
      case 2: return Case(Bool(depth - 1), a, Literal(Kind::kText));
      case 3: {
        const Term number = Number(depth - 1);
        if (IsFloat(number.kind)) return a;
        return Combine("CAST(" + number.sql + " AS string)", Kind::kText, {number}, [](const auto& v) { return SqlValue(ToText(std::get<Whole>(v[0]))); });
      }
      default: return a;
    }
  }

 private:
  uint8_t Choose(uint8_t choices) { return uint8_t(input_.Byte() % choices); }
  std::string Pick(std::initializer_list<const char*> words) { return words.begin()[Choose(uint8_t(words.size()))]; }

  Term Column(std::initializer_list<Kind> kinds) {
    std::vector<const Term*> found;
    for (const Term& column : table_.columns) {
      if (std::ranges::count(kinds, column.kind)) found.push_back(&column);
    }
    return *found[Choose(uint8_t(found.size()))];
  }

  static Term Constant(std::string sql, Kind kind, SqlValue value) {
    return {std::move(sql), kind, [value](size_t) { return value; }, true};
  }

  Term Literal(Kind beside, bool large = true) {
    if (beside == Kind::kText) {
      const std::string text = Pick({"a", "", "12", "é", "Ab"});
      return Constant("'" + text + "'", Kind::kText, text);
    }
    if (beside == Kind::kBool) return Choose(2) ? Constant("true", Kind::kBool, true) : Constant("false", Kind::kBool, false);
    if (beside != Kind::kWide && beside != Kind::kDecimal && Choose(3) == 2) {
      static constexpr std::pair<const char*, double> kReals[] = {{"0.1", 0.1}, {"1.5", 1.5}, {"-2.25", -2.25}, {"0.0", 0.0}, {"1e39", 1e39}, {"-1e300", -1e300}};
      const auto& [sql, value] = kReals[Choose(large ? 6 : 4)];
      return Constant(sql, Kind::kDouble, value);
    }
    if (Choose(8) == 7) return Constant("(3 * 4 - 5)", Kind::kInt, Whole(7));
    static constexpr const char* kWhole[] = {"1", "0", "-1", "2", "127", "128", "-129", "9223372036854775807", "-9223372036854775807", "9007199254740993", "18446744073709551615"};
    const std::string sql = kWhole[Choose(std::size(kWhole))];
    return Constant(sql, sql.size() == 20 && sql[0] != '-' ? Kind::kUnsigned : Kind::kInt, CastToWhole(SqlValue(sql), -(Whole(1) << 64), Whole(1) << 64));
  }

  Term NumberBeside(int depth) { return Choose(2) ? Literal(Kind::kDecimal) : Number(depth); }

  // ---- conditions
  Term Test(int depth) {
    const int less = std::max(depth - 1, 0);
    switch (Choose(8)) {
      case 1: return Comparison(Number(depth), Choose(2) ? Number(less) : Literal(Kind::kInt));
      case 2: return Comparison(Text(depth), Choose(2) ? Text(less) : Literal(Kind::kText));
      case 3: return Between(Number(depth));
      case 4: return In(Choose(2) ? Number(depth) : Text(depth));
      case 5: return Like(Text(depth));
      case 6: return Distinct(Number(depth), Choose(2) ? Number(less) : Literal(Kind::kInt));
      case 7: return IsNullTest(Choose(2) ? Number(depth) : Text(depth));
      default: return Column({Kind::kBool});
    }
  }

  static SqlValue Compare(const std::string& symbol, std::strong_ordering order) {
    return symbol == "=" ? order == 0 : symbol == "<>" ? order != 0 : symbol == "<" ? order < 0 : symbol == "<=" ? order <= 0 : symbol == ">" ? order > 0 : order >= 0;
  }
  static Term Compared(std::string sql, const std::string& symbol, const Term& a, const Term& b) {
    return Combine(std::move(sql), Kind::kBool, {a, b}, [=](const auto& v) { return Compare(symbol, OrderSides(a, v[0], b, v[1])); });
  }
  Term Comparison(Term a, Term b) {
    if (Choose(8) == 7) std::swap(a, b);
    const std::string symbol = Pick({"=", "<>", "<", "<=", ">", ">="});
    return Compared("(" + a.sql + ") " + symbol + " (" + b.sql + ")", symbol, a, b);
  }

  static SqlValue Negate(const SqlValue& value) { return IsNull(value) ? value : SqlValue(!std::get<bool>(value)); }
  static Term Not(Term term) {
    return {"NOT (" + term.sql + ")", Kind::kBool, [term](size_t row) { return Negate(term.at(row)); }};
  }

  /// From left to right; what follows a false of AND (a true of OR) is not asked.
  static Term Joined(std::string sql, bool is_and, std::vector<Term> parts) {
    return {std::move(sql), Kind::kBool, [=](size_t row) {
              SqlValue out = is_and;
              for (const Term& part : parts) {
                const SqlValue value = part.at(row);
                if (is_and ? IsFalse(value) : IsTrue(value)) return value;
                if (IsNull(value)) out = value;
              }
              return out;
            }};
  }
  Term Junction(int depth) {
    const bool is_and = Choose(2) == 0;
    std::vector<Term> parts;
    std::string sql;
    for (int left = 2 + Choose(2); left > 0; --left) {
      parts.push_back(Choose(8) == 7 ? Literal(Kind::kBool) : Bool(depth));
      sql += (sql.empty() ? "(" : is_and ? " AND (" : " OR (") + parts.back().sql + ")";
    }
    return Joined(std::move(sql), is_and, std::move(parts));
  }

  Term IsTruth(const Term& term) {
    static constexpr const char* kWords[] = {"TRUE", "FALSE", "UNKNOWN"};
    const uint8_t which = Choose(3);
    const bool negated = Choose(2);
    return {"(" + term.sql + ") IS " + (negated ? "NOT " : "") + kWords[which], Kind::kBool, [=](size_t row) {
              const SqlValue value = term.at(row);
              return SqlValue((which == 0 ? IsTrue(value) : which == 1 ? IsFalse(value) : IsNull(value)) != negated);
            }};
  }
  Term IsNullTest(const Term& term) {
    const bool negated = Choose(2);
    return {"(" + term.sql + ") IS " + (negated ? "NOT NULL" : "NULL"), Kind::kBool, [=](size_t row) { return SqlValue(IsNull(term.at(row)) != negated); }};
  }
  Term Distinct(const Term& a, const Term& b) {
    const bool negated = Choose(2);
    return {"(" + a.sql + ") IS " + (negated ? "NOT " : "") + "DISTINCT FROM (" + b.sql + ")", Kind::kBool, [=](size_t row) {
              const SqlValue x = a.at(row), y = b.at(row);
              const bool differ = IsNull(x) || IsNull(y) ? IsNull(x) != IsNull(y) : OrderSides(a, x, b, y) != 0;
              return SqlValue(differ != negated);
            }};
  }

  /// A column or a literal: these never fail.
  Term Plain(const Term& beside) {
    if (beside.kind == Kind::kText) return Choose(3) ? Literal(Kind::kText) : Text(0);
    return Choose(3) ? Literal(beside.kind) : Number(0);
  }
  Term Between(const Term& value) {
    const Term low = Plain(value), high = Plain(value);
    const bool negated = Choose(2);
    const Term both = Joined("(" + value.sql + ") " + (negated ? "NOT " : "") + "BETWEEN " + low.sql + " AND " + high.sql, true,
                             {Compared("", ">=", value, low), Compared("", "<=", value, high)});
    return {both.sql, Kind::kBool, [=](size_t row) { return negated ? Negate(both.at(row)) : both.at(row); }};
  }
  /// x = a OR x = b ...
  Term In(const Term& value) {
    const bool negated = Choose(2);
    std::vector<Term> tests;
    std::string list;
    for (int left = 1 + Choose(4); left > 0; --left) {
      const Term choice = Choose(6) == 5 ? Constant("NULL", value.kind, {}) : Plain(value);
      tests.push_back(Compared("", "=", value, choice));
      list += (list.empty() ? "" : ", ") + choice.sql;
    }
    const Term any = Joined("(" + value.sql + ")" + (negated ? " NOT" : "") + " IN (" + list + ")", false, std::move(tests));
    return {any.sql, Kind::kBool, [=](size_t row) { return negated ? Negate(any.at(row)) : any.at(row); }};
  }
  Term Like(const Term& text) {
    const std::string pattern = Pick({"a%", "%b", "_", "%", "", "a_b", "%é%", "_%_", "a!_b", "!%", "1%", "%a%b%"});
    const bool escaped = pattern.find('!') != std::string::npos, negated = Choose(2);
    return Combine("(" + text.sql + ")" + (negated ? " NOT LIKE '" : " LIKE '") + pattern + (escaped ? "' ESCAPE '!'" : "'"), Kind::kBool, {text},
                   [=](const auto& v) { return SqlValue(IsLike(std::get<std::string>(v[0]), pattern, escaped ? '!' : '\\') != negated); });
  }

  // ---- values
  /// What CASE gives: one kind for both.
  static Kind Unite(const Term& a, const Term& b) {
    if (!IsNumber(a.kind)) return a.kind;
    if (IsFloat(a.kind) || IsFloat(b.kind)) return a.kind == b.kind ? a.kind : Kind::kDouble;
    return a.kind == b.kind && (a.kind == Kind::kInt || a.kind == Kind::kUnsigned) ? a.kind : Kind::kDecimal;
  }
  Term Case(const Term& condition, const Term& then, const Term& other) {
    const bool has_else = Choose(4) != 3;
    const Kind kind = has_else ? Unite(then, other) : then.kind == Kind::kWide ? Kind::kDecimal : then.kind;
    return {"CASE WHEN " + condition.sql + " THEN " + then.sql + (has_else ? " ELSE " + other.sql : "") + " END", kind, [=](size_t row) {
              const SqlValue value = IsTrue(condition.at(row)) ? then.at(row) : has_else ? other.at(row) : SqlValue();
              return kind == Kind::kDouble && !IsNull(value) ? SqlValue(AsDouble(value)) : value;
            }};
  }

  static Kind Meet(const Term& a, const Term& b) {
    const auto decimal = [](Kind kind) { return kind == Kind::kWide || kind == Kind::kDecimal; };
    if (IsFloat(a.kind) || IsFloat(b.kind)) {
      const auto narrow = [&](const Term& side) { return side.kind == Kind::kFloat || side.literal || (!IsFloat(side.kind) && !decimal(side.kind)); };
      return narrow(a) && narrow(b) && (a.kind == Kind::kFloat || b.kind == Kind::kFloat) ? Kind::kFloat : Kind::kDouble;
    }
    if (a.kind == Kind::kInt && b.kind == Kind::kInt) return Kind::kInt;
    const auto unsigned_too = [](const Term& side) {
      return side.kind == Kind::kUnsigned || side.kind == Kind::kWide || (side.literal && std::get<Whole>(side.at(0)) >= 0 && side.kind != Kind::kDecimal);
    };
    return unsigned_too(a) && unsigned_too(b) ? Kind::kWide : Kind::kDecimal;
  }
  static float Narrow(const Term& term, const SqlValue& value) {
    const auto* whole = std::get_if<Whole>(&value);
    return whole && !term.literal ? float(*whole) : float(AsDouble(value));
  }
  static Term Calculated(const std::string& symbol, const Term& a, const Term& b, Kind kind) {
    return Combine("(" + a.sql + " " + symbol + " " + b.sql + ")", kind, {a, b}, [=](const auto& v) -> SqlValue {
      if (kind == Kind::kFloat) return Compute(symbol[0], Narrow(a, v[0]), Narrow(b, v[1]));
      if (kind == Kind::kDouble) return Compute(symbol[0], AsDouble(v[0]), AsDouble(v[1]));
      return Compute(symbol[0], std::get<Whole>(v[0]), std::get<Whole>(v[1]), kind != Kind::kInt);
    });
  }
  Term Arithmetic(int depth) {
    Term a = Number(depth), b = Choose(2) ? Literal(a.kind, false) : Number(depth);
    if (Choose(4) == 3) std::swap(a, b);
    const Kind kind = Meet(a, b);
    std::string symbol = Pick({"+", "-", "*", "/", "%"});
    if (kind == Kind::kDecimal && symbol == "/") symbol = "%";  // a quotient of decimals has a fraction
    return Calculated(symbol, a, b, kind);
  }
  static Term Negative(const Term& a) {
    Term out = IsFloat(a.kind) ? Calculated("*", a, Constant("-1", Kind::kInt, Whole(-1)), a.kind)
                               : Calculated("-", Constant("0", Kind::kInt, Whole(0)), a, a.kind == Kind::kUnsigned ? Kind::kWide : a.kind);
    out.sql = "(-(" + a.sql + "))";
    return out;
  }

  Term Cast(int depth) {
    struct Target {
      const char* name;
      Whole least, most;
    };
    static constexpr Target kTargets[] = {{"tinyint", INT8_MIN, INT8_MAX}, {"int", INT32_MIN, INT32_MAX}, {"bigint", INT64_MIN, INT64_MAX}, {"bigint unsigned", 0, UINT64_MAX}};
    const bool lenient = Choose(2);
    const uint8_t which = Choose(5);
    if (which == 4) {
      const Term from = Number(depth);
      return Combine("CAST(" + from.sql + " AS double)", Kind::kDouble, {from}, [](const auto& v) { return SqlValue(AsDouble(v[0])); });
    }
    const uint8_t source = Choose(4);
    const Term from = source == 1 ? Text(depth) : source == 2 ? Bool(depth) : Number(depth);
    return Combine((lenient ? "TRY_CAST(" : "CAST(") + from.sql + " AS " + kTargets[which].name + ")", which == 3 ? Kind::kUnsigned : Kind::kInt, {from},
                   [lenient, target = kTargets[which]](const auto& v) -> SqlValue {
                     try {
                       return CastToWhole(v[0], target.least, target.most);
                     } catch (const NoValue&) {
                       if (lenient) return {};
                       throw;
                     }
                   });
  }

  static Whole Length(std::string_view text) {
    Whole n = 0;
    for (; !text.empty(); ++n) text.remove_prefix(FirstCharacter(text));
    return n;
  }

  Input& input_;
  const Table& table_;
};

SqlValue ValueAt(const Array& array, int64_t row) {
  const expr::Column column{ArrayPtr(ArrayPtr(), &array), false};
  switch (array.type->id) {
    case TypeId::kBool: return expr::Reader<bool>(column)[row];
    case TypeId::kInt8: return Whole(expr::Reader<int8_t>(column)[row]);
    case TypeId::kInt32: return Whole(expr::Reader<int32_t>(column)[row]);
    case TypeId::kInt64: return Whole(expr::Reader<int64_t>(column)[row]);
    case TypeId::kUInt64: return Whole(expr::Reader<uint64_t>(column)[row]);
    case TypeId::kDecimal128: return Whole(expr::Reader<expr::Int128>(column)[row]);
    case TypeId::kFloat: return expr::Reader<float>(column)[row];
    case TypeId::kDouble: return expr::Reader<double>(column)[row];
    default: return std::string(expr::Reader<std::string_view>(column)[row]);
  }
}

std::optional<std::vector<SqlValue>> Expected(const Term& term, int64_t rows) {
  std::vector<SqlValue> values;
  try {
    for (int64_t row = 0; row < rows; ++row) values.push_back(term.at(size_t(row)));
  } catch (const NoValue&) {
    return std::nullopt;
  }
  return values;
}

void Check(const Term& term, const Table& table) {
  const auto expression = expr::Expression::ParseOperand(term.sql, table.schema);
  std::vector<ArrayPtr> columns;
  for (const std::string& path : expression->columns()) columns.push_back(table.arrays[size_t(table.schema.FieldIndex(path))]);
  const std::optional<std::vector<SqlValue>> expected = Expected(term, table.rows);
  ArrayPtr found;
  try {
    found = expression->Evaluate(columns, table.rows);
  } catch (const Error&) {
    Require(!expected);
    return;
  }
  Require(expected.has_value());
  for (int64_t row = 0; row < table.rows; ++row) {
    const SqlValue& value = (*expected)[size_t(row)];
    Require(found->IsValid(row) != IsNull(value));
    if (!IsNull(value)) Require(ValueAt(*found, row).index() == value.index() && Order(ValueAt(*found, row), value) == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 500) return 0;
  Input input({data, size});
  const uint32_t seed = input.U16();
  const uint8_t shape = input.Byte();
  const Table table(seed, 1 + shape % 40);
  Grammar grammar(input, table);
  const Term term = shape < 160 ? grammar.Bool(2) : shape < 220 ? grammar.Number(2) : grammar.Text(2);
  if (std::getenv("EIDER_FUZZ_SHOW")) std::fprintf(stderr, "%s\n", term.sql.c_str());
  Check(term, table);
  return 0;
}
