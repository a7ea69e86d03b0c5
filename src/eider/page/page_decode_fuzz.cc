// Any page layout over any buffers either throws an Error, or decodes to an array of exactly the rows asked for, twice alike:
// as a range and as a list of rows.
#include <cstdlib>

#include "eider/array/equal.h"
#include "eider/base/error.h"
#include "eider/page/field_plan.h"
#include "eider/page/page_decoder.h"

namespace {

using eider::ArrayPtr;
using eider::ByteRange;
using eider::ByteSpan;
using eider::LanceField;
using eider::page::FieldPlan;
using eider::page::LeafOutput;
using eider::page::RowSelection;

constexpr uint64_t kMaxRows = 4096;

LanceField Leaf(const char* name, const char* logical_type) { return {.name = name, .logical_type = logical_type}; }
LanceField Parent(const char* name, const char* logical_type, LanceField child) {
  LanceField field{.name = name, .logical_type = logical_type};
  field.children.push_back(std::move(child));
  return field;
}

/// One column with one leaf of each kind.
LanceField MakeField(uint8_t choice) {
  switch (choice % 10) {
    case 0: return Leaf("v", "int32");
    case 1: return Leaf("v", "string");
    case 2: return Leaf("v", "bool");
    case 3: return Leaf("v", "fixed_size_list:float:3");
    case 4: return Parent("l", "list", Leaf("item", "int64"));
    case 5: return Parent("l", "large_list", Leaf("item", "large_string"));
    case 6: return Parent("s", "struct", Parent("l", "list.struct", Parent("item", "struct", Leaf("x", "uint16"))));
    case 7: return Parent("l", "list", Parent("item", "list", Leaf("item", "binary")));
    case 8: return Leaf("v", "dict:string:int8:false");
    default: return Parent("f", "fixed_size_list:struct:2", Parent("item", "struct", Leaf("x", "decimal:128:10:2")));
  }
}

/// Cuts the input: u8 field, u8 version, u16 rows, u16 layout bytes, u8 buffers, u16 bytes of each, then the bytes.
struct Input {
  const uint8_t* data;
  size_t size;
  uint64_t Take(size_t n) {
    uint64_t v = 0;
    if (size < n) n = size;
    if (n > 0) std::memcpy(&v, data, n);
    data += n, size -= n;
    return v;
  }
  ByteSpan Bytes(uint64_t n) {
    if (n > size) n = size;
    const ByteSpan bytes(data, n);
    data += n, size -= n;
    return bytes;
  }
};

ArrayPtr Read(const eider::page::PageDecoder& page, const FieldPlan& plan, ByteSpan file, const RowSelection& selection) {
  const auto read = page.Read(selection);
  std::vector<ByteRange> wants;
  std::vector<std::vector<ByteSpan>> fed;
  for (int round = 0;; ++round) {
    wants.clear();
    read->Want(wants);
    if (wants.empty()) break;
    if (round == 3) std::abort();  // two dependent rounds at most, and state
    fed.emplace_back();
    for (const ByteRange& want : wants) fed.back().push_back(eider::CheckedSubspan(file, want.offset, want.length, "want"));
    read->Feed(fed.back());
  }
  LeafOutput out(plan.leaves[0]);
  read->Decode(out);
  LeafOutput* const outputs[] = {&out};
  return eider::page::AssembleField(plan, outputs, selection.count / plan.leaves[0]->rows_per_row);
}

void Run(Input input) {
  const FieldPlan plan = eider::page::PlanField(MakeField(static_cast<uint8_t>(input.Take(1))));
  eider::page::PageSource source;
  source.version_minor = input.Take(1) % 2 ? 1 : 2;
  source.num_rows = input.Take(2);
  const uint64_t layout_bytes = input.Take(2);
  uint64_t at = 0;
  for (uint64_t n = input.Take(1) % 6; n > 0; --n) {
    source.buffers.push_back({at, input.Take(2)});
    at += source.buffers.back().length;
  }
  const ByteSpan layout = input.Bytes(layout_bytes);
  source.layout = {reinterpret_cast<const char*>(layout.data()), layout.size()};
  if (at > input.size) return;
  const ByteSpan file(input.data, at);
  const auto page = eider::page::MakePageDecoder(source, plan.leaves[0]);
  uint64_t rows = std::min(source.num_rows, kMaxRows);
  rows -= rows % plan.leaves[0]->rows_per_row;
  const ArrayPtr range = Read(*page, plan, file, {.count = rows});
  std::vector<uint64_t> all(rows);
  for (uint64_t i = 0; i < rows; ++i) all[i] = i;
  const ArrayPtr taken = Read(*page, plan, file, {.count = rows, .rows = all.data()});
  if (!eider::ArraysEqual(*range, *taken)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Run({data, size});
  } catch (const eider::Error& error) {
    if (error.kind() != eider::ErrorKind::kCorrupt && error.kind() != eider::ErrorKind::kUnsupported &&
        error.kind() != eider::ErrorKind::kInvalid) {
      std::abort();
    }
  }
  return 0;
}
