#pragma once
/// \file
/// Training of an FSST symbol table.
///
/// The table grows in a few rounds over ever more of a sample: match it with the current symbols, count codes and neighbouring
/// pairs of codes, keep the symbols and concatenations that would cover the most bytes. Deterministic for given values.

#include <vector>

#include "eider/codec/fsst_symbols.h"

namespace eider::codec {

struct FsstTraining {
  FsstSymbols symbols;
  double ratio = 1;  ///< code bytes per byte of the sample
};

/// Trains on a sample spread over `values` (kVariable).
FsstTraining TrainFsst(const LeafValues& values);

}  // namespace eider::codec
