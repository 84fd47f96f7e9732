// The objects of torch's pickles: tensors as they are described there, before anybody has looked at their bytes.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "deepseek/files/pickle.h"
#include "deepseek/files/tree.h"

namespace deepseek::files {

struct TorchStorage {
  std::string key;
  DType dtype = DType::float32;
  int64_t numel = 0;
};

class TorchUnpickler : public Unpickler {
 public:
  using Unpickler::Unpickler;

  // In the order in which the pickle names them.
  const std::vector<TorchStorage>& storages() const { return storages_; }
  const TorchStorage* find(const std::string& key) const;

  // Plain data with tensors over the storages, which `bytes_of` gives by their place in storages().
  Tree tree(const PickleValue& value, const std::function<StorageRef(size_t)>& bytes_of);

 protected:
  PickleValue global(std::string_view module, std::string_view name) override;
  PickleValue call(const PickleValue& callee, const PickleList& arguments) override;
  PickleValue persistent(const PickleValue& id) override;

 private:
  // A storage, or a part of one: older files have storages that are views of others.
  struct Part {
    size_t storage;
    int64_t offset, numel;
  };
  struct Described {
    size_t part;
    int64_t offset;
    Shape shape;
    Strides strides;
  };
  class Unfolding;

  const PickleHandle* handle(const PickleValue& v, int kind) const;
  std::vector<int64_t> sizes(const PickleValue& v, std::string_view what) const;
  int64_t integer(const PickleValue& v, std::string_view what) const;
  size_t tensor_from(const PickleList& arguments);
  PickleDict* ordered_dict(const PickleList& arguments);

  std::vector<TorchStorage> storages_;
  std::map<std::string, size_t> by_key_;
  std::vector<Part> parts_;
  std::vector<Described> tensors_;
};

}  // namespace deepseek::files
