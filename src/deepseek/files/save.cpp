#include "deepseek/files/save.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "deepseek/files/file.h"
#include "deepseek/files/json.h"
#include "deepseek/files/npy.h"
#include "deepseek/files/safetensors.h"
#include "deepseek/files/torch_file.h"
#include "deepseek/files/zip.h"

namespace deepseek {
namespace {

using namespace files;
constexpr const char* structure_key = "deepseek.structure";

std::string key_text(const TreeKey& key) {
  if (const auto* s = std::get_if<std::string>(&key)) return *s;
  return std::to_string(std::get<int64_t>(key));
}

Tree tagged(const char* tag, Tree value) {
  Tree t;
  t.set(std::string(tag), std::move(value));
  return t;
}

// Turns a tree into one that JSON can hold and collects its tensors. Objects of one entry say what stands there:
// {"tensor": name}, {"tuple": [...]}, {"dict": [[key, value], ...]}, {"float": "nan"}.
class Encoder {
 public:
  NamedTensors tensors;

  Tree encode(const Tree& t, const std::string& path, int depth = 0) {
    ensure(depth <= 30, "save: '", path, "' is nested too deeply");
    if (const auto* v = std::get_if<Tensor>(&t.variant())) {
      std::string name = path.empty() ? "tensor" : path;
      while (!names_.insert(name).second) name += "'";
      tensors.emplace_back(name, *v);
      return tagged("tensor", name);
    }
    if (const auto* v = std::get_if<double>(&t.variant()); v && !std::isfinite(*v)) {
      return tagged("float", std::isnan(*v) ? "nan" : *v > 0 ? "inf" : "-inf");
    }
    if (const auto* v = std::get_if<TreeList>(&t.variant())) return items(v->items, path, depth);
    if (const auto* v = std::get_if<TreeTuple>(&t.variant())) return tagged("tuple", items(v->items, path, depth));
    if (const auto* v = std::get_if<TreeDict>(&t.variant())) {
      TreeList pairs;
      for (size_t i = 0; i < v->keys.size(); ++i) {
        Tree key = std::visit([](const auto& k) { return Tree(k); }, v->keys[i]);
        Tree value = encode(v->values[i], join(path, key_text(v->keys[i])), depth + 1);
        pairs.items.push_back(TreeList{{std::move(key), std::move(value)}});
      }
      return tagged("dict", std::move(pairs));
    }
    return t;
  }

 private:
  static std::string join(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }
  Tree items(const std::vector<Tree>& in, const std::string& path, int depth) {
    TreeList out;
    for (size_t i = 0; i < in.size(); ++i) out.items.push_back(encode(in[i], join(path, std::to_string(i)), depth + 1));
    return out;
  }
  std::set<std::string> names_;
};

class Decoder {
 public:
  Decoder(std::string path, const NamedTensors& tensors) : path_(std::move(path)) {
    for (const auto& [name, t] : tensors) tensors_[name] = t;
  }

  Tree decode(const Tree& t) {
    if (const auto* v = std::get_if<TreeList>(&t.variant())) return TreeList{items(*v)};
    if (!t.is<TreeDict>()) return t;
    const TreeDict& d = t.dict("structure");
    if (d.keys.size() != 1) fail();
    const std::string& tag = std::get<std::string>(d.keys[0]);
    const Tree& value = d.values[0];
    if (tag == "tensor" && value.is<std::string>()) {
      auto it = tensors_.find(value.string(tag));
      if (it == tensors_.end()) fail();
      return it->second;
    }
    if (tag == "float" && value.is<std::string>()) {
      const std::string& s = value.string(tag);
      if (s == "nan") return std::nan("");
      if (s == "inf" || s == "-inf") return s == "inf" ? HUGE_VAL : -HUGE_VAL;
    }
    const auto* list = std::get_if<TreeList>(&value.variant());
    if (tag == "tuple" && list) return TreeTuple{items(*list)};
    if (tag == "dict" && list) return dict(*list);
    fail();
  }

 private:
  [[noreturn]] void fail() const { raise_value("load: '", path_, "': the structure in its metadata is malformed"); }
  std::vector<Tree> items(const TreeList& in) {
    std::vector<Tree> out;
    for (const Tree& t : in.items) out.push_back(decode(t));
    return out;
  }
  Tree dict(const TreeList& pairs) {
    TreeDict out;
    std::set<TreeKey> seen;
    for (const Tree& pair : pairs.items) {
      const auto* p = std::get_if<TreeList>(&pair.variant());
      if (!p || p->items.size() != 2) fail();
      TreeKey key;
      if (p->items[0].is<int64_t>()) key = p->items[0].integer("key");
      else if (p->items[0].is<std::string>()) key = p->items[0].string("key");
      else fail();
      if (!seen.insert(key).second) fail();
      out.keys.push_back(std::move(key));
      out.values.push_back(decode(p->items[1]));
    }
    return out;
  }

  std::string path_;
  std::map<std::string, Tensor> tensors_;
};

bool is_flat(const Tree& t) {
  const auto* d = std::get_if<TreeDict>(&t.variant());
  return d && std::all_of(d->keys.begin(), d->keys.end(), [](const TreeKey& k) { return k.index() == 1; }) &&
         std::all_of(d->values.begin(), d->values.end(), [](const Tree& v) { return v.is<Tensor>(); });
}

Tree as_dict(const NamedTensors& tensors) {
  TreeDict d;
  for (const auto& [name, t] : tensors) {
    d.keys.emplace_back(name);
    d.values.emplace_back(t);
  }
  return d;
}

}  // namespace

void save(const Tree& object, const std::string& path) {
  Metadata metadata{{"format", "deepseek"}};
  if (is_flat(object)) {
    NamedTensors tensors;
    const TreeDict& d = object.dict("object");
    for (size_t i = 0; i < d.keys.size(); ++i) tensors.emplace_back(std::get<std::string>(d.keys[i]), d.values[i].tensor("value"));
    // The order of the entries is kept beside the tensors, which are sorted by element size.
    TreeList order;
    for (const auto& [name, t] : tensors) order.items.emplace_back(name);
    metadata["deepseek.order"] = to_json(order);
    return save_safetensors(path, tensors, metadata);
  }
  Encoder encoder;
  metadata[structure_key] = to_json(encoder.encode(object, ""));
  save_safetensors(path, encoder.tensors, metadata);
}

void save(const NamedTensors& tensors, const std::string& path) { save(as_dict(tensors), path); }

Tree load(const std::string& path) {
  std::string head;
  {
    const auto file = MappedFile::open(path);
    const Bytes b = file->bytes().first(std::min<size_t>(16, file->bytes().size()));
    head.assign(reinterpret_cast<const char*>(b.data()), b.size());
  }
  if (head.starts_with("\x93NUMPY")) return load_npy(path);
  if (is_torch(path, head)) return load_torch(path);
  if (is_zip(head)) return as_dict(load_npz(path));
  Metadata metadata;
  NamedTensors tensors = load_safetensors(path, &metadata);
  if (auto it = metadata.find(structure_key); it != metadata.end()) {
    return Decoder(path, tensors).decode(parse_json(it->second, concat("load: '", path, "'")));
  }
  if (auto it = metadata.find("deepseek.order"); it != metadata.end()) {
    const Tree order = parse_json(it->second, concat("load: '", path, "'"));
    std::map<std::string, size_t> position;
    if (const auto* list = std::get_if<TreeList>(&order.variant())) {
      for (const Tree& name : list->items) {
        if (name.is<std::string>()) position.emplace(name.string("name"), position.size());
      }
    }
    std::stable_sort(tensors.begin(), tensors.end(), [&](const auto& a, const auto& b) {
      auto rank = [&](const std::string& name) {
        auto found = position.find(name);
        return found == position.end() ? position.size() : found->second;
      };
      return rank(a.first) < rank(b.first);
    });
  }
  return as_dict(tensors);
}

}  // namespace deepseek
