#pragma once
/// \file
/// The training loader: epochs of fixed-size batches, in row order or globally shuffled, read ahead by native threads.

#include <eider/export.h>
#include <eider/row_reader.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eider {

struct LoaderOptions {
  std::optional<std::vector<std::string>> columns;
  uint64_t batch_size = 0;
  bool shuffle = false;
  uint64_t seed = 0;
  uint64_t rank = 0, world_size = 1;   ///< this consumer's share: steps are dealt round-robin, equal counts for all ranks
  bool drop_last = false;
  std::optional<std::vector<uint64_t>> rows;  ///< positions of the live dataset to draw from; unset: all
  uint32_t prefetch = 4;               ///< batches read ahead
  uint64_t stride = 1;                 ///< Start(p) hands out batches p, p + stride, ...: each of `stride` workers starts at its own
};

struct LoaderStats {
  uint64_t batches = 0, rows = 0;
  uint64_t bytes_copied = 0;   ///< decoded bytes written into batch buffers; a view of the file costs 0
  uint64_t requests = 0, bytes_read = 0;
  uint64_t wait_ns = 0;        ///< time that Next() waited for a batch
};

/// Where an epoch stands; constant size. `position` is the next batch of this rank.
struct LoaderState {
  uint64_t version = 0, seed = 0, epoch = 0, position = 0;
};

class EIDER_EXPORT Loader {
 public:
  static std::unique_ptr<Loader> Create(RowReaderPtr dataset, const LoaderOptions& options);
  virtual ~Loader() = default;
  virtual const SchemaPtr& schema() const = 0;
  virtual uint64_t num_batches() const = 0;  ///< of one epoch, for this rank
  virtual void SetEpoch(uint64_t epoch) = 0; ///< takes effect at the next Start()
  /// Begins the epoch at `position` batches.
  virtual void Start(uint64_t position = 0) = 0;
  /// The same share of the same version through another handle: a forked worker opens its own. \throws Error(kInvalid) when
  /// the version or the number of rows differs.
  virtual std::unique_ptr<Loader> WithDataset(RowReaderPtr dataset, uint64_t stride) const = 0;
  /// The next batch, or nullopt at the end of the epoch. Batches come in order whatever the threads do.
  virtual std::optional<RecordBatch> Next() = 0;
  virtual LoaderState state() const = 0;
  virtual LoaderStats stats() const = 0;
  /// The dataset positions of batch `index` of this rank in the current epoch: of a shuffled batch in ascending order.
  virtual std::vector<uint64_t> BatchPositions(uint64_t index) const = 0;
  /// The subset, as it was given; nullopt when all rows are drawn from.
  virtual std::optional<std::vector<uint64_t>> rows() const = 0;
};

}  // namespace eider
