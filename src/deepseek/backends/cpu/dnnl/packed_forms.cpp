#include "deepseek/backends/cpu/dnnl/packed_forms.h"

#include "deepseek/runtime/parallel.h"

namespace deepseek::library {

Reorder::Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to) : from_(from), to_(to) {
  if (from == to) return;
  bind_library_threads();
  primitive_ = dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
}

void Reorder::run(const void* from, void* to) const {
  bind_library_threads();
  dnnl::memory source(from_, engine(), const_cast<void*>(from)), target(to_, engine(), to);
  primitive_.execute(stream(), source, target);
}

const void* Reorder::packed(const void* from, Storage* storage, void* scratch) const {
  if (!needed()) return from;
  if (!storage) {
    run(from, scratch);
    return scratch;
  }
  if (!storage->companion) storage->companion = std::make_shared<PackedForms>();
  PackedForms& kept = *static_cast<PackedForms*>(storage->companion.get());
  const int64_t offset = static_cast<const std::byte*>(from) - storage->data();
  for (const PackedForms::Form& f : kept.forms) {
    if (f.offset == offset && f.from == from_ && f.to == to_) return f.bytes->data();
  }
  StorageRef bytes = Storage::allocate(this->bytes());
  run(from, bytes->data());
  kept.forms.push_back({offset, from_, to_, bytes});
  return bytes->data();
}

}  // namespace deepseek::library
