/// \file
/// eider::Error -> the classes of eider/error.py, one per kind.

#include "bind.h"

#include <eider/error.h>

namespace nb = nanobind;

namespace eider::python {
namespace {

const char* ClassName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kCorrupt:
      return "CorruptError";
    case ErrorKind::kUnsupported:
      return "UnsupportedError";
    case ErrorKind::kNotFound:
      return "NotFoundError";
    case ErrorKind::kAlreadyExists:
      return "AlreadyExistsError";
    case ErrorKind::kInvalid:
      return "InvalidError";
    case ErrorKind::kConflict:
      return "ConflictError";
    case ErrorKind::kRetryableConflict:
      return "RetryableConflictError";
    case ErrorKind::kCommitUnknown:
      return "CommitUnknownError";
    case ErrorKind::kIo:
      return "IoError";
    case ErrorKind::kCancelled:
      return "CancelledError";
    case ErrorKind::kOutOfBudget:
      return "OutOfBudgetError";
  }
  return "EiderError";
}

void SetPythonError(const Error& error) {
  PyObject* module = PyImport_ImportModule("eider.error");
  if (module == nullptr) return;  // the import error is set
  PyObject* type = PyObject_GetAttrString(module, ClassName(error.kind()));
  Py_DECREF(module);
  if (type == nullptr) return;
  // Messages may quote stored bytes, which need not be UTF-8.
  PyObject* text =
      PyUnicode_DecodeUTF8(error.what(), static_cast<Py_ssize_t>(std::string_view(error.what()).size()), "replace");
  if (text != nullptr) PyErr_SetObject(type, text);
  Py_XDECREF(text);
  Py_DECREF(type);
}

}  // namespace

void BindErrors(nb::module_&) {
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const Error& error) {
      SetPythonError(error);
    }
  });
}

}  // namespace eider::python
