#pragma once
/// \file
/// Who binds what: module.cc calls these in order.

#include <nanobind/nanobind.h>

namespace eider {
class Dataset;
}  // namespace eider

namespace eider::python {

void BindErrors(nanobind::module_& m);
void BindArrow(nanobind::module_& m);
void BindSchema(nanobind::module_& m);
void BindSession(nanobind::module_& m);
void BindDataset(nanobind::module_& m);
void BindRefs(nanobind::module_& m);
void BindBlob(nanobind::module_& m);
void BindFile(nanobind::module_& m);
void BindLoader(nanobind::module_& m);
void BindTransactions(nanobind::module_& m);
void BindCompaction(nanobind::module_& m);
void BindVerify(nanobind::module_& m);
void BindFileStore(nanobind::module_& m);

/// What BindDataset leaves to others: methods that change columns and metadata.
void DefineEvolution(nanobind::class_<Dataset>& dataset);
void DefineCompaction(nanobind::class_<Dataset>& dataset);
/// Methods for workers.
void DefineWork(nanobind::class_<Dataset>& dataset);

}  // namespace eider::python
