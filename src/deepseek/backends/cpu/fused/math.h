// Elementary functions that vectorise inside lanes: exp, exp2, expm1, tanh, sigmoid, log, log1p, log2, log10, erf, erfc, sin, cos,
// tan, atan, pow, all in deepseek::fused for float and double. In a lane write fused::exp(x), not std::exp(x).
// They are branch-free and call nothing, except double sin, cos, tan, atan and pow, which are the C library's.
// std::sqrt, fabs, copysign, floor, ceil, trunc and rint vectorise as they are.
#pragma once
#include "deepseek/backends/cpu/fused/math/erf.h"
#include "deepseek/backends/cpu/fused/math/exp.h"
#include "deepseek/backends/cpu/fused/math/log.h"
#include "deepseek/backends/cpu/fused/math/pow.h"
#include "deepseek/backends/cpu/fused/math/trig.h"
