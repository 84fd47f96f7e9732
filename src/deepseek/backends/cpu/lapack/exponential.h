#pragma once

namespace deepseek::lapack {

// x = exp(a), for finite a.
template <class T>
void exponential(int n, const T* a, T* x);

}  // namespace deepseek::lapack
