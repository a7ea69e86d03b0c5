/// \file
/// LanceSchema and LanceField: names, ids, logical types.

#include "bind.h"
#include "capsules.h"

#include <eider/schema.h>
#include <eider/transaction.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

nb::dict TextDict(const KeyValues& metadata) {
  nb::dict out;
  for (const auto& [key, value] : metadata) {
    PyObject* text = PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "replace");
    out[nb::str(key.data(), key.size())] = nb::steal(text);
  }
  return out;
}

void Describe(const LanceField& field, int depth, std::string* out) {
  out->append(static_cast<size_t>(depth) * 2, ' ');
  *out += field.name + ": " + field.logical_type + (field.nullable ? "" : " not null") + " (id " +
          std::to_string(field.id) + ")";
  for (const LanceField& child : field.children) {
    *out += "\n";
    Describe(child, depth + 1, out);
  }
}

std::string DescribeSchema(const LanceSchema& schema) {
  std::string out = "LanceSchema";
  for (const LanceField& field : schema.fields) {
    out += "\n";
    Describe(field, 1, &out);
  }
  return out;
}

nb::object FindField(const LanceSchema& schema, const std::string& path) {
  const LanceField* field = schema.FindPath(path);
  if (field == nullptr) return nb::none();
  return nb::cast(*field, nb::rv_policy::copy);
}

bool Same(const LanceSchema& a, const LanceSchema& b) { return a.metadata == b.metadata && FieldMessages(a) == FieldMessages(b); }

bool SameField(const LanceField& a, const LanceField& b) { return Same({.fields = {a}, .metadata = {}}, {.fields = {b}, .metadata = {}}); }

/// `same` of objects of one class; anything else is another.
template <typename T, typename F>
auto EqualBy(F same) {
  return [same](const T& self, nb::object other) { return nb::isinstance<T>(other) && same(self, nb::cast<const T&>(other)); };
}

}  // namespace

void BindSchema(nb::module_& m) {
  m.def("no_column", &NoColumn, "asked"_a, "names"_a);
  nb::class_<LanceField>(m, "LanceField")
      .def("name", [](const LanceField& self) { return self.name; })
      .def("id", [](const LanceField& self) { return self.id; })
      .def("children", [](const LanceField& self) { return self.children; })
      .def_prop_ro("parent_id", [](const LanceField& self) { return self.parent_id; })
      .def_prop_ro("logical_type", [](const LanceField& self) { return self.logical_type; })
      .def_prop_ro("nullable", [](const LanceField& self) { return self.nullable; })
      .def_prop_ro("metadata", [](const LanceField& self) { return TextDict(self.metadata); })
      .def("is_unenforced_primary_key", [](const LanceField& self) { return self.unenforced_primary_key; })
      .def("to_arrow",
           [](const LanceField& self) {
             return nb::module_::import_("pyarrow").attr("field")(FieldHandle{ToArrowField(self)});
           })
      .def("__arrow_c_schema__", [](const LanceField& self) { return FieldCapsule(ToArrowField(self)); })
      .def("__repr__", [](const LanceField& self) {
        std::string text = "LanceField ";
        Describe(self, 0, &text);
        return text;
      })
      .def("__eq__", EqualBy<LanceField>(&SameField), "other"_a.none())
      .def("__hash__", [](const LanceField& self) { return std::hash<std::string>()(self.name); });
  nb::class_<LanceSchema>(m, "LanceSchema")
      .def_static(
          "from_pyarrow", [](nb::object schema) { return ToLanceSchema(*SchemaFrom(schema)); }, "schema"_a)
      .def("fields", [](const LanceSchema& self) { return self.fields; })
      .def("field", &FindField, "name"_a)
      .def_prop_ro("metadata", [](const LanceSchema& self) { return TextDict(self.metadata); })
      .def_prop_ro("max_field_id", &LanceSchema::MaxId)
      .def("to_pyarrow",
           [](const LanceSchema& self) {
             return nb::module_::import_("pyarrow").attr("schema")(
                 SchemaHandle{std::make_shared<Schema>(ToArrowSchema(self))});
           })
      .def("__arrow_c_schema__", [](const LanceSchema& self) { return SchemaCapsule(ToArrowSchema(self)); })
      .def("__repr__", &DescribeSchema)
      .def("__eq__", EqualBy<LanceSchema>(&Same), "other"_a.none())
      .def("__hash__", [](const LanceSchema& self) { return std::hash<std::string>()(DescribeSchema(self)); });
}

}  // namespace eider::python
