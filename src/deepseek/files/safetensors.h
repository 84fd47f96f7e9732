// The safetensors format: u64 little-endian length, JSON header, raw bytes. Loading maps the file and copies nothing.
#pragma once
#include <map>
#include <string>

#include "deepseek/files/tree.h"

namespace deepseek::files {

using Metadata = std::map<std::string, std::string>;

// Tensors in the order of their bytes. Raises ValueError for every file that breaks a rule of the format: overlaps, holes,
// trailing bytes, sizes that do not match shapes, duplicate names, headers beyond 100 MB.
NamedTensors load_safetensors(const std::string& path, Metadata* metadata = nullptr);

// Replaces `path` only when all has been written. Larger element types come first, so that all bytes are aligned.
void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata = {});

}  // namespace deepseek::files
