#include "eider/expr/compare.h"

#include "eider/array/dictionary_key.h"
#include "eider/expr/half_float.h"
#include "eider/expr/native.h"

namespace eider::expr {
namespace {

template <typename T>
struct Equal {
  bool operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return (a == b) | ((a != a) & (b != b));
    else return a == b;
  }
};
template <typename T>
struct Less {
  bool operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return (a < b) | ((b != b) & (a == a));
    else return a < b;
  }
};

/// The bits of 64 bytes that are 0 or 1.
uint64_t PackBytes(const uint8_t* bytes) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) word |= ((LoadLe<uint64_t>(bytes + 8 * i) * 0x0102040810204080u) >> 56) << (8 * i);
  return word;
}

/// Bits of test(row) for all rows, in words; `flip` inverts them.
template <typename Test>
Buffer TestBits(int64_t rows, bool flip, Test&& test) {
  BufferBuilder out;
  out.Resize(CeilDiv(uint64_t(rows), 64) * 8);
  const uint64_t inverted = flip ? ~uint64_t{0} : 0;
  uint8_t bytes[64];
  for (int64_t row = 0; row < rows; row += 64) {
    const int64_t count = std::min<int64_t>(64, rows - row);
    if (count == 64) {
      for (int64_t i = 0; i < 64; ++i) bytes[i] = test(row + i);
    } else {
      std::memset(bytes, 0, 64);
      for (int64_t i = 0; i < count; ++i) bytes[i] = test(row + i);
    }
    uint64_t word = PackBytes(bytes) ^ inverted;
    if (count < 64) word &= (uint64_t{1} << count) - 1;
    StoreLe(out.as<uint8_t>() + row / 8, word);
  }
  return out.Finish();
}

template <typename T, typename Op>
Buffer NativeBits(const Column& left, const Column& right, int64_t rows, bool flip, Op op) {
  const T* a = Reader<T>(left).data();
  const T* b = Reader<T>(right).data();
  if (right.constant) {
    const T value = LoadLe<T>(reinterpret_cast<const uint8_t*>(b));
    return TestBits(rows, flip, [=](int64_t row) { return op(a[row], value); });
  }
  if (left.constant) {
    const T value = LoadLe<T>(reinterpret_cast<const uint8_t*>(a));
    return TestBits(rows, flip, [=](int64_t row) { return op(value, b[row]); });
  }
  return TestBits(rows, flip, [=](int64_t row) { return op(a[row], b[row]); });
}

/// Every comparison is = or <, with sides swapped or the result flipped: a <= b is not (b < a).
struct Plan {
  bool equal, swap, flip;
};
Plan PlanOf(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual: return {true, false, false};
    case Comparison::kNotEqual: return {true, false, true};
    case Comparison::kLess: return {false, false, false};
    case Comparison::kGreaterEqual: return {false, false, true};
    case Comparison::kGreater: return {false, true, false};
    case Comparison::kLessEqual: return {false, true, true};
  }
  return {};
}

Buffer TextBits(const Column& left, const Column& right, int64_t rows, const Plan& plan) {
  const Reader<std::string_view> a(left), b(right);
  const auto valid = [&](int64_t row) { return left.IsValid(row) && right.IsValid(row); };
  if (plan.equal) return TestBits(rows, plan.flip, [&](int64_t row) { return valid(row) && a[row] == b[row]; });
  return TestBits(rows, plan.flip, [&](int64_t row) { return valid(row) && a[row] < b[row]; });
}

Buffer OtherBits(const Column& left, const Column& right, int64_t rows, const Plan& plan) {
  return TestBits(rows, plan.flip, [&](int64_t row) {
    if (!left.IsValid(row) || !right.IsValid(row)) return false;
    const int order = CompareValues(*left.array, left.At(row), *right.array, right.At(row));
    return plan.equal ? order == 0 : order < 0;
  });
}

Buffer BoolBits(const Column& left, const Column& right, int64_t rows, const Plan& plan) {
  const Reader<bool> a(left), b(right);
  if (plan.equal) return TestBits(rows, plan.flip, [&](int64_t row) { return a[row] == b[row]; });
  return TestBits(rows, plan.flip, [&](int64_t row) { return !a[row] && b[row]; });
}

Buffer CompareBits(const Column& left, const Column& right, int64_t rows, const Plan& plan) {
  const TypeId id = left.type().id;
  if (IsNative(id)) {
    return VisitNative(id, [&](auto zero) {
      using T = decltype(zero);
      return plan.equal ? NativeBits<T>(left, right, rows, plan.flip, Equal<T>()) : NativeBits<T>(left, right, rows, plan.flip, Less<T>());
    });
  }
  if (IsText(id) || IsBytes(id)) return TextBits(left, right, rows, plan);
  if (id == TypeId::kBool) return BoolBits(left, right, rows, plan);
  if (id == TypeId::kNull) return FilledBits(rows, false);
  return OtherBits(left, right, rows, plan);
}

template <typename T>
int Order(const T& a, const T& b) { return Equal<T>()(a, b) ? 0 : Less<T>()(a, b) ? -1 : 1; }

int CompareItems(const Items& a, const Items& b) {
  for (int64_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const bool left = a.items->IsValid(a.first + i), right = b.items->IsValid(b.first + i);
    if (left != right) return left ? 1 : -1;
    const int order = left ? CompareValues(*a.items, a.first + i, *b.items, b.first + i) : 0;
    if (order != 0) return order;
  }
  return Order(a.size(), b.size());
}

int CompareStructs(const Array& a, int64_t i, const Array& b, int64_t j) {
  for (size_t child = 0; child < a.children.size(); ++child) {
    const Items left{a.children[child].get(), a.offset + i, a.offset + i + 1}, right{b.children[child].get(), b.offset + j, b.offset + j + 1};
    if (const int order = CompareItems(left, right)) return order;
  }
  return 0;
}

float HalfAt(const Array& array, int64_t i) { return HalfToFloat(array.buffers[0].as<uint16_t>()[array.offset + i]); }

/// The value that a key stands for. \throws Error(kInvalid) for a key past the end
Items DictionaryItem(const Array& array, int64_t i) {
  const int64_t key = DictionaryKey(array, i);
  if (uint64_t(key) >= uint64_t(array.dictionary->length)) throw Invalid("dictionary key {} of a dictionary of {} values", key, array.dictionary->length);
  return {array.dictionary.get(), key, key + 1};
}

/// A column of a borrowed array.
Column Borrow(const Array& array) { return {ArrayPtr(ArrayPtr(), &array), false}; }

}  // namespace

std::string_view ComparisonName(Comparison comparison) {
  constexpr std::string_view kNames[] = {"=", "<>", "<", "<=", ">", ">="};
  return kNames[int(comparison)];
}

Comparison Swapped(Comparison comparison) {
  switch (comparison) {
    case Comparison::kLess: return Comparison::kGreater;
    case Comparison::kLessEqual: return Comparison::kGreaterEqual;
    case Comparison::kGreater: return Comparison::kLess;
    case Comparison::kGreaterEqual: return Comparison::kLessEqual;
    default: return comparison;
  }
}

ArrayPtr CompareColumns(Comparison comparison, const Column& left, const Column& right, int64_t rows) {
  const Plan plan = PlanOf(comparison);
  const Column sides[] = {left, right};
  Buffer validity = IntersectValidity(sides, rows);
  return MakeBools(rows, plan.swap ? CompareBits(right, left, rows, plan) : CompareBits(left, right, rows, plan), std::move(validity));
}

Buffer DistinctBits(const Column& left, const Column& right, int64_t rows) {
  const Buffer differ = CompareBits(left, right, rows, PlanOf(Comparison::kNotEqual));
  const Buffer a = ValidityBits(left, rows), b = ValidityBits(right, rows);
  BufferBuilder out;
  for (size_t i = 0; i < BytesForBits(uint64_t(rows)); ++i) {
    out.AppendValue(uint8_t((a.data()[i] ^ b.data()[i]) | (a.data()[i] & b.data()[i] & differ.data()[i])));
  }
  return out.Finish();
}

int CompareValues(const Array& a, int64_t i, const Array& b, int64_t j) {
  const TypeId id = a.type->id;
  const Column left = Borrow(a), right = Borrow(b);
  if (IsNative(id)) {
    return VisitNative(id, [&](auto zero) { return Order(Reader<decltype(zero)>(left)[i], Reader<decltype(zero)>(right)[j]); });
  }
  if (IsText(id) || IsBytes(id)) return Reader<std::string_view>(left)[i].compare(Reader<std::string_view>(right)[j]);
  if (id == TypeId::kBool) return int(Reader<bool>(left)[i]) - int(Reader<bool>(right)[j]);
  if (IsList(id) || id == TypeId::kMap) return CompareItems(Reader<Items>(left)[i], Reader<Items>(right)[j]);
  if (id == TypeId::kStruct) return CompareStructs(a, i, b, j);
  if (id == TypeId::kDictionary) return CompareItems(DictionaryItem(a, i), DictionaryItem(b, j));
  if (id == TypeId::kHalfFloat) return Order(HalfAt(a, i), HalfAt(b, j));
  throw Unsupported("values of type {} are not compared", TypeToString(*a.type));
}

}  // namespace eider::expr
