// What Python's data loader shares with the C++ one: orders and the gathering of rows.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "deepseek/data/dataset.h"
#include "deepseek/data/mnist.h"
#include "deepseek/data/sampler.h"
#include "tensor.h"

namespace deepseek::python {
namespace {

using Indices = std::vector<int64_t>;

}  // namespace

DEEPSEEK_BINDING(data, 62) {
  nb::module_ d = m.def_submodule("data");
  d.def("permutation", &data::permutation, nb::arg("n"), nb::arg("seed"), nb::arg("epoch") = 0,
        "0 ... n-1 in an order that seed and epoch fix.");
  d.def("draws", &data::draws, nb::arg("n"), nb::arg("count"), nb::arg("seed"), nb::arg("epoch") = 0);
  d.def("weighted_draws", &data::weighted_draws, nb::arg("weights"), nb::arg("count"), nb::arg("replacement"), nb::arg("seed"),
        nb::arg("epoch") = 0);
  d.def("mixed_seed", &data::mixed_seed, nb::arg("seed"), nb::arg("epoch"), nb::arg("index"));
  d.def("gather_rows", [](const Tensor& source, const Indices& indices) {
    const Tensor leaf = source.contiguous_leaf();
    nb::gil_scoped_release release;
    return data::gather_rows(leaf, indices);
  }, nb::arg("source"), nb::arg("indices"), "Rows of a tensor, copied at once.");
  d.def("stack_samples", [](const std::vector<Tensor>& samples) {
    std::vector<TensorList> rows;
    for (const Tensor& t : samples) rows.push_back({t.contiguous_leaf()});
    nb::gil_scoped_release release;
    return data::collate(rows)[0];
  }, nb::arg("samples"), "Tensors of equal shape and type, stacked along a new first dim.");
  d.def("load_idx_images", [](const std::string& folder, const std::string& prefix) {
    const data::Images images = data::load_idx_images(folder, prefix);
    return nb::make_tuple(images.images, images.labels);
  }, nb::arg("folder"), nb::arg("prefix"), "Images and labels of two idx files.");
}

}  // namespace deepseek::python
