#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "eider/kernel/bitpack.h"
#include "eider/kernel/levels.h"

namespace eider::kernel {
namespace {

std::vector<uint16_t> Levels(uint16_t max) {
  std::mt19937 random(1);
  std::vector<uint16_t> levels(1024);
  for (uint16_t& level : levels) level = static_cast<uint16_t>(random() % (max + 1u));
  return levels;
}

void BM_LevelsEqual(benchmark::State& state) {
  const auto levels = Levels(3);
  uint64_t mask[16];
  for (auto _ : state) {
    LevelsEqual(levels, 1, mask);
    benchmark::DoNotOptimize(mask);
  }
  state.SetItemsProcessed(state.iterations() * 1024);
}
BENCHMARK(BM_LevelsEqual);

// Mask and ranks of a bit-packed block: what a sparse take of a list asks of each chunk.
void BM_RankPackedLevels(benchmark::State& state) {
  const auto width = static_cast<uint32_t>(state.range(0));
  const auto levels = Levels(static_cast<uint16_t>((1u << width) - 1));
  std::vector<uint8_t> packed(PackedBlockBytes(width));
  PackBlock<uint16_t>(levels.data(), width, packed.data());
  uint64_t mask[16];
  uint32_t before[17];
  for (auto _ : state) {
    PackedLevelsEqual(packed.data(), width, 1, mask);
    RankMask(mask, 16, before);
    benchmark::DoNotOptimize(before);
  }
  state.SetItemsProcessed(state.iterations() * 1024);
}
BENCHMARK(BM_RankPackedLevels)->Arg(1)->Arg(3);

}  // namespace
}  // namespace eider::kernel
