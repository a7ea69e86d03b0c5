// The linker wraps what replay_main.cc calls (input_bounds.h): the choice needs a translation unit of its own.
#include "fuzz/replay_targets.h"

#include <cstddef>
#include <cstdint>

#define EIDER_FUZZ_TARGET(name) extern "C" int FuzzTarget_##name(const uint8_t* data, size_t size);
#include "replay_targets.inc"
#undef EIDER_FUZZ_TARGET

namespace eider::fuzz {
namespace {

struct Target {
  std::string_view name;
  int (*run)(const uint8_t* data, size_t size);
};

constexpr Target kTargets[] = {
#define EIDER_FUZZ_TARGET(name) {#name, FuzzTarget_##name},
#include "replay_targets.inc"
#undef EIDER_FUZZ_TARGET
};

const Target* chosen = nullptr;

}  // namespace

bool ChooseTarget(std::string_view name) {
  for (const Target& target : kTargets) {
    if (target.name == name) chosen = &target;
  }
  return chosen != nullptr;
}

std::string TargetNames() {
  std::string names;
  for (const Target& target : kTargets) names.append(names.empty() ? "" : " ").append(target.name);
  return names;
}

}  // namespace eider::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { return eider::fuzz::chosen->run(data, size); }
