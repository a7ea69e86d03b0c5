/// \file
/// eider::Loader. The typed, documented API is python/eider/torch.py; this is what it calls.

#include "bind.h"
#include "capsules.h"
#include "rows.h"
#include "tensors.h"
#include "without_gil.h"

#include <eider/dataset.h>
#include <eider/error.h>
#include <eider/loader.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

using Names = std::optional<std::vector<std::string>>;
using Shapes = std::map<std::string, std::vector<int64_t>>;

struct LoaderHandle {
  std::unique_ptr<Loader> loader;
  TensorOptions tensors;
  uint64_t bytes_copied = 0;  ///< by the conversion to tensors
  bool busy = false;          ///< a thread reads; guarded by the GIL
};

/// A second thread gets an error and not a data race.
class BusyLoader {
 public:
  explicit BusyLoader(LoaderHandle& handle) : handle_(handle) {
    if (handle.busy) throw Error(ErrorKind::kInvalid, "loader: used by two threads at once; make a Loader for each");
    handle.busy = true;
  }
  ~BusyLoader() { handle_.busy = false; }
  BusyLoader(const BusyLoader&) = delete;
  BusyLoader& operator=(const BusyLoader&) = delete;

 private:
  LoaderHandle& handle_;
};

LoaderHandle MakeLoader(DatasetPtr dataset, const Names& columns, uint64_t batch_size, bool shuffle, uint64_t seed, uint64_t rank,
                        uint64_t world_size, bool drop_last, nb::object rows, uint32_t prefetch, const std::string& nulls) {
  if (nulls != "error" && nulls != "mask") throw Error(ErrorKind::kInvalid, "loader: nulls='" + nulls + "', not 'error' or 'mask'");
  LoaderOptions options{.columns = columns,
                        .batch_size = batch_size,
                        .shuffle = shuffle,
                        .seed = seed,
                        .rank = rank,
                        .world_size = world_size,
                        .drop_last = drop_last,
                        .prefetch = prefetch};
  if (!rows.is_none()) options.rows = RowsFrom(rows);
  LoaderHandle handle;
  handle.tensors.nulls = nulls == "mask" ? NullPolicy::kMask : NullPolicy::kError;
  handle.loader = WithoutGil([&] { return Loader::Create(std::move(dataset), options); });
  CheckTensorTypes(*handle.loader->schema());
  return handle;
}

LoaderHandle WithDataset(const LoaderHandle& self, DatasetPtr dataset, uint64_t stride) {
  LoaderHandle handle;
  handle.tensors = self.tensors;
  handle.loader = WithoutGil([&] { return self.loader->WithDataset(std::move(dataset), stride); });
  return handle;
}

/// A row shape must hold as many values as the column's fixed-size list.
void SetShapes(LoaderHandle& self, const Shapes& shapes) {
  for (const auto& [name, shape] : shapes) {
    const int index = self.loader->schema()->FieldIndex(name);
    if (index < 0) throw Error(ErrorKind::kInvalid, "loader: no column '" + name + "' to give a shape");
    const DataType* type = self.loader->schema()->fields[size_t(index)].type.get();
    int64_t values = 1, product = 1;
    for (; type->id == TypeId::kFixedSizeList; type = type->children[0].type.get()) values *= type->list_size;
    for (const int64_t size : shape) {
      if (size < 0 || __builtin_mul_overflow(product, size, &product)) product = -1;
      if (product < 0) break;
    }
    if (product != values) {
      std::string text;
      for (const int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
      throw Error(ErrorKind::kInvalid, "loader: column '" + name + "' has " + std::to_string(values) +
                                           " values a row, which its shape [" + text + "] does not hold");
    }
  }
  self.tensors.shapes = shapes;
}

void Start(LoaderHandle& self, uint64_t position) {
  const BusyLoader busy(self);
  WithoutGil([&] { self.loader->Start(position); });
}

nb::object Next(LoaderHandle& self) {
  const BusyLoader busy(self);
  const std::optional<RecordBatch> batch = WithoutGil([&] { return self.loader->Next(); });
  if (!batch) return nb::none();
  return ToTensors(*batch, self.tensors, &self.bytes_copied);
}

/// [(column, metadata)], where extension types are told.
nb::list FieldMetadata(const LoaderHandle& self) {
  nb::list out;
  for (const Field& field : self.loader->schema()->fields) {
    nb::dict metadata;
    for (const auto& [key, value] : field.metadata) metadata[nb::str(key.data(), key.size())] = nb::bytes(value.data(), value.size());
    out.append(nb::make_tuple(field.name, metadata));
  }
  return out;
}

nb::dict State(const LoaderHandle& self) {
  const LoaderState state = self.loader->state();
  nb::dict out;
  out["version"] = state.version;
  out["seed"] = state.seed;
  out["epoch"] = state.epoch;
  out["position"] = state.position;
  return out;
}

nb::dict Stats(const LoaderHandle& self) {
  const LoaderStats stats = self.loader->stats();
  nb::dict out;
  out["batches"] = stats.batches;
  out["rows"] = stats.rows;
  out["bytes_copied"] = stats.bytes_copied + self.bytes_copied;
  out["requests"] = stats.requests;
  out["bytes_read"] = stats.bytes_read;
  out["wait_ns"] = stats.wait_ns;
  return out;
}

}  // namespace

void BindLoader(nb::module_& m) {
  m.def("make_loader", &MakeLoader, "dataset"_a, "columns"_a.none(), "batch_size"_a, "shuffle"_a, "seed"_a, "rank"_a, "world_size"_a,
        "drop_last"_a, "rows"_a.none(), "prefetch"_a, "nulls"_a);
  nb::class_<LoaderHandle>(m, "Loader")
      .def_prop_ro("schema", [](const LoaderHandle& self) { return SchemaHandle{self.loader->schema()}; })
      .def_prop_ro("field_metadata", &FieldMetadata)
      .def_prop_ro("num_batches", [](const LoaderHandle& self) { return self.loader->num_batches(); })
      .def("set_shapes", &SetShapes, "shapes"_a)
      .def("with_dataset", &WithDataset, "dataset"_a, "stride"_a)
      .def("set_epoch", [](LoaderHandle& self, uint64_t epoch) { self.loader->SetEpoch(epoch); }, "epoch"_a)
      .def("start", &Start, "position"_a)
      .def("next", &Next)
      .def("state", &State)
      .def("stats", &Stats)
      .def("batch_positions", [](const LoaderHandle& self, uint64_t index) { return self.loader->BatchPositions(index); }, "index"_a)
      .def("rows", [](const LoaderHandle& self) { return self.loader->rows(); });
}

}  // namespace eider::python
