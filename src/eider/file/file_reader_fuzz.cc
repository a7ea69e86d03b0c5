// Any bytes either throw kCorrupt (or name what they need), or open as a file whose rows can be read, described and taken, and
// whose arrays are safe to walk. Small inputs may not unfold into large answers: at most kMaxRows are asked for.
#include "eider/base/error.h"
#include "eider/file/file_reader.h"
#include "eider/io/store.h"
#include "eider/testing/fuzz_input.h"
#include "eider/testing/output_bound.h"
#include "eider/testing/walk_array.h"
#include "fuzz/input_bounds.h"

namespace {

constexpr uint64_t kMaxRows = 2'000;

void ReadEverything(const eider::file::FileReader& reader, uint64_t bytes) {
  const eider::FileMetadata metadata = reader.Metadata();
  DescribeFile(metadata, false);
  DescribeFile(metadata, true);
  for (uint32_t i = 0; i < std::min<uint32_t>(reader.num_global_buffers(), 8); ++i) reader.ReadGlobalBuffer(i);
  const auto columns = reader.AllColumns();
  for (const auto& column : columns) {
    if (!column.field.IsLeaf() || column.leaf_columns.empty()) continue;
    uint64_t row = 0;
    for (const auto& facts : reader.Facts(column.field, column.leaf_columns[0], {})) {
      eider::testing::Require(facts.first_row >= row && facts.num_rows <= reader.num_rows() - facts.first_row);
      row = facts.first_row + facts.num_rows;
    }
  }
  const uint64_t rows = std::min(reader.num_rows(), kMaxRows);
  for (const auto& column : columns) eider::fuzz::AllowOutput(3 * eider::testing::OutputBound(*ToArrowField(column.field).type, rows + 5, bytes));
  for (const auto& array : reader.ReadRange(columns, 0, rows, {})) {
    eider::testing::Require(static_cast<uint64_t>(array->length) == rows);
    eider::testing::WalkArray(*array);
  }
  if (reader.num_rows() == 0) return;
  const uint64_t last = reader.num_rows() - 1;
  const std::vector<uint64_t> picks = {last, 0, last / 2, last / 2, last / 3};
  for (const auto& array : reader.Take(columns, picks, {})) {
    eider::testing::Require(array->length == static_cast<int64_t>(picks.size()));
    eider::testing::WalkArray(*array);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const eider::io::ObjectStorePtr store = eider::io::MakeMemoryStore("fuzz");
  store->Put("f.lance", {data, size}, false);
  try {
    ReadEverything(*eider::file::FileReader::Open(store->Open("f.lance")), size);
  } catch (const eider::Error& error) {
    const eider::ErrorKind kind = error.kind();
    if (kind != eider::ErrorKind::kCorrupt && kind != eider::ErrorKind::kUnsupported && kind != eider::ErrorKind::kOutOfBudget) {
      std::fprintf(stderr, "%s\n", error.what());
      std::abort();
    }
  }
  return 0;
}
