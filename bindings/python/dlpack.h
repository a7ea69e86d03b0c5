#pragma once
/// \file
/// Memory of the engine as a torch tensor, by DLPack and without a copy.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <memory>
#include <span>

namespace eider::python {

/// torch's function that takes a DLPack capsule. Asked for once per batch: the module keeps no reference of its own.
nanobind::object TensorFactory();

/// A tensor over `data`, which `owner` keeps alive, with rows of values one after the other.
nanobind::object MakeTensor(nanobind::handle factory, const uint8_t* data, std::span<const size_t> shape,
                            nanobind::dlpack::dtype type, std::shared_ptr<const void> owner);

}  // namespace eider::python
