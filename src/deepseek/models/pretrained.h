// Weights as they are published, whose names differ from a model's in known ways.
#pragma once
#include "deepseek/nn/module.h"

namespace deepseek::models {

// Like load_state_dict, but
// - a body's file fits the model with a head and the other way round: the names' first part ("bert.", "transformer.")
// is added or left out;
// - "gamma" and "beta" of old files are weight and bias;
// - a name that shares its tensor with one that is there need not be there;
// - buffers that old versions stored (attn.bias, attn.masked_bias, position_ids) are left out.
// With `strict` a name that is still missing raises; what only the file has (another head) is reported as unexpected.
nn::LoadReport load_pretrained(nn::Module& model, const nn::StateDict& state, bool strict = true);

}  // namespace deepseek::models
