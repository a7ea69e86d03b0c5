#include "eider/page/mini_block_state.h"

#include <limits>

namespace eider::page {
namespace {

constexpr uint64_t kMaxCount = std::numeric_limits<uint32_t>::max();

uint32_t Checked32(uint64_t n, const char* what) {
  if (n > kMaxCount) throw Unsupported("a mini-block page with {} {}", n, what);
  return static_cast<uint32_t>(n);
}

}  // namespace

void ParseChunkTable(ByteSpan table, bool large, uint64_t chunk_bytes, uint64_t num_items, MiniBlockState& state) {
  const size_t word_bytes = large ? 4 : 2;
  if (table.size() % word_bytes != 0) throw Corrupt("chunk table: {} bytes, words of {}", table.size(), word_bytes);
  const size_t num_chunks = table.size() / word_bytes;
  if (num_chunks == 0) throw Corrupt("chunk table: no chunks for {} items", num_items);
  Checked32(num_items, "items");
  Checked32(chunk_bytes / 8, "words");
  state.offsets.reserve(num_chunks + 1);
  state.offsets.push_back(0);
  std::vector<uint32_t> starts;
  starts.reserve(num_chunks + 1);
  starts.push_back(0);
  uint64_t words = 0, values = 0;
  for (size_t i = 0; i < num_chunks; ++i) {
    const uint32_t word = large ? LoadLe<uint32_t>(table.data() + 4 * i) : LoadLe<uint16_t>(table.data() + 2 * i);
    const uint32_t log = word & 15;
    uint64_t count = uint64_t{1} << log;
    if (i + 1 == num_chunks) {
      if (values > num_items || (log != 0 && values + count != num_items)) {
        throw Corrupt("chunk table: {} items in the page, {} before the last chunk, which has log {}", num_items, values, log);
      }
      count = num_items - values;
    }
    words += uint64_t{word >> 4} + 1;
    values += count;
    if (words * 8 > chunk_bytes || values > num_items) {
      throw Corrupt("chunk table: chunk {} ends at byte {} of {} and item {} of {}", i, words * 8, chunk_bytes, values, num_items);
    }
    state.offsets.push_back(static_cast<uint32_t>(words));
    starts.push_back(static_cast<uint32_t>(values));
  }
  if (words * 8 != chunk_bytes) throw Corrupt("chunk table: chunks cover {} bytes of {}", words * 8, chunk_bytes);
  state.values = RowIndex(std::move(starts));
}

void ParseRepetitionIndex(ByteSpan index, uint64_t num_rows, MiniBlockState& state) {
  const size_t num_chunks = state.num_chunks();
  if (index.size() != num_chunks * 16) {
    throw Corrupt("repetition index: {} bytes for {} chunks", index.size(), num_chunks);
  }
  Checked32(num_rows, "rows");
  std::vector<uint32_t> starts;
  starts.reserve(num_chunks + 1);
  state.unfinished.reserve(num_chunks);
  uint64_t ended = 0;
  bool carried = false;
  for (size_t i = 0; i < num_chunks; ++i) {
    starts.push_back(static_cast<uint32_t>(ended + (carried ? 1 : 0)));
    const uint64_t ends = LoadLe<uint64_t>(index.data() + 16 * i);
    const uint64_t left = LoadLe<uint64_t>(index.data() + 16 * i + 8);
    if (ends > num_rows - ended) {
      throw Corrupt("repetition index: chunk {} ends {} rows after {}, the page has {}", i, ends, ended, num_rows);
    }
    // A row that goes through the whole chunk ends no row here, but must be left open again.
    if (carried && ends == 0 && left == 0) throw Corrupt("repetition index: the row that enters chunk {} never ends", i);
    carried = left > 0;
    ended += ends;
    if (carried && ended >= num_rows) throw Corrupt("repetition index: chunk {} leaves a row open after the last", i);
    state.unfinished.push_back(carried);
  }
  if (ended != num_rows || carried) throw Corrupt("repetition index: {} rows end, the page has {}", ended, num_rows);
  starts.push_back(static_cast<uint32_t>(ended));
  state.rows = RowIndex(std::move(starts));
}

void ParseChunk(ByteSpan chunk, bool large, bool has_rep, bool has_def, ChunkView& view) {
  const size_t num_buffers = view.buffers.size();
  const uint64_t header = 2 + (has_rep ? 2 : 0) + (has_def ? 2 : 0) + num_buffers * (large ? 4 : 2);
  if (chunk.size() < header) throw Corrupt("chunk: {} bytes, its header needs {}", chunk.size(), header);
  const uint8_t* p = chunk.data();
  const auto next16 = [&p] { return LoadLe<uint16_t>((p += 2) - 2); };
  view.num_levels = next16();
  const uint64_t rep_bytes = has_rep ? next16() : 0;
  const uint64_t def_bytes = has_def ? next16() : 0;
  uint64_t at = AlignUp(header, 8);
  const auto take = [&](uint64_t size, const char* what) {
    const ByteSpan bytes = CheckedSubspan(chunk, at, size, what);
    at = AlignUp(at + size, 8);
    return bytes;
  };
  view.rep = take(rep_bytes, "chunk: repetition levels");
  view.def = take(def_bytes, "chunk: definition levels");
  for (size_t i = 0; i < num_buffers; ++i) {
    const uint64_t size = large ? LoadLe<uint32_t>(p + 4 * i) : LoadLe<uint16_t>(p + 2 * i);
    view.buffers[i] = take(size, "chunk: value buffer");
  }
}

}  // namespace eider::page
