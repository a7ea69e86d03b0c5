#pragma once
/// \file
/// Training of an FSST symbol table on a sample, and encoding with it; fsst.h draws the table and the codes.
///
/// The table grows in a few rounds: encode the sample with the current one, count codes and neighbouring pairs of codes, keep
/// the symbols and concatenations that would cover the most bytes. Deterministic for a given sample.

#include <string>
#include <unordered_map>
#include <vector>

#include "eider/codec/codec.h"

namespace eider::codec {

class FsstEncoder {
 public:
  /// Trains on a sample spread over `values` (kVariable).
  explicit FsstEncoder(const LeafValues& values);
  /// Appends the codes of `value` to `out`: at most 2 bytes a byte.
  void Encode(ByteSpan value, BufferBuilder& out) const;
  /// The 2312 bytes for the encoding message.
  std::string Table() const;
  size_t num_symbols() const { return symbols_.size(); }

 private:
  struct Symbol {
    uint64_t bytes = 0;  ///< little-endian, zero above its length
    uint8_t length = 0;
    bool operator==(const Symbol&) const = default;
  };
  struct Counts;
  class Candidates;

  static std::vector<ByteSpan> SampleOf(const LeafValues& values);
  void Train(const std::vector<ByteSpan>& sample);
  void CountSample(const std::vector<ByteSpan>& sample, Counts& counts) const;
  void Build(std::vector<Symbol> symbols);
  /// The code of the longest known symbol that `word` starts with (`available` bytes of it count), or kNoCode.
  uint32_t Find(uint64_t word, size_t available) const;
  /// What `code` stands for; codes from 256 are single bytes (escapes).
  Symbol SymbolOf(uint32_t code) const;

  static constexpr uint16_t kNoCode = 0xFFFF;
  static constexpr size_t kNumSlots = 4096;
  static size_t SlotOf(uint64_t word);

  std::vector<Symbol> symbols_;
  std::vector<uint16_t> by_two_bytes_;  ///< best symbol of 1 or 2 bytes for each pair of first bytes
  std::vector<uint16_t> by_byte_;       ///< symbol of 1 byte
  std::vector<uint16_t> slots_;         ///< symbols of 3 bytes and more by their first three
};

/// FSST around Variable; false, and nothing changed, when the codes are not smaller than the values by a tenth.
bool CompressFsst(const LeafValues& values, MiniBlockPage& page, CompressiveEncoding* encoding);
bool CompressFsstPerValue(const LeafValues& values, PerValuePage& page, CompressiveEncoding* encoding);

}  // namespace eider::codec
