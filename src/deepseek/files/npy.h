// numpy's formats: .npy (versions 1 to 3) and .npz.
#pragma once
#include <string>

#include "deepseek/files/file.h"
#include "deepseek/files/tree.h"

namespace deepseek::files {

// Fortran order and foreign byte order are converted; otherwise the tensor views the mapped file. Types that deepseek does not
// have, object arrays (pickles) above all, are refused.
Tensor load_npy(const std::string& path);
void save_npy(const std::string& path, const Tensor& tensor);

// Entries may be stored or deflated; checksums are verified. Names come without ".npy".
NamedTensors load_npz(const std::string& path);
void save_npz(const std::string& path, const NamedTensors& tensors);

// The pieces, for reading from memory.
struct NpyHeader {
  DType dtype = DType::float32;
  bool swapped = false;
  bool fortran = false;
  std::vector<uint64_t> shape;
  size_t data = 0;  // where the elements begin
};
NpyHeader parse_npy_header(Bytes bytes, std::string_view name);
std::string npy_header(const Spec& spec);
Tensor parse_npy(Bytes bytes, std::string_view name);  // copies

}  // namespace deepseek::files
