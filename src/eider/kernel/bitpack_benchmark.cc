#include "eider/kernel/bitpack.h"

#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "eider/kernel/levels.h"

namespace eider::kernel {
namespace {

std::vector<uint8_t> PackedBlock(uint32_t width) {
  std::mt19937 random(width);
  std::vector<uint8_t> packed(PackedBlockBytes(width));
  for (uint8_t& b : packed) b = static_cast<uint8_t>(random());
  return packed;
}

template <typename T>
void BM_Unpack(benchmark::State& state) {
  const auto width = static_cast<uint32_t>(state.range(0));
  const auto packed = PackedBlock(width);
  std::vector<T> out(kPackedBlockValues);
  for (auto _ : state) {
    UnpackBlock<T>(packed.data(), width, out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kPackedBlockValues * sizeof(T)));
}
BENCHMARK(BM_Unpack<uint16_t>)->Arg(1)->Arg(2);
BENCHMARK(BM_Unpack<uint32_t>)->Arg(7)->Arg(17)->Arg(31);
BENCHMARK(BM_Unpack<uint64_t>)->Arg(7)->Arg(33)->Arg(60);

template <typename T>
void BM_Pack(benchmark::State& state) {
  const auto width = static_cast<uint32_t>(state.range(0));
  std::vector<T> values(kPackedBlockValues, 5);
  std::vector<uint8_t> packed(PackedBlockBytes(width));
  for (auto _ : state) {
    PackBlock<T>(values.data(), width, packed.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_Pack<uint32_t>)->Arg(17);
BENCHMARK(BM_Pack<uint64_t>)->Arg(33);

template <typename T>
void BM_Extract(benchmark::State& state) {
  const auto width = static_cast<uint32_t>(state.range(0));
  const auto packed = PackedBlock(width);
  uint32_t index = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ExtractPacked<T>(packed.data(), width, index));
    index = (index + 97) % kPackedBlockValues;
  }
}
BENCHMARK(BM_Extract<uint16_t>)->Arg(1);
BENCHMARK(BM_Extract<uint32_t>)->Arg(17);
BENCHMARK(BM_Extract<uint64_t>)->Arg(33);

void BM_PackedLevelsEqual(benchmark::State& state) {
  const auto width = static_cast<uint32_t>(state.range(0));
  const auto packed = PackedBlock(width);
  uint64_t mask[16];
  for (auto _ : state) {
    PackedLevelsEqual(packed.data(), width, 0, mask);
    benchmark::DoNotOptimize(mask);
  }
}
BENCHMARK(BM_PackedLevelsEqual)->Arg(1)->Arg(2);

}  // namespace
}  // namespace eider::kernel
