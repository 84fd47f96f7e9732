// deepseek.files: safetensors, numpy and idx files; deepseek.save and load.
#include <nanobind/stl/string.h>

#include "deepseek/files/idx.h"
#include "deepseek/files/npy.h"
#include "deepseek/files/safetensors.h"
#include "deepseek/files/save.h"
#include "deepseek/files/torch_file.h"
#include "tensor.h"
#include "tree.h"

namespace deepseek::python {
namespace {

// str, bytes or os.PathLike.
std::string path_of(nb::handle path) {
  PyObject* bytes = nullptr;
  if (!PyUnicode_FSConverter(path.ptr(), &bytes)) throw nb::python_error();
  const nb::object owner = nb::steal(bytes);
  return {PyBytes_AS_STRING(bytes), static_cast<size_t>(PyBytes_GET_SIZE(bytes))};
}

template <class F>
auto unlocked(F&& f) {
  nb::gil_scoped_release release;
  return f();
}

Tensor row_major(const Tensor& t, const char* who) {
  if (!t.defined()) raise_type(who, ": a tensor is needed, but got None");
  return t.contiguous_leaf();
}

files::Metadata to_metadata(nb::handle o) {
  files::Metadata out;
  if (o.is_none()) return out;
  const Tree t = to_tree(o, "metadata");
  const TreeDict& d = t.dict("metadata");
  for (size_t i = 0; i < d.keys.size(); ++i) {
    const auto* key = std::get_if<std::string>(&d.keys[i]);
    if (!key) raise_type("save_safetensors: metadata may hold strings only");
    out[*key] = d.values[i].string("metadata '" + *key + "'");
  }
  return out;
}

}  // namespace

DEEPSEEK_BINDING(files, 60) {
  nb::module_ f = m.def_submodule("files");
  f.def("load_safetensors", [](nb::handle path) {
    return to_dict(unlocked([p = path_of(path)] { return files::load_safetensors(p); }));
  }, nb::arg("path"), "The tensors of a safetensors file by name. The file is mapped: nothing is copied.");
  f.def("load_safetensors_metadata", [](nb::handle path) {
    files::Metadata metadata;
    files::load_safetensors(path_of(path), &metadata);
    nb::dict d;
    for (const auto& [key, value] : metadata) d[nb::str(key.c_str())] = nb::str(value.data(), value.size());
    return d;
  }, nb::arg("path"), "The metadata of a safetensors file: a dict of strings.");
  f.def("save_safetensors", [](nb::handle tensors, nb::handle path, nb::handle metadata) {
    NamedTensors named = to_named_tensors(tensors, "save_safetensors");
    materialize(named);
    unlocked([&, p = path_of(path), meta = to_metadata(metadata)] { files::save_safetensors(p, named, meta); });
  }, nb::arg("tensors"), nb::arg("path"), nb::arg("metadata").none() = nb::none(),
        "Writes a dict of tensors as a safetensors file. The file at `path` is replaced only when all has been written.");
  f.def("load_npy", [](nb::handle path) { return unlocked([p = path_of(path)] { return files::load_npy(p); }); }, nb::arg("path"),
        "The array of a .npy file.");
  f.def("save_npy", [](const Tensor& t, nb::handle path) {
    const Tensor leaf = row_major(t, "save_npy");
    unlocked([&, p = path_of(path)] { files::save_npy(p, leaf); });
  },
        nb::arg("tensor"), nb::arg("path"), "Writes one tensor as a .npy file.");
  f.def("load_torch", [](nb::handle path) { return from_tree(unlocked([p = path_of(path)] { return files::load_torch(p); })); },
        nb::arg("path"),
        "What torch.save stored in a .pth, .pt or .th file, the formats before and since torch 1.6: tensors, numbers, strings, and "
        "lists, tuples and dicts of these.\n\n"
        "Nothing in the file is executed; other Python objects are refused by name. Tensors view the mapped file where they can.");
  f.def("load_npz", [](nb::handle path) { return to_dict(unlocked([p = path_of(path)] { return files::load_npz(p); })); },
        nb::arg("path"), "The arrays of a .npz file by name.");
  f.def("save_npz", [](nb::handle tensors, nb::handle path) {
    NamedTensors named = to_named_tensors(tensors, "save_npz");
    materialize(named);
    unlocked([&, p = path_of(path)] { files::save_npz(p, named); });
  }, nb::arg("tensors"), nb::arg("path"), "Writes a dict of tensors as a .npz file.");
  f.def("read_idx", [](nb::handle path) { return unlocked([p = path_of(path)] { return files::read_idx(p); }); }, nb::arg("path"),
        "The array of an idx file (MNIST's format), plain or gzip.");
  f.def("write_idx", [](const Tensor& t, nb::handle path) {
    const Tensor leaf = row_major(t, "write_idx");
    unlocked([&, p = path_of(path)] { files::write_idx(p, leaf); });
  },
        nb::arg("tensor"), nb::arg("path"), "Writes one tensor as an idx file.");

  f.def("save", [](nb::handle object, nb::handle path) {
    Tree tree = to_tree(object, "");
    materialize(tree);
    unlocked([&, p = path_of(path)] { save(tree, p); });
  }, nb::arg("object"), nb::arg("path"),
        "Stores tensors, numbers, strings and nested lists, tuples and dicts of these as one safetensors file.");
  f.def("load", [](nb::handle path) { return from_tree(unlocked([p = path_of(path)] { return load(p); })); }, nb::arg("path"),
        "What save() stored; also any safetensors, .npy and .npz file, and torch's .pth, .pt and .th files.\n\n"
        "The format is recognised by the file's bytes. Nothing in a file is executed.");
}

}  // namespace deepseek::python
