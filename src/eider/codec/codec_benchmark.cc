#include <benchmark/benchmark.h>

#include "eider/codec/compressor.h"
#include "eider/codec/fsst.h"
#include "eider/codec/fsst_encoder.h"
#include "eider/testing/leaf_samples.h"

namespace eider::codec {
namespace {

testing::LeafSample Strings() {
  return testing::VariableSample("", 4, 4000, 1, [](uint64_t i) { return 16 + i % 9; }, 4);
}

struct FsstPage {
  FsstPage() { CompressFsst(sample.Values(), page, &encoding); }
  testing::LeafSample sample = Strings();
  MiniBlockPage page;
  CompressiveEncoding encoding;
  ByteSpan chunk() const { return page.buffers[0].span().first(page.chunks[0].buffer_sizes[0]); }
};

void BM_FsstChunk(benchmark::State& state) {
  const FsstPage fsst;
  const auto decompressor = MakeMiniBlockDecompressor(fsst.encoding, fsst.sample.shape);
  const ByteSpan chunk = fsst.chunk();
  const uint32_t n = fsst.page.chunks[0].num_values;
  size_t bytes = 0;
  for (auto _ : state) {
    DecodedValues out(fsst.sample.shape);
    decompressor->AppendRange({&chunk, 1}, n, 0, n, out);
    bytes += out.data.size();
  }
  state.SetItemsProcessed(state.iterations() * n);
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(BM_FsstChunk);

void BM_FsstOneValue(benchmark::State& state) {
  const FsstPage fsst;
  const auto decompressor = MakeMiniBlockDecompressor(fsst.encoding, fsst.sample.shape);
  const ByteSpan chunk = fsst.chunk();
  const uint32_t n = fsst.page.chunks[0].num_values;
  DecodedValues out(fsst.sample.shape);
  uint32_t position = 0;
  for (auto _ : state) {
    out.data.Clear(), out.offsets.Clear();
    decompressor->AppendAt({&chunk, 1}, n, {&position, 1}, out);
    position = (position + 17) % n;
  }
}
BENCHMARK(BM_FsstOneValue);

void BM_FsstTrain(benchmark::State& state) {
  const testing::LeafSample sample = Strings();
  for (auto _ : state) benchmark::DoNotOptimize(FsstEncoder(sample.Values()).num_symbols());
}
BENCHMARK(BM_FsstTrain);

void BM_FsstEncode(benchmark::State& state) {
  const testing::LeafSample sample = Strings();
  const LeafValues values = sample.Values();
  const FsstEncoder encoder(values);
  BufferBuilder codes;
  for (auto _ : state) {
    codes.Clear();
    for (uint64_t i = 0; i < values.num_values; ++i) encoder.Encode(values.Value(i), codes);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * sample.data.size()));
}
BENCHMARK(BM_FsstEncode);

// One value by address, through the interface: what a sparse take pays per row.
void BM_TakeOneBitPacked(benchmark::State& state) {
  const testing::LeafSample sample = testing::FixedSample("", 64, 1024, [](uint64_t i) { return i * 7919 % 100000; });
  CompressiveEncoding encoding;
  const MiniBlockPage page = CompressMiniBlock(sample.Values(), {}, &encoding);
  const auto decompressor = MakeMiniBlockDecompressor(encoding, sample.shape);
  const ByteSpan chunk = page.buffers[0].span();
  DecodedValues out(sample.shape);
  uint32_t position = 0;
  for (auto _ : state) {
    out.data.Clear();
    decompressor->AppendAt({&chunk, 1}, 1024, {&position, 1}, out);
    position = (position + 97) % 1024;
  }
}
BENCHMARK(BM_TakeOneBitPacked);

}  // namespace
}  // namespace eider::codec
