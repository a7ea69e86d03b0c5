#include "bind.h"

NB_MODULE(_eider, m) {
  nanobind::set_leak_warnings(false);  // a dataset alive at interpreter exit is no leak
  m.attr("__version__") = EIDER_VERSION;
  eider::python::BindErrors(m);
  eider::python::BindArrow(m);
  eider::python::BindSchema(m);
  eider::python::BindSession(m);
  eider::python::BindBlob(m);
  eider::python::BindDataset(m);
  eider::python::BindRefs(m);
  eider::python::BindFile(m);
  eider::python::BindLoader(m);
  eider::python::BindTransactions(m);
  eider::python::BindVerify(m);
  eider::python::BindFileStore(m);
}
