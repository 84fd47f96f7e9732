"""Functions from the records: signatures, argument conversion, errors that name the user's line, modes."""

import copy
import inspect
import pickle
import re
import threading

import numpy as np
import pytest

import deepseek as ds
from deepseek import _C


def test_every_default_and_signature_reads():
    names = set()
    for f in ds.all_functions():
        callable_ = _C.function(f["name"])
        signature = inspect.signature(callable_)
        assert list(signature.parameters) == [p["name"] for p in f["parameters"]]
        assert f["doc"].strip() and callable_.__doc__ == f["doc"] and callable_.__name__ == f["name"]
        for p in f["parameters"]:
            assert signature.parameters[p["name"]].default == (inspect.Parameter.empty if p["required"] else p["default"])
        names.add(f["name"])
    assert len(names) >= 120


def test_placement():
    places = {"functional": _C.function_tables["functional"], "linalg": _C.function_tables["linalg"],
              "special": _C.function_tables["special"]}
    for f in ds.all_functions():
        if "hidden" in f["in"]:
            assert f["name"] not in _C.function_tables["top"]
            continue
        if f["name"].startswith("linalg_"):
            assert f["in"] == ("linalg",) and hasattr(ds.linalg, f["name"][7:]) and not hasattr(ds, f["name"])
            continue
        assert hasattr(ds, f["name"])
        if "method" in f["in"]:
            assert hasattr(ds.Tensor, f["name"])
        for place, table in places.items():
            shown = f["name"] in table and table[f["name"]].__name__ == f["name"]  # linalg.det is linalg_det
            assert shown == (place in f["in"])


def test_tensor_has_torchs_methods():
    wanted = """abs add all amax amin any argmax argmin chunk clamp clone contiguous cos cumsum div eq exp expand flatten floor ge gt
        index_select isnan le log lt masked_fill matmul max mean min mul ne neg permute pow prod reciprocal relu reshape round rsqrt
        sigmoid sign sin softmax split sqrt squeeze std sub sum t tanh topk transpose tril triu unbind unsqueeze var view where
        add_ mul_ clamp_ exp_ zero_ fill_ copy_ masked_fill_ sub_ div_""".split()
    assert [name for name in wanted if not hasattr(ds.Tensor, name)] == []


def test_positional_keyword_and_numpys_names():
    x = ds.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert ds.sum(x, 0).tolist() == x.sum(dim=0).tolist() == x.sum(axis=0).tolist() == ds.sum(input=x, dim=(0,)).tolist() == [4, 6]
    assert x.sum(1, True).shape == x.sum(dim=1, keepdim=True).shape == x.sum(-1, keepdims=True).shape == (2, 1)
    assert x.sum(dtype=ds.float64).dtype is ds.float64
    assert x.sum(None).item() == 10


def test_sizes_may_be_spread():
    x = ds.arange(6)
    assert x.reshape(2, 3).shape == x.reshape((2, 3)).shape == x.reshape(2, -1).shape == x.reshape([2, 3]).shape == (2, 3)
    assert x.reshape(2, 3).permute(1, 0).shape == (3, 2)
    assert x.reshape(-1).shape == (6,) and ds.tensor([3]).reshape(()).shape == ()
    assert ds.zeros(2, 3).shape == ds.zeros((2, 3)).shape == ds.zeros(size=(2, 3)).shape == (2, 3)
    assert ds.ones(3, dtype=ds.int64).dtype is ds.int64 and ds.zeros(()).shape == ()
    assert ds.ones(1, 3).expand(2, 3).shape == (2, 3)
    assert ds.zeros(np.int64(2), 3).shape == (2, 3)


def test_creation_takes_requires_grad():
    assert ds.zeros(2, requires_grad=True).requires_grad
    assert ds.randn(2, 2, requires_grad=True).is_leaf
    with pytest.raises(TypeError, match="exp: unexpected argument 'requires_grad'"):
        ds.exp(ds.zeros(2), requires_grad=True)


@pytest.mark.parametrize("call, kind, words", [
    (lambda: ds.add(1), TypeError, "add: argument 'other' is missing"),
    (lambda: ds.add(1, 2, 3, 4), TypeError, "add: takes 3 arguments, but 4 are given"),
    (lambda: ds.add(ds.zeros(2), [1, 2]), TypeError, "add: argument 'other' must be a tensor, number or array, but is a list of 2 int"),
    (lambda: ds.add(ds.zeros(2), 1, beta=2), TypeError, "add: unexpected argument 'beta'"),
    (lambda: ds.add(ds.zeros(2), 1, other=2), TypeError, "add: argument 'other' is given twice"),
    (lambda: ds.sum(ds.zeros(2), "a"), TypeError, "sum: argument 'dim' must be an int or a sequence of ints"),
    (lambda: ds.sum(ds.zeros(2), 1.5), TypeError, "sum: argument 'dim'"),
    (lambda: ds.sum(ds.zeros(2), 3), IndexError, "sum"),
    (lambda: ds.sum(ds.zeros(2), dtype="float"), TypeError, "sum: argument 'dtype' must be a dtype"),
    (lambda: ds.zeros(2) + ds.zeros(3), ValueError, "do not broadcast"),
    (lambda: ds.zeros(2).reshape(3), ValueError, "reshape"),
    (lambda: ds.zeros(2).no_such_method, AttributeError, "no_such_method"),
])
def test_errors_name_function_argument_and_line(call, kind, words):
    with pytest.raises(kind, match=re.escape(words)) as caught:
        call()
    if kind is not AttributeError:
        assert isinstance(caught.value, ds.Error)
        assert re.search(r"\n  at \S*test_functions\.py:\d+$", str(caught.value)), str(caught.value)


def test_the_line_is_the_users():
    with pytest.raises(ValueError) as caught:
        ds.zeros(2) + ds.zeros(3)
    line = inspect.currentframe().f_lineno - 1
    assert str(caught.value).endswith(f"test_functions.py:{line}")


def test_errors_of_evaluation_name_the_line_that_recorded():
    x = ds.tensor([1.0, 2.0, 3.0])
    index = ds.tensor([0, 7])
    y = ds.index_select(x, 0, index)
    line = inspect.currentframe().f_lineno - 1
    for _ in range(2):
        with pytest.raises(IndexError) as caught:
            y.tolist()
        assert f"test_functions.py:{line}" in str(caught.value)


def test_exceptions_pickle():
    from deepseek import errors

    for name in errors.__all__:
        cls = getattr(errors, name)
        e = cls("text\nmore")
        copied = pickle.loads(pickle.dumps(e))
        assert type(copied) is cls and str(copied) == str(e) and str(e).startswith("text\nmore")


def test_functions_pickle_and_copy():
    assert pickle.loads(pickle.dumps(ds.exp))(ds.tensor(0.0)).item() == 1
    assert copy.deepcopy(ds.exp).__name__ == "exp"


def test_tensor_lists_and_tuples():
    a, b = ds.tensor([1, 2]), ds.tensor([3, 4])
    assert ds.stack([a, b]).tolist() == ds.stack((a, b), 0).tolist() == ds.stack((a, b), dim=0).tolist() == [[1, 2], [3, 4]]
    assert ds.cat((a, b)).tolist() == ds.cat([a, b], dim=0).tolist() == [1, 2, 3, 4]
    parts = ds.cat([a, b]).split(2)
    assert isinstance(parts, tuple) and [p.tolist() for p in parts] == [[1, 2], [3, 4]]
    with pytest.raises(TypeError, match="cat: argument 'tensors'"):
        ds.cat([a, "b"])


def test_grad_modes():
    x = ds.tensor([1.0], requires_grad=True)
    with ds.no_grad():
        assert not ds.is_grad_enabled() and not (x * 2).requires_grad
        with ds.enable_grad():
            assert (x * 2).requires_grad
    assert ds.is_grad_enabled()

    @ds.no_grad()
    def f():
        return x * 2

    @ds.no_grad
    def g():
        """Doc."""
        return x * 2

    assert not f().requires_grad and not g().requires_grad and g.__doc__ == "Doc." and ds.is_grad_enabled()

    @ds.no_grad()
    def generator():
        yield ds.is_grad_enabled()
        yield ds.is_grad_enabled()

    states = [(inside, ds.is_grad_enabled()) for inside in generator()]
    assert states == [(False, True), (False, True)]
    with pytest.raises(KeyError):
        with ds.no_grad():
            raise KeyError
    assert ds.is_grad_enabled()
    with ds.set_grad_enabled(False):
        assert not ds.is_grad_enabled()
    assert ds.is_grad_enabled()
    ds.set_grad_enabled(False)
    assert not ds.is_grad_enabled()
    ds.set_grad_enabled(True)
    with ds.inference_mode():
        y = x * 2
        assert not y.requires_grad and ds.is_inference_mode_enabled()
    assert not ds.is_inference_mode_enabled()


def test_modes_belong_to_the_thread():
    seen = []
    with ds.no_grad():
        t = threading.Thread(target=lambda: seen.append(ds.is_grad_enabled()))
        t.start()
        t.join()
    assert seen == [True]


def test_default_dtype():
    ds.set_default_dtype(ds.float64)
    try:
        assert ds.tensor([1.0]).dtype is ds.float64 and ds.zeros(2).dtype is ds.float64 and ds.get_default_dtype() is ds.float64
    finally:
        ds.set_default_dtype(ds.float32)
    with pytest.raises(TypeError):
        ds.set_default_dtype(ds.int64)


def test_random_state():
    ds.manual_seed(3)
    a = ds.rand(5).tolist()
    state = ds.get_rng_state()
    b = ds.rand(5).tolist()
    ds.manual_seed(3)
    assert ds.rand(5).tolist() == a and a != b and ds.initial_seed() == 3
    ds.set_rng_state(state)
    assert ds.rand(5).tolist() == b
    ds.utils.set_seed(7)
    first = (ds.rand(1).item(), np.random.rand())
    ds.utils.set_seed(7)
    assert (ds.rand(1).item(), np.random.rand()) == first


def test_memory_statistics():
    before = ds.memory.stats()["in_use"]
    x = ds.ones(1000, 1000).eval()
    assert ds.memory.stats()["in_use"] >= before + 4_000_000
    del x
    ds.memory.reset_peak()
    assert ds.memory.peak() < before + 4_000_000
    ds.memory.release()


def test_many_tensors_are_computed_in_one_call():
    x = ds.tensor([1.0, 2.0])
    y, z = x + 1, x * 3
    assert not y.is_computed()
    ds.eval(y, [z])
    assert y.is_computed() and z.is_computed()


def test_threads_record_and_evaluate_at_once():
    results: dict[int, float] = {}

    def work(k: int) -> None:
        x = ds.full((1000,), float(k))
        for _ in range(50):
            x = x + 1
            if k % 2:
                x.eval()
        results[k] = x.sum().item()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert results == {k: 1000.0 * (k + 50) for k in range(6)}


@pytest.mark.parametrize("product", [lambda i, a, b: ds.addmm(i, a, b, beta=0), lambda i, a, b: ds.baddbmm(i, a[None], b[None], beta=0)[0]])
def test_beta_of_zero_ignores_what_is_added(product):
    added = ds.full((3, 5), float("nan"), requires_grad=True)
    a, b = ds.randn(3, 4), ds.randn(4, 5)
    out = product(added, a, b)
    assert np.array_equal(out.detach().numpy(), (a @ b).numpy())
    out.sum().backward()
    assert np.array_equal(added.grad.numpy(), np.zeros((3, 5)))


def test_beta_of_zero_keeps_the_type_of_autocast():
    added, a, b = ds.randn(3, 5), ds.randn(3, 4), ds.randn(4, 5)
    with ds.autocast(dtype=ds.bfloat16):
        assert ds.addmm(added, a, b, beta=0).dtype == ds.addmm(added, a, b).dtype == ds.bfloat16


@pytest.mark.parametrize("places", [lambda x: x.max(1)[1], lambda x: x.sort()[1], lambda x: x.median(1)[1], lambda x: x.cummax(1)[1]])
def test_places_of_values_have_no_gradient(places):
    x = ds.randn(3, 4, requires_grad=True)
    indices = places(x)
    assert not indices.requires_grad and indices.is_leaf
    with pytest.raises(RuntimeError, match="require"):
        indices.sum().backward()


def test_a_bool_is_no_dim_but_may_stand_for_unbiased():
    x = ds.randn(3, 4)
    with pytest.raises(TypeError, match="dim"):
        ds.sum(x, False)
    for op in (ds.std, ds.var):
        assert op(x, False).item() == op(x, unbiased=False).item() == op(x, correction=0).item() < op(x, True).item() == op(x).item()
        assert ds.equal(op(x, 1, False, True), op(x, dim=1, correction=0, keepdim=True))


def test_torchs_requests_about_the_machine_are_taken():
    x = ds.zeros(2, 3, 4, 4, device="cpu", pin_memory=False)
    for y in (x.clone(memory_format=ds.channels_last), x.contiguous(memory_format=ds.contiguous_format), x.to("cpu", ds.float64),
              ds.ones_like(x, memory_format=ds.preserve_format), x.to(memory_format=ds.channels_last), x.half(memory_format=ds.channels_last),
              x.new_zeros(x.shape, device="cpu"), ds.arange(2, device="cpu"), ds.randint(3, (2,), device=ds.device("cpu"))):
        assert y.device == ds.device("cpu")
    for wrong in (lambda: ds.zeros(2, device="cuda"), lambda: ds.zeros(2, pin_memory=True), lambda: x.clone(memory_format="channels_last"),
                  lambda: ds.exp(x, device="cpu"), lambda: ds.add(x, x, memory_format=ds.channels_last)):
        with pytest.raises((TypeError, RuntimeError)):
            wrong()


def test_quantiles_of_lines_with_nan():
    x = ds.tensor([[1.0, float("nan"), 3.0], [1.0, 2.0, 3.0]])
    assert np.array_equal(ds.quantile(x, 0.5, 1).numpy(), [np.nan, 2.0], equal_nan=True)
    assert ds.nanquantile(x, 0.5, 1).tolist() == [2.0, 2.0]


def test_tensordot_takes_numbers_and_pairs_of_lists():
    a, b = np.random.default_rng(0).standard_normal((2, 3, 4)), np.random.default_rng(1).standard_normal((4, 3, 5))
    for dims in (0, 1, ([1, 2], [1, 0]), (2, 0), ([], [])):
        assert np.allclose(ds.tensordot(ds.tensor(a), ds.tensor(b), dims).numpy(), np.tensordot(a, b, dims))
    with pytest.raises(TypeError, match="tensordot: dims"):
        ds.tensordot(ds.tensor(a), ds.tensor(b), ([1],))
    with pytest.raises(ValueError, match="must be equal"):
        ds.tensordot(ds.tensor(a), ds.tensor(b), ([0], [0]))


def test_shapes_and_tensors_are_compared_with_pythons_bools():
    assert ds.broadcast_shapes((2, 1), (3,), 1) == (2, 3) and ds.broadcast_shapes() == ()
    with pytest.raises(ValueError, match="do not broadcast"):
        ds.broadcast_shapes((2,), (3,))
    x = ds.arange(3)
    assert x.equal(ds.arange(3)) is True and ds.equal(x, ds.arange(4)) is False
    assert ds.allclose(x.float(), x + 1e-9) is True and x.float().allclose(x + 0.1) is False


def test_negative_beside_empty_size_is_refused():
    with pytest.raises(ValueError, match="eye: sizes must not be negative"):
        ds.eye(0, -1)
