/// \file
/// eider::VerifyTable. The typed, documented API is python/eider/verify.py; this is what it calls.

#include "bind.h"
#include "session.h"
#include "without_gil.h"

#include <eider/verify.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {

void BindVerify(nb::module_& m) {
  nb::class_<Finding>(m, "Finding")
      .def_prop_ro("kind", [](const Finding& self) { return FindingKindName(self.kind); })
      .def_ro("is_damage", &Finding::is_damage)
      .def_ro("path", &Finding::path)
      .def_ro("version", &Finding::version)
      .def_ro("column", &Finding::column)
      .def_ro("page", &Finding::page)
      .def_ro("message", &Finding::message);
  nb::class_<RepairStep>(m, "RepairStep")
      .def_ro("path", &RepairStep::path)
      .def_ro("new_path", &RepairStep::new_path)
      .def_ro("size_bytes", &RepairStep::size_bytes)
      .def_ro("is_done", &RepairStep::is_done);
  nb::class_<VerifyReport>(m, "VerifyReport")
      .def_ro("findings", &VerifyReport::findings)
      .def_ro("num_damages", &VerifyReport::num_damages)
      .def_ro("num_versions", &VerifyReport::num_versions)
      .def_ro("num_fragments", &VerifyReport::num_fragments)
      .def_ro("num_files", &VerifyReport::num_files)
      .def_ro("num_pages", &VerifyReport::num_pages)
      .def_ro("num_blobs", &VerifyReport::num_blobs)
      .def_ro("num_unchecked_files", &VerifyReport::num_unchecked_files)
      .def_ro("num_unchecked_manifests", &VerifyReport::num_unchecked_manifests)
      .def_ro("num_unchecked_deletions", &VerifyReport::num_unchecked_deletions)
      .def_ro("bytes_read", &VerifyReport::bytes_read)
      .def_ro("num_orphans", &VerifyReport::num_orphans)
      .def_ro("orphan_bytes", &VerifyReport::orphan_bytes)
      .def_ro("repairs", &VerifyReport::repairs);
  nb::enum_<Repair>(m, "Repair").value("NONE", Repair::kNone).value("PLAN", Repair::kPlan).value("DO", Repair::kDo);
  m.def(
      "verify_table",
      [](const std::string& uri, bool all_versions, bool read_data, Repair repair, bool force, nb::object session) {
        VerifyOptions options{.all_versions = all_versions, .read_data = read_data, .repair = repair, .session = SessionFrom(session)};
        if (force) options.torn_age = std::chrono::nanoseconds::min();
        return WithoutGil([&] { return VerifyTable(uri, options); });
      },
      "uri"_a, "all_versions"_a, "read_data"_a, "repair"_a, "force"_a, "session"_a.none());
  m.def(
      "verify_version",
      [](const std::string& uri, uint64_t version, nb::object session) {
        const std::shared_ptr<Session> kept = SessionFrom(session);
        return WithoutGil([&] { return VerifyVersion(uri, version, kept); });
      },
      "uri"_a, "version"_a, "session"_a.none());
}

}  // namespace eider::python
