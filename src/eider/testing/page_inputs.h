#pragma once
/// \file
/// What the fuzz targets of pages share: any page layout over any buffers either throws an Error, or decodes to an array of exactly
/// the rows asked for, twice alike: as a range and as a list of rows.
///
///     | u8 field | u8 version | u16 rows | u16 layout bytes | u8 buffers | u16 bytes of each | layout | buffers |

#include "eider/array/equal.h"
#include "eider/base/error.h"
#include "eider/page/field_plan.h"
#include "eider/page/page_decoder.h"
#include "eider/schema/blob_columns.h"
#include "eider/testing/fuzz_input.h"
#include "eider/testing/output_bound.h"
#include "fuzz/input_bounds.h"

namespace eider::testing {

using page::FieldPlan;

constexpr uint64_t kMaxPageRows = 4096;
constexpr uint8_t kNumFields = 20;

inline LanceField Leaf(const char* name, const char* logical_type) { return {.name = name, .logical_type = logical_type}; }
inline LanceField Parent(const char* name, const char* logical_type, LanceField child) {
  LanceField field{.name = name, .logical_type = logical_type};
  field.children.push_back(std::move(child));
  return field;
}

/// A packed struct: one leaf of several fields.
inline LanceField Packed(std::vector<LanceField> children) {
  return {.name = "p", .logical_type = "struct", .metadata = {{"lance-encoding:packed", "true"}}, .children = std::move(children)};
}

/// One column with one leaf of each kind.
inline LanceField MakeField(uint8_t choice) {
  switch (choice % kNumFields) {
    case 0: return Leaf("v", "int32");
    case 1: return Leaf("v", "string");
    case 2: return Leaf("v", "bool");
    case 3: return Leaf("v", "fixed_size_list:float:3");
    case 4: return Parent("l", "list", Leaf("item", "int64"));
    case 5: return Parent("l", "large_list", Leaf("item", "large_string"));
    case 6: return Parent("s", "struct", Parent("l", "list.struct", Parent("item", "struct", Leaf("x", "uint16"))));
    case 7: return Parent("l", "list", Parent("item", "list", Leaf("item", "binary")));
    case 8: return Leaf("v", "dict:string:int8:false");
    case 9: return Parent("f", "fixed_size_list:struct:2", Parent("item", "struct", Leaf("x", "decimal:128:10:2")));
    case 10: return Leaf("v", "fixed_size_list:bool:5");
    case 11: return Leaf("v", "fixed_size_list:fixed_size_list:int16:2:3");
    case 12: return Leaf("v", "null");
    case 13: return Leaf("v", "uint8");
    case 14: return Leaf("v", "large_binary");
    case 15: return Parent("l", "list", Parent("item", "list", Parent("item", "list", Leaf("item", "double"))));
    case 16: return Packed({Leaf("x", "int32"), Leaf("y", "double"), Leaf("z", "fixed_size_list:uint8:3")});
    case 17: return Packed({Leaf("x", "uint16"), Leaf("s", "string"), Leaf("b", "large_binary")});
    case 18: return Parent("l", "list", Packed({Leaf("x", "int8"), Leaf("y", "int64")}));
    default: return DescribeBlobs({.name = "b", .logical_type = "large_binary", .metadata = {{"lance-encoding:blob", "true"}}});
  }
}

/// Made once: an input should cost what its bytes cost.
inline const FieldPlan& PlanOf(uint8_t choice) {
  static std::unique_ptr<FieldPlan> plans[kNumFields];
  auto& plan = plans[choice % kNumFields];
  if (plan == nullptr) plan = std::make_unique<FieldPlan>(page::PlanField(MakeField(choice)));
  return *plan;
}

inline ArrayPtr Read(const page::PageDecoder& page, const FieldPlan& plan, ByteSpan file, const page::RowSelection& selection) {
  const auto read = page.Read(selection);
  std::vector<ByteRange> wants;
  std::vector<std::vector<ByteSpan>> fed;
  for (int round = 0;; ++round) {
    wants.clear();
    read->Want(wants);
    if (wants.empty()) break;
    if (round == 3) std::abort();  // two dependent rounds at most, and state
    fed.emplace_back();
    for (const ByteRange& want : wants) fed.back().push_back(CheckedSubspan(file, want.offset, want.length, "want"));
    read->Feed(fed.back());
  }
  page::LeafOutput out(plan.leaves[0]);
  read->Decode(out);
  page::LeafOutput* const outputs[] = {&out};
  return page::AssembleField(plan, outputs, selection.count / plan.leaves[0]->rows_per_row);
}

inline void RunPage(Input input, std::string (*layout_of)(ByteSpan)) {
  const FieldPlan& plan = PlanOf(input.Byte());
  const page::LeafSpec& leaf = *plan.leaves[0];
  page::PageSource source;
  source.version_minor = input.Byte() % 2 ? 1 : 2;
  source.num_rows = input.U16();
  const uint32_t layout_bytes = input.U16();
  uint64_t at = 0;
  for (int n = input.Byte() % 6; n > 0; --n) {
    source.buffers.push_back({at, input.U16()});
    at += source.buffers.back().length;
  }
  const std::string layout = layout_of(input.Take(layout_bytes));
  source.layout = layout;
  const ByteSpan file = input.Take(at);
  if (file.size() < at) return;
  const auto page = page::MakePageDecoder(source, plan.leaves[0]);
  uint64_t rows = std::min(source.num_rows, kMaxPageRows);
  rows -= rows % leaf.rows_per_row;
  // Two arrays, each with its levels.
  fuzz::AllowOutput(4 * OutputBound(*plan.root.type, rows, at + layout.size()));
  const ArrayPtr range = Read(*page, plan, file, {.count = rows});
  std::vector<uint64_t> all(rows);
  for (uint64_t i = 0; i < rows; ++i) all[i] = i;
  const ArrayPtr taken = Read(*page, plan, file, {.count = rows, .rows = all.data()});
  Require(ArraysEqual(*range, *taken));
}

inline int RunPageInput(ByteSpan bytes, std::string (*layout_of)(ByteSpan)) {
  try {
    RunPage(Input(bytes), layout_of);
  } catch (const Error& error) {
    const ErrorKind kind = error.kind();
    Require(kind == ErrorKind::kCorrupt || kind == ErrorKind::kUnsupported || kind == ErrorKind::kInvalid);
  }
  return 0;
}

/// A message as field `number` of a PageLayout.
inline std::string LayoutOfKind(int number, ByteSpan message) {
  std::string layout{static_cast<char>(number << 3 | 2)};
  for (size_t left = message.size();; left >>= 7) {
    layout += static_cast<char>((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
    if (left <= 0x7F) break;
  }
  return layout.append(message.begin(), message.end());
}

}  // namespace eider::testing
