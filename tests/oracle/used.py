"""The operators that model code uses most: what torchvision, transformers and timm call."""

OPS = set("""
abs add addcdiv addcmul addmm all allclose amax amin any arange argmax argmin argsort as_strided atan2 baddbmm bernoulli bincount bitwise_and
bitwise_not bitwise_or bmm broadcast_tensors broadcast_to bucketize cat cdist ceil chunk clamp clamp_max clamp_min clone contiguous cos cosh
count_nonzero cumprod cumsum diag diag_embed diagonal diff div.floor_rounding div.no_rounding_mode div.trunc_rounding dot einsum empty
empty_like eq equal erf erfinv exp expand expand_as expm1 eye fill flatten flip float_power floor floor_divide fmod full full_like gather
ge gt hstack index_add index_copy index_fill index_put index_select isclose isfinite isin isinf isnan item le lerp linspace log log10 log1p
log2 log_softmax logaddexp logical_and logical_not logical_or logical_xor logsumexp lt masked_fill masked_scatter masked_select matmul
max.binary max.reduction_no_dim max.reduction_with_dim maximum mean median meshgrid.list_of_tensors meshgrid.variadic_tensors
min.binary min.reduction_no_dim min.reduction_with_dim minimum mm movedim mul multinomial mv nan_to_num narrow ne neg new_empty new_full
new_ones new_zeros nonzero norm normal ones ones_like outer permute pow prod rand_like randint randn randn_like reciprocal remainder repeat
repeat_interleave reshape reshape_as roll rot90 round rsqrt rsub scatter scatter_add scatter_reduce.amax scatter_reduce.amin
scatter_reduce.mean scatter_reduce.sum searchsorted select sigmoid sign sin sinh slice softmax sort split split.list_args
split_with_sizes sqrt square squeeze squeeze.multiple stack std std.unbiased sub sum t T mT take_along_dim tan tanh tensordot
tile to topk trace transpose tril tril_indices triu triu_indices true_divide trunc unbind unflatten unfold unique
unique_consecutive unsqueeze var var.unbiased var_mean view view_as vstack where xlogy zeros zeros_like __getitem__ __radd__ __rmul__
__rsub__ __rdiv__ __rpow__ bool double float half bfloat16 int long linalg.norm linalg.vector_norm
nn.functional.adaptive_avg_pool1d nn.functional.adaptive_avg_pool2d nn.functional.adaptive_avg_pool3d nn.functional.adaptive_max_pool2d
nn.functional.avg_pool1d nn.functional.avg_pool2d nn.functional.batch_norm nn.functional.binary_cross_entropy
nn.functional.binary_cross_entropy_with_logits nn.functional.conv1d nn.functional.conv2d nn.functional.conv3d
nn.functional.conv_transpose1d nn.functional.conv_transpose2d nn.functional.cosine_similarity nn.functional.cross_entropy
nn.functional.ctc_loss nn.functional.dropout nn.functional.dropout2d nn.functional.elu nn.functional.embedding nn.functional.gelu
nn.functional.glu nn.functional.grid_sample nn.functional.group_norm nn.functional.hardsigmoid nn.functional.hardswish
nn.functional.hardtanh nn.functional.huber_loss nn.functional.interpolate.area nn.functional.interpolate.bicubic
nn.functional.interpolate.bilinear nn.functional.interpolate.linear nn.functional.interpolate.nearest
nn.functional.interpolate.nearest-exact nn.functional.kl_div nn.functional.l1_loss nn.functional.layer_norm nn.functional.leaky_relu
nn.functional.linear nn.functional.logsigmoid nn.functional.max_pool1d nn.functional.max_pool2d nn.functional.max_pool3d
nn.functional.mish nn.functional.mse_loss nn.functional.nll_loss nn.functional.normalize nn.functional.one_hot
nn.functional.pad.circular nn.functional.pad.constant nn.functional.pad.reflect nn.functional.pad.replicate
nn.functional.pixel_shuffle nn.functional.pixel_unshuffle nn.functional.prelu nn.functional.relu nn.functional.relu6
nn.functional.rms_norm nn.functional.scaled_dot_product_attention nn.functional.selu nn.functional.silu nn.functional.smooth_l1_loss
nn.functional.softplus nn.functional.softsign nn.functional.threshold nn.functional.unfold
""".split())
