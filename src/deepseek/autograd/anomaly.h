// Anomaly mode: find the op that makes NaN or infinity.
#pragma once
#include <span>
#include <string>

#include "deepseek/graph/node.h"

namespace deepseek::autograd {

// Where a node was recorded, as further lines of an error: layer path and the user's line. Empty when neither is known.
std::string origin_of(const Node& node);

// Computes pending nodes, given inputs before users, one by one, and raises for the first whose result holds NaN, or infinity
// that was not in its inputs. `compute` evaluates one node alone.
void evaluate_checked(std::span<const Ref<Node>> nodes, void (*compute)(Node&));

}  // namespace deepseek::autograd
