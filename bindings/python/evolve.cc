/// \file
/// Methods of eider::Dataset that change columns and metadata.

#include "bind.h"
#include "capsules.h"
#include "without_gil.h"

#include <eider/dataset.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

/// Path, name, nullable, and a schema of one field whose type is the one to cast to; None each: as it is.
using Alteration = std::tuple<std::string, std::optional<std::string>, std::optional<bool>, nb::object>;
using Entries = std::map<std::string, std::optional<std::string>>;

DatasetPtr AlterColumns(Dataset& self, const std::vector<Alteration>& alterations, Durability durability) {
  std::vector<ColumnAlteration> columns;
  for (const auto& [path, name, nullable, type] : alterations) {
    columns.push_back({.path = path, .name = name, .nullable = nullable});
    if (!type.is_none()) columns.back().type = SchemaFrom(type)->fields.at(0).type;
  }
  return WithoutGil([&] { return self.AlterColumns(columns, durability); });
}

DatasetPtr UpdateConfig(Dataset& self, const std::optional<Entries>& config, const std::optional<Entries>& table_metadata,
                        const std::optional<Entries>& schema_metadata, const std::map<std::string, Entries>& field_metadata, bool replace,
                        Durability durability) {
  const auto update = [&](const std::optional<Entries>& entries) -> std::optional<MapUpdate> {
    if (!entries) return std::nullopt;
    return MapUpdate{.entries = *entries, .replace = replace};
  };
  ConfigUpdate all{.config = update(config), .table_metadata = update(table_metadata), .schema_metadata = update(schema_metadata)};
  for (const auto& [path, entries] : field_metadata) all.field_metadata[path] = {.entries = entries, .replace = replace};
  return WithoutGil([&] { return self.UpdateConfig(all, durability); });
}

}  // namespace

void DefineEvolution(nb::class_<Dataset>& dataset) {
  dataset.def("alter_columns", &AlterColumns, "alterations"_a, "durability"_a = Durability::kDefault)
      .def("update_config", &UpdateConfig, "config"_a.none() = nb::none(), "table_metadata"_a.none() = nb::none(),
           "schema_metadata"_a.none() = nb::none(), "field_metadata"_a = std::map<std::string, Entries>(), "replace"_a = false,
           "durability"_a = Durability::kDefault)
      .def("add_bases", [](Dataset& self, const std::vector<BasePath>& bases, const std::map<std::string, std::string>& properties, Durability durability) {
             return WithoutGil([&] { return self.AddBases(bases, properties, durability); });
           }, "bases"_a, "transaction_properties"_a, "durability"_a = Durability::kDefault);
}

}  // namespace eider::python
