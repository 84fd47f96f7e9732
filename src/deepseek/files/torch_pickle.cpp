#include "deepseek/files/torch_pickle.h"

#include <algorithm>

#include "deepseek/files/json.h"

namespace deepseek::files {
namespace {

enum Kind { ordered_dict_type, size_type, tensor_function, parameter_function, storage_type, storage_part, tensor };

constexpr std::pair<std::string_view, DType> storage_types[] = {
    {"BoolStorage", DType::bool_},    {"ByteStorage", DType::uint8},        {"CharStorage", DType::int8},
    {"ShortStorage", DType::int16},   {"IntStorage", DType::int32},         {"LongStorage", DType::int64},
    {"HalfStorage", DType::float16},  {"BFloat16Storage", DType::bfloat16}, {"FloatStorage", DType::float32},
    {"DoubleStorage", DType::float64}};

constexpr int deepest = 100;

}  // namespace

const PickleHandle* TorchUnpickler::handle(const PickleValue& v, int kind) const {
  const auto* h = std::get_if<PickleHandle>(&v);
  return h && h->kind == kind ? h : nullptr;
}

const TorchStorage* TorchUnpickler::find(const std::string& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &storages_[found->second];
}

PickleValue TorchUnpickler::global(std::string_view module, std::string_view name) {
  if (module == "collections" && name == "OrderedDict") return PickleHandle{ordered_dict_type};
  if (module == "torch" && name == "Size") return PickleHandle{size_type};
  if (module == "torch._utils" && (name == "_rebuild_tensor_v2" || name == "_rebuild_tensor"))
    return PickleHandle{tensor_function};
  if (module == "torch._utils" && name == "_rebuild_parameter") return PickleHandle{parameter_function};
  if (module == "torch" || module == "torch.cuda") {
    for (const auto& [type, dtype] : storage_types) {
      if (name == type) return PickleHandle{storage_type, static_cast<size_t>(dtype)};
    }
  }
  if (!is_utf8(module) || !is_utf8(name)) fail("a name is not UTF-8");
  refuse(concat("the Python object '", module, ".", name, "'"));
}

int64_t TorchUnpickler::integer(const PickleValue& v, std::string_view what) const {
  const auto* n = std::get_if<int64_t>(&v);
  if (!n || *n < 0) fail(concat(what, " must be an integer of 0 or more"));
  return *n;
}

std::vector<int64_t> TorchUnpickler::sizes(const PickleValue& v, std::string_view what) const {
  auto* const* list = std::get_if<PickleList*>(&v);
  if (!list) fail(concat("the ", what, " of a tensor must be a tuple"));
  std::vector<int64_t> out;
  for (const PickleValue& item : (*list)->items) out.push_back(integer(item, concat("the ", what, " of a tensor")));
  return out;
}

// ('storage', type, key, device, elements), in older files followed by None or (key of the view, first element,
// elements).
PickleValue TorchUnpickler::persistent(const PickleValue& id) {
  auto* const* list = std::get_if<PickleList*>(&id);
  if (!list || (*list)->items.size() < 5 || (*list)->items.size() > 6)
    fail("a storage must be a tuple of 5 or 6 items");
  const std::vector<PickleValue>& items = (*list)->items;
  const auto *tag = std::get_if<const std::string*>(&items[0]), *key = std::get_if<const std::string*>(&items[2]);
  if (!tag || **tag != "storage" || !key) fail("an object that lies outside must be a storage with a name");
  const PickleHandle* type = handle(items[1], storage_type);
  if (!type) fail("the type of a storage must be one of torch's storages");
  const TorchStorage storage{**key, static_cast<DType>(type->index), integer(items[4], "the size of a storage")};
  const auto [known, added] = by_key_.emplace(storage.key, storages_.size());
  if (added) storages_.push_back(storage);
  const TorchStorage& first = storages_[known->second];
  if (first.dtype != storage.dtype || first.numel != storage.numel)
    fail(concat("storage '", storage.key, "' has two types or sizes"));
  Part part{known->second, 0, storage.numel};
  if (items.size() == 6 && !std::holds_alternative<std::monostate>(items[5])) {
    auto* const* view = std::get_if<PickleList*>(&items[5]);
    if (!view || (*view)->items.size() != 3) fail("the view of a storage must be a tuple of 3 items");
    part.offset = integer((*view)->items[1], "the offset of a storage");
    part.numel = integer((*view)->items[2], "the size of a storage");
    if (part.offset > storage.numel || part.numel > storage.numel - part.offset)
      fail("the view of a storage lies beyond its end");
  }
  parts_.push_back(part);
  return PickleHandle{storage_part, parts_.size() - 1};
}

// (storage, offset, size, stride), followed by what is not kept: requires_grad, hooks, metadata.
size_t TorchUnpickler::tensor_from(const PickleList& arguments) {
  if (arguments.items.size() < 4) fail("a tensor needs storage, offset, size and stride");
  const PickleHandle* part = handle(arguments.items[0], storage_part);
  if (!part) fail("the storage of a tensor must be a storage");
  const Part& p = parts_[part->index];
  const int64_t offset = integer(arguments.items[1], "the offset of a tensor");
  const std::vector<int64_t> shape = sizes(arguments.items[2], "size"), strides = sizes(arguments.items[3], "stride");
  if (shape.size() != strides.size())
    fail(concat("a tensor has ", shape.size(), " sizes, but ", strides.size(), " strides"));
  checked_bytes({shape.begin(), shape.end()}, storages_[p.storage].dtype, name());
  Described t{part->index, offset, {}, {}};
  __int128 last = offset;
  bool empty = false;
  for (size_t d = 0; d < shape.size(); ++d) {
    t.shape.push_back(shape[d]), t.strides.push_back(strides[d]);
    last += static_cast<__int128>(std::max<int64_t>(shape[d], 1) - 1) * strides[d];
    empty = empty || shape[d] == 0;
  }
  if (!empty && last >= p.numel) {
    fail(concat("a tensor of shape ", to_string(t.shape), " with strides ", to_string(t.strides), " at offset ", offset,
                " reaches beyond its storage of ", p.numel, " elements"));
  }
  tensors_.push_back(std::move(t));
  return tensors_.size() - 1;
}

// OrderedDict() or OrderedDict(pairs).
PickleDict* TorchUnpickler::ordered_dict(const PickleList& arguments) {
  PickleDict* dict = new_dict();
  if (arguments.items.empty()) return dict;
  auto* const* pairs = std::get_if<PickleList*>(&arguments.items[0]);
  if (!pairs || arguments.items.size() != 1) fail("an OrderedDict is made of a list of pairs");
  for (const PickleValue& v : (*pairs)->items) {
    auto* const* pair = std::get_if<PickleList*>(&v);
    if (!pair || (*pair)->items.size() != 2) fail("an OrderedDict is made of a list of pairs");
    dict->items.emplace_back((*pair)->items[0], (*pair)->items[1]);
  }
  return dict;
}

PickleValue TorchUnpickler::call(const PickleValue& callee, const PickleList& arguments) {
  if (handle(callee, tensor_function)) return PickleHandle{tensor, tensor_from(arguments)};
  if (handle(callee, ordered_dict_type)) return ordered_dict(arguments);
  if (handle(callee, parameter_function)) {
    if (arguments.items.empty() || !handle(arguments.items[0], tensor)) fail("a parameter is made of a tensor");
    return arguments.items[0];
  }
  if (handle(callee, size_type)) {
    PickleList* size = new_list(true);
    if (arguments.items.size() > 1) fail("a Size is made of a tuple");
    if (!arguments.items.empty()) {
      for (int64_t n : sizes(arguments.items[0], "Size")) size->items.emplace_back(n);
    }
    return size;
  }
  fail("something is called that is no function");
}

// Objects may refer to each other, even in circles; a tree holds each as often as it is referred to.
class TorchUnpickler::Unfolding {
 public:
  Unfolding(TorchUnpickler& in, const std::function<StorageRef(size_t)>& bytes_of)
      : in_(in), bytes_of_(bytes_of), left_((size_t{16} << 20) + 64 * in.size()) {}

  Tree operator()(const PickleValue& v, int depth) {
    if (depth > deepest) in_.fail("it is nested too deeply");
    spend(sizeof(Tree));
    if (const auto* b = std::get_if<bool>(&v)) return *b;
    if (const auto* n = std::get_if<int64_t>(&v)) return *n;
    if (const auto* x = std::get_if<double>(&v)) return *x;
    if (auto* const* s = std::get_if<const std::string*>(&v)) return text(**s);
    if (auto* const* list = std::get_if<PickleList*>(&v)) {
      std::vector<Tree> items;
      for (const PickleValue& item : (*list)->items) items.push_back((*this)(item, depth + 1));
      return (*list)->tuple ? Tree(TreeTuple{std::move(items)}) : Tree(TreeList{std::move(items)});
    }
    if (auto* const* dict = std::get_if<PickleDict*>(&v)) return entries(**dict, depth);
    if (const PickleHandle* t = in_.handle(v, tensor)) return over_storage(in_.tensors_[t->index]);
    if (in_.handle(v, storage_part)) in_.refuse("a storage without a tensor");
    if (std::holds_alternative<PickleHandle>(v)) in_.refuse("a class or function");
    return {};
  }

 private:
  void spend(size_t bytes) {
    if (bytes > left_) in_.fail("its objects refer to each other so often that they would fill the memory");
    left_ -= bytes;
  }
  std::string text(const std::string& s) {
    spend(s.size());
    return s;
  }

  Tree entries(const PickleDict& dict, int depth) {
    TreeDict out;
    std::map<TreeKey, size_t> places;
    for (const auto& [k, v] : dict.items) {
      TreeKey key;
      if (const auto* n = std::get_if<int64_t>(&k))
        key = *n;
      else if (auto* const* s = std::get_if<const std::string*>(&k))
        key = text(**s);
      else
        in_.refuse("a dict whose keys are neither strings nor integers");
      Tree value = (*this)(v, depth + 1);
      const auto [place, added] = places.emplace(key, out.keys.size());
      if (!added) {
        out.values[place->second] = std::move(value);
        continue;
      }
      out.keys.push_back(std::move(key));
      out.values.push_back(std::move(value));
    }
    return out;
  }

  Tensor over_storage(const Described& t) {
    spend(sizeof(Tensor) + 256);
    const Part& part = in_.parts_[t.part];
    const DType dtype = in_.storages_[part.storage].dtype;
    if (t.shape.numel() == 0) return Tensor::from_storage(Storage::allocate(0), dtype, t.shape);
    return Tensor::from_storage(bytes_of_(part.storage), dtype, t.shape, t.strides, part.offset + t.offset);
  }

  TorchUnpickler& in_;
  const std::function<StorageRef(size_t)>& bytes_of_;
  size_t left_;
};

Tree TorchUnpickler::tree(const PickleValue& value, const std::function<StorageRef(size_t)>& bytes_of) {
  return Unfolding(*this, bytes_of)(value, 0);
}

}  // namespace deepseek::files
