// Files of torch.save (.pth, .pt, .th): the zip format, and the streams of pickles that torch wrote before 1.6.
#pragma once
#include <string>
#include <string_view>

#include "deepseek/files/tree.h"

namespace deepseek::files {

// Tensors view the mapped file where their bytes are aligned, as in the zip format. Nothing in a file is executed:
// classes and functions other than those that tensors are made of are refused by name. Devices and requires_grad are
// not kept; tensors that shared memory when they were saved share the file's pages, but not what is written to them
// later.
Tree load_torch(const std::string& path);

// By the first bytes, and for zip archives (npz files are others) by what is inside.
bool is_torch(const std::string& path, std::string_view head);

}  // namespace deepseek::files
