#include "eider/reduce/distinct_estimate.h"

#include <array>
#include <cmath>

namespace eider::reduce {
namespace {

double Sigma(double x) {
  if (x == 1) return INFINITY;
  double sum = x, term = 1, last;
  do {
    x *= x;
    last = sum;
    sum += x * term;
    term += term;
  } while (sum != last);
  return sum;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x, term = 1, last;
  do {
    x = std::sqrt(x);
    last = sum;
    term *= 0.5;
    sum -= (1 - x) * (1 - x) * term;
  } while (sum != last);
  return sum / 3;
}

}  // namespace

uint64_t DistinctEstimate::Count() const {
  std::array<double, kMostRun + 1> counts{};
  for (const uint8_t longest : registers_) ++counts[longest];
  const auto registers = static_cast<double>(registers_.size());
  double sum = registers * Tau(1 - counts[kMostRun] / registers);
  for (int run = kMostRun - 1; run >= 1; --run) sum = 0.5 * (sum + counts[static_cast<size_t>(run)]);
  sum += registers * Sigma(counts[0] / registers);
  return static_cast<uint64_t>(std::llround(registers * registers / (2 * std::log(2.0)) / sum));
}

}  // namespace eider::reduce
