// deepseek::save and load: nested dicts of tensors, numbers and strings in one safetensors file.
#pragma once
#include <string>

#include "deepseek/files/tree.h"

namespace deepseek {

// A dict of tensors becomes a plain safetensors file that other programs read. Anything deeper keeps its tensors under their
// paths ("optimizer.state.0.exp_avg") and its structure as JSON in the metadata.
void save(const Tree& object, const std::string& path);
void save(const NamedTensors& tensors, const std::string& path);

// What save stored; also any safetensors, .npy (a tensor) and .npz file (a dict), and what torch.save stored, as long as it is
// plain data with tensors. The format is recognised by the file's bytes. Nothing in a file is executed.
Tree load(const std::string& path);

}  // namespace deepseek
