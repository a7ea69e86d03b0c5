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

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  return text;
}

/// The same fields with names in small letters.
std::vector<LanceField> Lower(std::vector<LanceField> fields) {
  for (LanceField& field : fields) {
    field.name = Lower(std::move(field.name));
    field.children = Lower(std::move(field.children));
  }
  return fields;
}

/// Those that `wanted` is true of, at any depth.
template <typename F>
void Collect(const std::vector<LanceField>& fields, const F& wanted, std::vector<LanceField>* out) {
  for (const LanceField& field : fields) {
    if (wanted(field)) out->push_back(field);
    Collect(field.children, wanted, out);
  }
}

/// What the exact path leads to, or else the path in any case of letters.
nb::object FindFieldInAnyCase(const LanceSchema& schema, const std::string& path) {
  nb::object exact = FindField(schema, path);
  if (!exact.is_none()) return exact;
  const LanceSchema lower{.fields = Lower(schema.fields), .metadata = {}};
  const LanceField* found = lower.FindPath(Lower(path));
  if (found == nullptr) return nb::none();
  std::vector<LanceField> fields;
  Collect(schema.fields, [&](const LanceField& field) { return field.id == found->id; }, &fields);
  return nb::cast(fields.front());
}

std::vector<LanceField> PrimaryKey(const LanceSchema& schema) {
  std::vector<LanceField> key;
  Collect(schema.fields, [](const LanceField& field) { return field.unenforced_primary_key; }, &key);
  std::ranges::stable_sort(key, {}, &LanceField::unenforced_primary_key_position);
  return key;
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
      .def("field_case_insensitive", &FindFieldInAnyCase, "name"_a)
      .def("unenforced_primary_key", &PrimaryKey)
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
