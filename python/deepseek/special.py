"""Special functions."""

from ._C import function_tables

globals().update(function_tables["special"])
__all__ = list(function_tables["special"])

# scipy's names, which torch.special shares.
_top = function_tables["top"]
psi, gammaln, expit = _top["digamma"], _top["lgamma"], _top["sigmoid"]
gammainc, gammaincc, multigammaln = _top["igamma"], _top["igammac"], _top["mvlgamma"]
__all__ += ["psi", "gammaln", "expit", "gammainc", "gammaincc", "multigammaln"]
for _name in ("exp2", "expm1", "log1p", "logit", "log_softmax", "softmax", "round", "sinc"):
    globals()[_name] = _top[_name]
    __all__.append(_name)
