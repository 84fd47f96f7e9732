// The structs of the kinds that the scheduler lowers itself.
#pragma once
#include "deepseek/ops/op.h"

namespace deepseek {

struct Cast {
  static constexpr OpKind kind = OpKind::cast;
  static constexpr OpInfo info{.name = "to"};
  static constexpr Saves saves = Saves::nothing;
  DType to;
  static constexpr auto attrs = std::tuple{&Cast::to};
  Spec infer(const Spec&) const;
  void gradient(Grad&) const;
};

struct Iota {
  static constexpr OpKind kind = OpKind::index;
  static constexpr OpInfo info{.name = "iota"};
  static constexpr NotDifferentiable gradient{"it has no inputs"};
  Shape shape;
  Strides steps;
  int64_t offset;
  static constexpr auto attrs = std::tuple{&Iota::shape, &Iota::steps, &Iota::offset};
  void infer(Specs, std::vector<Spec>& out) const { out.push_back({DType::int64, shape}); }
};

struct Reduce {
  static constexpr OpKind kind = OpKind::reduce;
  static constexpr OpInfo info{.name = "reduce"};
  fused::ReduceKind how;
  Dims dims;  // ascending
  bool keepdim;
  static constexpr auto attrs = std::tuple{&Reduce::how, &Reduce::dims, &Reduce::keepdim};
  Amp amp() const { return how == fused::ReduceKind::sum || how == fused::ReduceKind::prod ? Amp::full : Amp::neutral; }
  Spec infer(const Spec&) const;
  void gradient(Grad&) const;
};

// Identity of one element: makes a row-major tensor of a view or a broadcast number.
struct Copy : Pointwise {
  static constexpr OpInfo info{.name = "clone"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T x) {
    return x;
  }
  void gradient(Grad& g) const { g.set(0, g.grad()); }
};

}  // namespace deepseek
