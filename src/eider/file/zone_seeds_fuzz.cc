// Any bytes either throw kCorrupt or kUnsupported, or are a seed whose zones cover the rows.
//
//     u8 type, u8 rows in hundreds, the seed
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/file/zone_seeds.h"
#include "eider/testing/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace eider;
  if (size < 2) return 0;
  const TypePtr types[] = {MakeType(TypeId::kUtf8), MakeType(TypeId::kLargeUtf8), MakeType(TypeId::kBinary), MakeType(TypeId::kInt64),
                           MakeType(TypeId::kDouble), MakeType(TypeId::kDate32), DecimalType(TypeId::kDecimal128, 12, 2),
                           DecimalType(TypeId::kDecimal256, 60, 0)};
  const uint64_t rows = 100 * uint64_t{data[1]};
  try {
    const file::Zones zones = file::ReadSeed({data + 2, size - 2}, types[data[0] % std::size(types)], rows);
    eider::testing::Require(zones.first_rows.size() == zones.statistics.size() + 1 && zones.first_rows.back() == rows);
    for (const page::PageStatistics& zone : zones.statistics) {
      eider::testing::Require(zone.min.has_value() == zone.max.has_value() && (!zone.min || zone.min->size() <= 32));
    }
  } catch (const Error& error) {
    eider::testing::Require(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUnsupported);
  }
  return 0;
}
