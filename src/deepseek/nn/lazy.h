// torch's names for layers that learn their input's width at the first call; here all of them do.
#pragma once
#include "deepseek/nn/conv.h"
#include "deepseek/nn/conv_transpose.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/norm.h"

namespace deepseek::nn {

using LazyLinear = Linear;
using LazyConv1d = Conv1d;
using LazyConv2d = Conv2d;
using LazyConv3d = Conv3d;
using LazyConvTranspose1d = ConvTranspose1d;
using LazyConvTranspose2d = ConvTranspose2d;
using LazyConvTranspose3d = ConvTranspose3d;
using LazyBatchNorm1d = BatchNorm1d;
using LazyBatchNorm2d = BatchNorm2d;
using LazyBatchNorm3d = BatchNorm3d;
using LazyInstanceNorm1d = InstanceNorm1d;
using LazyInstanceNorm2d = InstanceNorm2d;
using LazyInstanceNorm3d = InstanceNorm3d;

}  // namespace deepseek::nn
