/// \file
/// Runs a fuzz target without libFuzzer: every file of the given folders as it is, then seeded mutations of them.
///
///     fuzz_replay <target> [--mutations=N] [--seed=S] [--seconds=T] [--dump=FILE] <file or folder>...
///
/// N counts all mutations together, dealt round-robin over the inputs; the same arguments give the same bytes. A missing folder
/// is an empty one: a few built-in inputs are always tried. When the target dies, the bytes that killed it are left in
/// crash-<hash> in the working folder (or in FILE), ready to become a regression file.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/replay_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());
extern "C" __attribute__((weak)) void __lsan_do_leak_check();

// One request may not allocate more than this: hostile counts must be refused before memory is asked for.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
  return "max_allocation_size_mb=512:handle_abort=1:detect_leaks=1:allocator_may_return_null=0";
}

namespace {

using Input = std::vector<uint8_t>;
constexpr unsigned kSecondsPerInput = 20;  // a decoder that needs more hangs
constexpr size_t kMaxInputBytes = size_t{4} << 20;

const Input* current = nullptr;
std::string dump_path;

class XorShift {
 public:
  explicit XorShift(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 0x2545F4914F6CDD1Du) {}
  uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  /// Uniform enough in [0, bound); 0 when bound is 0.
  size_t Below(size_t bound) { return bound == 0 ? 0 : static_cast<size_t>(Next() % bound); }

 private:
  uint64_t state_;
};

void DumpCurrent() {
  if (current == nullptr) return;
  uint64_t hash = 1469598103934665603u;
  for (const uint8_t byte : *current) hash = (hash ^ byte) * 1099511628211u;
  char name[64];
  std::snprintf(name, sizeof(name), "crash-%016llx", static_cast<unsigned long long>(hash));
  const char* path = dump_path.empty() ? name : dump_path.c_str();
  if (FILE* out = std::fopen(path, "wb")) {
    std::fwrite(current->data(), 1, current->size(), out);
    std::fclose(out);
    std::fprintf(stderr, "fuzz replay: %zu killing bytes are in %s\n", current->size(), path);
  }
  current = nullptr;
}

void OnSignal(int signal_number) {
  std::fprintf(stderr, "fuzz replay: signal %d%s\n", signal_number, signal_number == SIGALRM ? " (the input hangs)" : "");
  DumpCurrent();
  _exit(99);
}

void Run(const Input& input) {
  // A copy of exactly this size on the heap, so that the sanitizer sees a read one byte past the end.
  const std::vector<uint8_t> exact(input.begin(), input.end());
  current = &input;
  alarm(kSecondsPerInput);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  alarm(0);
  current = nullptr;
}

uint64_t InterestingInteger(XorShift& random) {
  static constexpr uint64_t kValues[] = {0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 1024, 1025,
      4095, 4096, 4097, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000,
      0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFF8};
  return kValues[random.Below(std::size(kValues))];
}

/// Overwrites 1, 2, 4 or 8 bytes with an interesting integer or with the old one moved a little.
void TweakInteger(Input& input, XorShift& random) {
  const size_t width = size_t{1} << random.Below(4);
  if (input.size() < width) return;
  size_t at = random.Below(input.size() - width + 1);
  if (random.Below(2) == 0) at = at / width * width;
  uint64_t value = 0;
  std::memcpy(&value, input.data() + at, width);
  switch (random.Below(4)) {
    case 0: value = InterestingInteger(random); break;
    case 1: value += 1 + random.Below(16); break;
    case 2: value -= 1 + random.Below(16); break;
    default: value = random.Below(2) == 0 ? value << 1 : value >> 1;
  }
  std::memcpy(input.data() + at, &value, width);
}

/// Replaces, inserts or appends a stretch of another input.
void Splice(Input& input, const Input& other, XorShift& random) {
  if (other.empty()) return;
  const size_t from = random.Below(other.size());
  const size_t length = 1 + random.Below(std::min<size_t>(other.size() - from, 4096));
  const auto first = other.begin() + static_cast<ptrdiff_t>(from);
  const auto last = first + static_cast<ptrdiff_t>(length);
  const size_t at = random.Below(input.size() + 1);
  if (random.Below(2) == 0) {
    input.insert(input.begin() + static_cast<ptrdiff_t>(at), first, last);
  } else {
    const size_t room = std::min(length, input.size() - at);
    std::copy(first, first + static_cast<ptrdiff_t>(room), input.begin() + static_cast<ptrdiff_t>(at));
  }
}

void EraseStretch(Input& input, XorShift& random) {
  if (input.empty()) return;
  const size_t at = random.Below(input.size());
  const size_t length = 1 + random.Below(std::min<size_t>(input.size() - at, 64));
  input.erase(input.begin() + static_cast<ptrdiff_t>(at), input.begin() + static_cast<ptrdiff_t>(at + length));
}

void FillStretch(Input& input, XorShift& random) {
  if (input.empty()) return;
  const size_t at = random.Below(input.size());
  const size_t length = 1 + random.Below(std::min<size_t>(input.size() - at, 64));
  const uint8_t fill = random.Below(3) == 0 ? uint8_t{0xFF} : random.Below(2) == 0 ? uint8_t{0} : static_cast<uint8_t>(random.Next());
  std::fill_n(input.begin() + static_cast<ptrdiff_t>(at), length, fill);
}

void MutateOnce(Input& input, const std::vector<Input>& all, XorShift& random) {
  switch (random.Below(8)) {
    case 0:
      if (!input.empty()) input[random.Below(input.size())] ^= static_cast<uint8_t>(1u << random.Below(8));
      break;
    case 1:
      if (!input.empty()) input[random.Below(input.size())] = static_cast<uint8_t>(random.Next());
      break;
    case 2: input.resize(random.Below(input.size() + 1)); break;
    case 3: Splice(input, all[random.Below(all.size())], random); break;
    case 4: EraseStretch(input, random); break;
    case 5: FillStretch(input, random); break;
    default: TweakInteger(input, random);
  }
}

Input Mutate(const Input& seed, const std::vector<Input>& all, XorShift& random) {
  Input input = seed;
  const size_t steps = 1 + random.Below(random.Below(4) == 0 ? 12 : 3);
  for (size_t step = 0; step < steps; ++step) MutateOnce(input, all, random);
  if (input.size() > kMaxInputBytes) input.resize(kMaxInputBytes);
  return input;
}

Input ReadWhole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::vector<Input> BuiltIn() {
  std::vector<Input> inputs = {{}, {0}, {0xFF}, Input(64, 0), Input(64, 0xFF), Input(4096, 0)};
  XorShift random(7);
  for (const size_t size : {3, 17, 40, 200, 1024, 5000}) {
    Input input(size);
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(random.Next());
    inputs.push_back(std::move(input));
  }
  return inputs;
}

/// Files in sorted order: the order of a directory listing must not change a run.
std::vector<Input> Load(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::string& path : paths) {
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    } else if (std::filesystem::exists(path)) {
      files.emplace_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Input> inputs;
  for (const auto& file : files) inputs.push_back(ReadWhole(file));
  return inputs;
}

struct Arguments {
  uint64_t mutations = 1000;
  uint64_t seed = 1;
  uint64_t seconds = 0;  // 0: no limit
  std::vector<std::string> paths;
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&](const char* name) { return word.substr(std::strlen(name)); };
    if (word.starts_with("--mutations=")) arguments.mutations = std::stoull(value("--mutations="));
    else if (word.starts_with("--seed=")) arguments.seed = std::stoull(value("--seed="));
    else if (word.starts_with("--seconds=")) arguments.seconds = std::stoull(value("--seconds="));
    else if (word.starts_with("--dump=")) dump_path = value("--dump=");
    else arguments.paths.push_back(word);
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || !eider::fuzz::ChooseTarget(argv[1])) {
    std::fprintf(stderr, "usage: fuzz_replay <target> [options] <file or folder>...\ntargets: %s\n", eider::fuzz::TargetNames().c_str());
    return 2;
  }
  const Arguments arguments = Parse(argc, argv);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(DumpCurrent);
  } else {
    for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) signal(number, OnSignal);
  }
  signal(SIGALRM, OnSignal);

  std::vector<Input> inputs = Load(arguments.paths);
  const size_t from_files = inputs.size();
  for (Input& input : BuiltIn()) inputs.push_back(std::move(input));
  for (const Input& input : inputs) Run(input);

  const auto start = std::chrono::steady_clock::now();
  const auto expired = [&] {
    return arguments.seconds != 0 && std::chrono::steady_clock::now() - start >= std::chrono::seconds(arguments.seconds);
  };
  XorShift random(arguments.seed);
  // Real files are worth more than the built-in noise: mutate only them when there are any.
  const size_t bases = from_files != 0 ? from_files : inputs.size();
  uint64_t done = 0;
  for (; done < arguments.mutations && !expired(); ++done) Run(Mutate(inputs[done % bases], inputs, random));
  if (__lsan_do_leak_check != nullptr) __lsan_do_leak_check();
  std::printf("%zu files, %zu built-in inputs, %llu mutations (seed %llu): no crash\n", from_files, inputs.size() - from_files,
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(arguments.seed));
  return 0;
}
