/// \file
/// Blobs: their bytes, whole or in part. The file-like object is python/eider/blob.py.

#include "bind.h"
#include "rows.h"
#include "session.h"
#include "without_gil.h"

#include <eider/dataset.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstring>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

struct BlobHandle {
  BlobPtr blob;
};

nb::bytes ToBytes(const Buffer& bytes) { return nb::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }

nb::bytes Read(const BlobHandle& self, uint64_t offset, uint64_t length, nb::object stats) {
  const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
  return ToBytes(WithoutGil([&] { return self.blob->Read(offset, length, kept.get()); }));
}

/// Fills a writable buffer from `offset`; how many bytes there were.
uint64_t ReadInto(const BlobHandle& self, uint64_t offset, nb::object target) {
  Py_buffer view;
  if (PyObject_GetBuffer(target.ptr(), &view, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) != 0) throw nb::python_error();
  const auto release = [](Py_buffer* held) { PyBuffer_Release(held); };
  const std::unique_ptr<Py_buffer, decltype(release)> held(&view, release);
  return WithoutGil([&] {
    const uint64_t left = self.blob->size() - std::min(offset, self.blob->size());
    const uint64_t length = std::min<uint64_t>(left, static_cast<uint64_t>(view.len));
    if (length == 0) return uint64_t{0};
    const Buffer bytes = self.blob->Read(offset, length);
    std::memcpy(view.buf, bytes.data(), length);
    return length;
  });
}

nb::list TakeBlobs(const Dataset& self, const std::string& column, nb::object rows, RowNaming naming, nb::object stats) {
  const std::vector<uint64_t> wanted = RowsFrom(rows);
  const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
  std::vector<uint64_t> addresses;
  std::vector<BlobPtr> blobs = WithoutGil([&] { return self.TakeBlobs(column, wanted, naming, kept.get(), &addresses); });
  nb::list out;
  for (size_t i = 0; i < blobs.size(); ++i) {
    out.append(nb::make_tuple(addresses[i], blobs[i] ? nb::cast(BlobHandle{std::move(blobs[i])}) : nb::none()));
  }
  return out;
}

nb::list ReadBlobs(const Dataset& self, const std::string& column, nb::object rows, RowNaming naming, nb::object stats) {
  const std::vector<uint64_t> wanted = RowsFrom(rows);
  const std::shared_ptr<ScanStats> kept = StatsFrom(stats);
  nb::list out;
  for (const BlobBytes& blob : WithoutGil([&] { return self.ReadBlobs(column, wanted, naming, kept.get()); })) {
    out.append(nb::make_tuple(blob.address, blob.bytes ? nb::object(ToBytes(*blob.bytes)) : nb::none()));
  }
  return out;
}

}  // namespace

void BindBlob(nb::module_& m) {
  nb::enum_<RowNaming>(m, "RowNaming")
      .value("POSITION", RowNaming::kPosition)
      .value("ADDRESS", RowNaming::kAddress)
      .value("ID", RowNaming::kId);
  nb::class_<BlobHandle>(m, "Blob")
      .def_prop_ro("size", [](const BlobHandle& self) { return self.blob->size(); })
      .def_prop_ro("path", [](const BlobHandle& self) { return self.blob->path(); })
      .def_prop_ro("offset", [](const BlobHandle& self) { return self.blob->offset(); })
      .def("read", &Read, "offset"_a, "length"_a, "stats"_a.none() = nb::none())
      .def("read_into", &ReadInto, "offset"_a, "target"_a);
  m.def("take_blobs", &TakeBlobs, "dataset"_a, "column"_a, "rows"_a.none(), "naming"_a, "stats"_a.none() = nb::none());
  m.def("read_blobs", &ReadBlobs, "dataset"_a, "column"_a, "rows"_a.none(), "naming"_a, "stats"_a.none() = nb::none());
}

}  // namespace eider::python
