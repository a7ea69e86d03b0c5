#include "dlpack.h"

#include <algorithm>
#include <array>

namespace nb = nanobind;

namespace eider::python {
namespace {

constexpr const char* kCapsuleName = "dltensor";
constexpr size_t kMaxDimensions = 64;  // torch has no more
constexpr int32_t kCpu = 1;

/// DLManagedTensor of DLPack 0.x, which every version of torch takes: the consumer calls `deleter` when it is done.
struct ManagedTensor {
  nb::dlpack::dltensor tensor;
  void* context = nullptr;
  void (*deleter)(ManagedTensor*) = nullptr;
};

/// One block: the tensor, its sizes and the owner of its memory.
template <size_t kDimensions>
struct Exported {
  ManagedTensor managed;
  std::array<int64_t, kDimensions> shape, strides;
  std::shared_ptr<const void> owner;
};

/// A capsule that nobody consumed still owns its tensor; one that was consumed has another name.
void DropCapsule(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, kCapsuleName)) return;
  auto* managed = static_cast<ManagedTensor*>(PyCapsule_GetPointer(capsule, kCapsuleName));
  managed->deleter(managed);
}

template <size_t kDimensions>
ManagedTensor* Export(const uint8_t* data, std::span<const size_t> shape, nb::dlpack::dtype type, std::shared_ptr<const void> owner) {
  auto* exported = new Exported<kDimensions>;
  exported->owner = std::move(owner);
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    exported->shape[i] = int64_t(shape[i]);
    exported->strides[i] = stride;
    stride *= std::max<int64_t>(exported->shape[i], 1);
  }
  nb::dlpack::dltensor& tensor = exported->managed.tensor;
  tensor.data = const_cast<uint8_t*>(data);
  tensor.device = {kCpu, 0};
  tensor.ndim = int32_t(shape.size());
  tensor.dtype = type;
  tensor.shape = exported->shape.data();
  tensor.strides = exported->strides.data();
  exported->managed.context = exported;
  exported->managed.deleter = [](ManagedTensor* managed) { delete static_cast<Exported<kDimensions>*>(managed->context); };
  return &exported->managed;
}

}  // namespace

nb::object TensorFactory() {
  const nb::module_ torch = nb::module_::import_("torch._C");
  // What torch.utils.dlpack.from_dlpack calls in the end, without its questions to the producer.
  if (nb::hasattr(torch, "_from_dlpack")) return torch.attr("_from_dlpack");
  return nb::module_::import_("torch.utils.dlpack").attr("from_dlpack");
}

nb::object MakeTensor(nb::handle factory, const uint8_t* data, std::span<const size_t> shape, nb::dlpack::dtype type,
                      std::shared_ptr<const void> owner) {
  if (shape.size() > kMaxDimensions) throw nb::value_error("a tensor of more than 64 dimensions");
  ManagedTensor* managed = shape.size() <= 4 ? Export<4>(data, shape, type, std::move(owner))
                                             : Export<kMaxDimensions>(data, shape, type, std::move(owner));
  PyObject* capsule = PyCapsule_New(managed, kCapsuleName, &DropCapsule);
  if (!capsule) {
    managed->deleter(managed);
    throw nb::python_error();
  }
  return factory(nb::steal(capsule));
}

}  // namespace eider::python
