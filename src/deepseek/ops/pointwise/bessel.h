#pragma once

namespace deepseek::pointwise {

// The modified Bessel function of the first kind, of order 0 or 1.
double modified_bessel_i(int order, double x);

}  // namespace deepseek::pointwise
