#include <benchmark/benchmark.h>

#include "eider/codec/codec.h"
#include "eider/codec/compressor.h"
#include "eider/codec/fsst.h"
#include "eider/codec/fsst_encoder.h"
#include "eider/testing/leaf_samples.h"

namespace eider::codec {
namespace {

testing::LeafSample Strings() {
  return testing::VariableSample("", 4, 4000, 1, [](uint64_t i) { return 16 + i % 9; }, 4);
}

/// Nothing but chance: codes stand for one byte and a third.
testing::LeafSample Letters() {
  return testing::VariableSample("", 4, 4000, 1, [](uint64_t) { return 16; }, 26);
}

/// Sentences of words as they come in prose, some 60 bytes each.
testing::LeafSample Sentences() {
  static const std::string_view kWords[] = {"the ", "of ", "and ", "a ", "to ", "in ", "is ", "that ", "it ", "for ", "was ", "with ", "on ",
                                            "value ", "returns ", "column ", "array ", "number ", "reference ", "whether ", "function ",
                                            "default ", "raises ", "given ", "between ", "shape ", "input ", "x, ", "None. ", "If "};
  testing::LeafSample sample = testing::VariableSample("", 4, 0, 1, [](uint64_t) { return 0; });
  std::mt19937 random(7);
  for (sample.num_values = 0; sample.num_values < 4000; ++sample.num_values) {
    for (uint32_t k = 6 + random() % 12; k > 0; --k) {
      const std::string_view word = kWords[std::min(random() % 30, random() % 40)];
      sample.data.insert(sample.data.end(), word.begin(), word.end());
    }
    const auto end = static_cast<uint32_t>(sample.data.size());
    sample.offsets.insert(sample.offsets.end(), reinterpret_cast<const uint8_t*>(&end), reinterpret_cast<const uint8_t*>(&end) + 4);
  }
  return sample;
}

struct FsstPage {
  explicit FsstPage(testing::LeafSample values = Strings()) : sample(std::move(values)) {
    CompressFsst(sample.Values(), kVariableChunkTargetBytes, page, &encoding);
  }
  testing::LeafSample sample;
  MiniBlockPage page;
  CompressiveEncoding encoding;
  ByteSpan chunk() const { return page.buffers[0].span().first(page.chunks[0].buffer_sizes[0]); }
};

void BM_FsstChunk(benchmark::State& state) {
  const FsstPage fsst(state.range(0) == 0 ? Strings() : state.range(0) == 1 ? Sentences() : Letters());
  const auto decompressor = MakeMiniBlockDecompressor(fsst.encoding, fsst.sample.shape);
  const ByteSpan chunk = fsst.chunk();
  const uint32_t n = fsst.page.chunks[0].num_values;
  DecodedValues out(fsst.sample.shape);
  size_t bytes = 0;
  for (auto _ : state) {
    out.data.Clear(), out.offsets.Clear();
    decompressor->AppendRange({&chunk, 1}, n, 0, n, out);
    bytes += out.data.size();
  }
  state.SetItemsProcessed(state.iterations() * n);
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["code bytes a byte"] = static_cast<double>(chunk.size() - 4 * (n + 1)) / static_cast<double>(out.data.size());
}
BENCHMARK(BM_FsstChunk)->ArgName("four letters, sentences, 26 letters")->DenseRange(0, 2);

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
  const testing::LeafSample sample = state.range(0) == 0 ? Strings() : state.range(0) == 1 ? Sentences() : Letters();
  const LeafValues values = sample.Values();
  const FsstEncoder encoder(values);
  for (auto _ : state) benchmark::DoNotOptimize(encoder.EncodeAll(values).bytes.size());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * sample.data.size()));
}
BENCHMARK(BM_FsstEncode)->DenseRange(0, 2);

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
