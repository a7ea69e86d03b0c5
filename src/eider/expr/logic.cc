#include "eider/expr/logic.h"

#include <algorithm>

#include "eider/expr/compare.h"

namespace eider::expr {
namespace {

size_t NumBytes(int64_t rows) { return BytesForBits(uint64_t(rows)); }

}  // namespace

Column JunctionNode::Run(const Rows& rows, Live live) const {
  const size_t bytes = NumBytes(rows.count);
  BufferBuilder open = CopyLive(live, rows.count);  // rows that the next child decides on
  BufferBuilder nulls(bytes);                       // rows where a child was null
  nulls.AppendFill(bytes, 0);
  const uint8_t decided = is_and_ ? 0xFF : 0;  // the value that goes on, seen as bits to flip
  for (const NodePtr& child : children_) {
    if (!AnyBit(open, rows.count)) break;
    const Column column = child->Evaluate(rows, open.data());
    const Buffer values = ValueBits(column, rows.count), valid = ValidityBits(column, rows.count);
    for (size_t i = 0; i < bytes; ++i) {
      const uint8_t ends = uint8_t((values.data()[i] ^ decided) & valid.data()[i]);
      nulls.data()[i] |= uint8_t(open.data()[i] & ~valid.data()[i]);
      open.data()[i] &= uint8_t(~ends);
    }
  }
  // Open rows were not decided: null if any child was null, else true for AND and false for OR.
  BufferBuilder values, validity;
  for (size_t i = 0; i < bytes; ++i) {
    values.AppendValue(uint8_t(is_and_ ? open.data()[i] : ~open.data()[i]));
    validity.AppendValue(uint8_t(~(open.data()[i] & nulls.data()[i])));
  }
  return {MakeBools(rows.count, values.Finish(), validity.Finish()), false};
}

Kernel NotKernel() {
  return [](const Call& call) {
    const Buffer values = ValueBits(call.arguments[0], call.rows);
    BufferBuilder out;
    for (size_t i = 0; i < NumBytes(call.rows); ++i) out.AppendValue(uint8_t(~values.data()[i]));
    return MakeBools(call.rows, out.Finish(), IntersectValidity(call.arguments, call.rows));
  };
}

Kernel IsKernel(Truth truth, bool negated) {
  return [truth, negated](const Call& call) {
    const Buffer valid = ValidityBits(call.arguments[0], call.rows);
    const Buffer values = truth == Truth::kNull ? valid : ValueBits(call.arguments[0], call.rows);
    BufferBuilder out;
    for (size_t i = 0; i < NumBytes(call.rows); ++i) {
      const uint8_t v = values.data()[i], known = valid.data()[i];
      const uint8_t is = truth == Truth::kNull ? uint8_t(~known) : truth == Truth::kTrue ? uint8_t(known & v) : uint8_t(known & ~v);
      out.AppendValue(uint8_t(negated ? ~is : is));
    }
    return MakeBools(call.rows, out.Finish());
  };
}

Kernel DistinctKernel(bool negated) {
  return [negated](const Call& call) {
    const Buffer bits = DistinctBits(call.arguments[0], call.arguments[1], call.rows);
    BufferBuilder out;
    for (size_t i = 0; i < NumBytes(call.rows); ++i) out.AppendValue(uint8_t(negated ? ~bits.data()[i] : bits.data()[i]));
    return MakeBools(call.rows, out.Finish());
  };
}

}  // namespace eider::expr
