// Constructors of whole networks: deepseek.models.
#include "nn.h"
#include <nanobind/stl/string.h>

#include "deepseek/models/cifar_resnet.h"
#include "deepseek/models/lenet.h"
#include "deepseek/models/luna.h"
#include "deepseek/models/mobilenet_v2.h"
#include "deepseek/models/resnet.h"
#include "deepseek/models/unet3d.h"

namespace deepseek::python {
namespace {

// A function of the number of classes.
template <auto make>
void classifier(nb::module_& m, const char* name, int64_t num_classes, const char* doc) {
  m.def(
      name, [](int64_t n) { return wrap(make(n).get()); }, nb::arg("num_classes") = num_classes, doc);
}

}  // namespace

DEEPSEEK_BINDING(models, 63) {
  using namespace models;
  classifier<lenet>(m, "lenet", 10, "LeNet-5 for 28x28 digits: 61,706 parameters for 10 classes.");
  classifier<resnet18>(m, "resnet18", 1000,
                       "ResNet-18 with torchvision's names: 11,689,512 parameters for 1000 classes.");
  classifier<resnet34>(m, "resnet34", 1000,
                       "ResNet-34 with torchvision's names: 21,797,672 parameters for 1000 classes.");
  classifier<resnet50>(m, "resnet50", 1000,
                       "ResNet-50 with torchvision's names: 25,557,032 parameters for 1000 classes.");
  classifier<resnet101>(m, "resnet101", 1000,
                        "ResNet-101 with torchvision's names: 44,549,160 parameters for 1000 classes.");
  classifier<resnet50_sequential>(m, "resnet50_sequential", 1000,
                                  "ResNet-50 as a Sequential; the same parameters in the same order as resnet50().");
  m.def(
      "resnet50_functional",
      [](int64_t num_classes, Dims image) { return wrap(resnet50_functional(num_classes, image).get()); },
      nb::arg("num_classes") = 1000, nb::arg("image") = nb::make_tuple(3, 224, 224),
      "ResNet-50 as a functional Model; the same parameters in the same order as resnet50().");
  classifier<resnet20>(m, "resnet20", 10,
                       "ResNet-20 for CIFAR, with akamaster's names: 269,722 parameters for 10 classes.");
  classifier<resnet56>(m, "resnet56", 10,
                       "ResNet-56 for CIFAR, with akamaster's names: 853,018 parameters for 10 classes.");
  m.def(
      "mobilenet_v2",
      [](int64_t num_classes, double width_mult, const std::string& padding) {
        return wrap(mobilenet_v2(num_classes, width_mult, padding).get());
      },
      nb::arg("num_classes") = 1000, nb::arg("width_mult") = 1.0, nb::arg("padding") = "symmetric",
      "MobileNetV2 with torchvision's names: 3,504,872 parameters for 1000 classes. padding='same' is for weights from "
      "TensorFlow.");
  m.def(
      "unet3d",
      [](int64_t num_classes, Dims channels, const std::string& norm, int64_t in_channels) {
        return wrap(unet3d(num_classes, channels, norm, in_channels).get());
      },
      nb::arg("num_classes") = 1, nb::arg("channels") = nb::make_tuple(16, 32, 64, 128), nb::arg("norm") = "instance",
      nb::arg("in_channels") = 1,
      "3-D U-Net; norm is 'instance', 'batch' or 'none'. 1,401,265 parameters as it stands.");
  m.def(
      "luna_model", [](int64_t conv_channels) { return wrap(luna_model(conv_channels).get()); },
      nb::arg("conv_channels") = 8,
      "Classifier of lung nodules, with the names of dlwpt-code: 222,220 parameters as it stands.");
}

}  // namespace deepseek::python
