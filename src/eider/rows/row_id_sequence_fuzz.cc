// Any bytes either throw kCorrupt, or parse to a sequence that survives a rewrite.
#include <cstdlib>

#include "eider/rows/row_id_sequence.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using eider::rows::RowIdSequence;
  try {
    const RowIdSequence sequence = RowIdSequence::Parse({data, size}, 1 << 16);
    const std::string bytes = sequence.Serialize();
    const RowIdSequence again = RowIdSequence::Parse(eider::SpanOf(bytes), 1 << 16);
    if (again.size() != sequence.size()) std::abort();
    for (uint64_t i = 0; i < sequence.size(); ++i) {
      if (again.at(i) != sequence.at(i)) std::abort();
    }
  } catch (const eider::Error& error) {
    if (error.kind() != eider::ErrorKind::kCorrupt) std::abort();
  }
  return 0;
}
