"""Recurrent layers against loops in numpy: names and layouts of parameters, packed and masked sequences, states, threads."""

import numpy as np
import pytest
from recurrent_references import recurrent, recurrent_cell

import deepseek
from deepseek import nn
from deepseek.nn.utils import rnn

KINDS = {"RNN": "tanh", "GRU": "gru", "LSTM": "lstm"}


def numbers(tensors):
    return [t.detach().numpy().astype(np.float64) for t in tensors]


def flat(result):
    y, state = result
    return [y, *(state if isinstance(state, tuple) else (state,))]


def in_numpy(layer, x, states, lengths=None):
    kind = "relu" if getattr(layer, "nonlinearity", "") == "relu" else KINDS[type(layer).__name__]
    params = numbers(layer.parameters())
    return recurrent(kind, x, states, params, layer.bias, layer.num_layers, layer.bidirectional, layer.batch_first, lengths)


def zero_states(layer, items):
    rows = layer.num_layers * (2 if layer.bidirectional else 1)
    widths = [layer.hidden_size] * (2 if isinstance(layer, nn.LSTM) else 1)
    widths[0] = getattr(layer, "proj_size", 0) or widths[0]
    return [np.zeros((rows, items, w)) for w in widths]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True, "bias": False}, {"num_layers": 3, "dropout": 0.5}])
def test_against_loops(name, options):
    layer = getattr(nn, name)(5, input_size=4, **options).eval().double()
    x = np.random.default_rng(1).standard_normal((7, 3, 4))
    y = layer(deepseek.tensor(x))
    items = x.shape[0] if layer.batch_first else x.shape[1]
    for got, want in zip(numbers(flat(y)), in_numpy(layer, x, zero_states(layer, items)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("batch,hidden", [(1, 70), (13, 33), (50, 40), (64, 200)])  # one item; each step in parts; items in parts
@pytest.mark.parametrize("name", KINDS)
def test_sizes_that_kernels_cut_differently(name, batch, hidden):
    layer = getattr(nn, name)(hidden, input_size=9, bidirectional=True)
    x = np.random.default_rng(2).standard_normal((5, batch, 9)).astype(np.float32)
    results = []
    for threads in (1, 2, 3):
        deepseek.set_num_threads(threads)
        given = deepseek.tensor(x).requires_grad_()
        outputs = flat(layer(given))
        grads = deepseek.autograd.grad(sum((o * o).sum() for o in outputs), [given, *layer.parameters()])
        results.append([t.detach().numpy() for t in (*outputs, *grads)])
    deepseek.set_num_threads(2)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert np.array_equal(a, b)  # the number of threads changes no bit
    for got, want in zip(results[0], in_numpy(layer, x.astype(np.float64), zero_states(layer, batch))):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_projection_and_states():
    layer = nn.LSTM(6, num_layers=2, bidirectional=True, proj_size=3, input_size=4).double()
    assert layer.weight_hr_l1_reverse.shape == (3, 6) and layer.weight_ih_l1.shape == (24, 6) and layer.weight_hh_l0.shape == (24, 3)
    generator = np.random.default_rng(3)
    x, h, c = (generator.standard_normal(s) for s in ((5, 2, 4), (4, 2, 3), (4, 2, 6)))
    y, (hn, cn) = layer(deepseek.tensor(x), (deepseek.tensor(h), deepseek.tensor(c)))
    for got, want in zip(numbers([y, hn, cn]), in_numpy(layer, x, [h, c]), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    single, (h1, _) = layer(deepseek.tensor(x[:, 0]), (deepseek.tensor(h[:, 0]), deepseek.tensor(c[:, 0])))
    np.testing.assert_allclose(single.detach().numpy(), y.detach().numpy()[:, 0], rtol=1e-12)
    assert h1.shape == (4, 3)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_packed_and_masked(name, batch_first, bidirectional):
    layer = getattr(nn, name)(4, num_layers=2, batch_first=batch_first, bidirectional=bidirectional, input_size=3).double()
    lengths = np.array([3, 6, 1, 4])
    x = np.random.default_rng(4).standard_normal((4, 6, 3))
    for row, n in zip(x, lengths):
        row[n:] = np.nan  # nobody may look behind the end
    given = deepseek.tensor(x if batch_first else x.transpose(1, 0, 2).copy()).requires_grad_()
    masked = flat(layer(given, lengths=deepseek.tensor(lengths)))
    clean = np.nan_to_num(given.detach().numpy())
    for got, want in zip(numbers(masked), in_numpy(layer, clean, zero_states(layer, 4), lengths), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    packed = rnn.pack_padded_sequence(given, deepseek.tensor(lengths), batch_first, enforce_sorted=False)
    out, state = layer(packed)
    assert isinstance(out, rnn.PackedSequence) and out.data.shape == (lengths.sum(), 8 if bidirectional else 4)
    padded, found = rnn.pad_packed_sequence(out, batch_first)
    assert found.tolist() == lengths.tolist()
    for got, want in zip(numbers(flat((padded, state))), numbers(masked), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    grads = deepseek.autograd.grad((masked[0] ** 2).sum() + masked[1].sum(), [given, *layer.parameters()])
    again = deepseek.autograd.grad((out.data**2).sum() + flat((out, state))[1].sum(), [given, *layer.parameters()])
    for a, b in zip(numbers(grads), numbers(again), strict=True):
        assert np.isfinite(a).all() and np.abs(a).max() > 0
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_cells_follow_the_layers():
    generator = np.random.default_rng(5)
    x = generator.standard_normal((6, 2, 3))
    for name, kind in KINDS.items():
        layer, cell = getattr(nn, name)(4, input_size=3).double(), getattr(nn, name + "Cell")(4, input_size=3).double()
        cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
        state = None
        for step in x:
            state = cell(deepseek.tensor(step), state)
        want = flat(layer(deepseek.tensor(x)))[1:]
        for got, last in zip(state if isinstance(state, tuple) else (state,), want, strict=True):
            np.testing.assert_allclose(got.detach().numpy(), last.detach().numpy()[0], rtol=1e-12)
        hx = [generator.standard_normal(4) for _ in want]
        given = deepseek.tensor(hx[0]) if len(hx) == 1 else tuple(deepseek.tensor(h) for h in hx)
        got = cell(deepseek.tensor(x[0, 0]), given)
        expected = recurrent_cell(kind, x[0, 0], hx, *numbers(cell.parameters()))
        np.testing.assert_allclose((got[0] if kind == "lstm" else got).detach().numpy(), expected[0], rtol=1e-12)


def test_names_initial_values_and_learnt_width():
    layer = nn.GRU(50, num_layers=2, bidirectional=True)
    assert not layer._built()
    layer(deepseek.randn(2, 1, 7))
    names = [f"{kind}_l{i}{suffix}" for i in (0, 1) for suffix in ("", "_reverse") for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    assert list(layer.state_dict()) == names and layer.weight_ih_l1.shape == (150, 100) and layer.input_size == 7
    bound = 1 / np.sqrt(50)
    for p in numbers(layer.parameters()):
        assert 0.9 * bound < np.abs(p).max() <= bound
    fresh = nn.GRU(50, num_layers=2, bidirectional=True)
    fresh.load_state_dict(layer.state_dict())
    x = deepseek.randn(3, 2, 7)
    np.testing.assert_array_equal(fresh(x)[0].detach().numpy(), layer(x)[0].detach().numpy())
    with pytest.raises(ValueError, match="7 features"):
        layer(deepseek.randn(2, 1, 8))


def test_dropout_between_layers_only_in_training():
    layer = nn.LSTM(8, num_layers=2, dropout=0.5, input_size=8)
    x = deepseek.randn(4, 2, 8)
    assert not np.array_equal(layer(x)[0].detach().numpy(), layer(x)[0].detach().numpy())
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].detach().numpy(), layer(x)[0].detach().numpy())


def test_half_precision_and_autocast():
    layer, x = nn.LSTM(16, input_size=8), deepseek.randn(5, 3, 8)
    want = layer(x)[0].detach().numpy()
    with deepseek.amp.autocast(dtype=deepseek.bfloat16):
        mixed = layer(x)[0]
    assert mixed.dtype == deepseek.float32
    np.testing.assert_array_equal(mixed.detach().numpy(), want)
    half = layer.to(deepseek.bfloat16)(x.to(deepseek.bfloat16))[0]
    assert half.dtype == deepseek.bfloat16
    np.testing.assert_allclose(half.float().detach().numpy(), want, atol=0.02)


def test_learns_to_remember():
    """The first element of a sequence is asked for at its end."""
    deepseek.manual_seed(1)
    generator = np.random.default_rng(6)
    layer, head = nn.LSTM(16, input_size=1), nn.Linear(1, in_features=16)
    optimizer = deepseek.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
    for _ in range(200):
        x = deepseek.tensor(generator.choice([-1.0, 1.0], (5, 32, 1)).astype(np.float32))
        loss = ((head(layer(x)[1][0][0]) - x[0]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


def test_helpers_of_sequences():
    parts = [deepseek.arange(n * 2).reshape(n, 2).float() + 1 for n in (3, 1, 2)]
    padded = rnn.pad_sequence(parts, batch_first=True, padding_value=-1)
    assert padded.shape == (3, 3, 2) and padded[1, 1:].tolist() == [[-1, -1], [-1, -1]]
    assert rnn.pad_sequence(parts, padding_side="left")[0, 1].tolist() == [0, 0]
    back = rnn.unpad_sequence(padded, deepseek.tensor([3, 1, 2]), batch_first=True)
    assert [b.tolist() for b in back] == [p.tolist() for p in parts]
    packed = rnn.pack_sequence(parts, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [3, 2, 1] and packed.sorted_indices.tolist() == [0, 2, 1]
    assert packed.data[:3].tolist() == [[1, 2], [1, 2], [1, 2]] and packed.double().data.dtype == deepseek.float64
    assert [p.tolist() for p in rnn.unpack_sequence(packed)] == [p.tolist() for p in parts]
    out, lengths = rnn.pad_packed_sequence(packed, total_length=5, padding_value=9)
    assert out.shape == (5, 3, 2) and lengths.tolist() == [3, 1, 2] and out[4].tolist() == [[9, 9]] * 3
    with pytest.raises(ValueError, match="must not grow"):
        rnn.pack_sequence(parts[1:])
    with pytest.raises(ValueError, match=r"lie in \[1, 3\]"):
        rnn.pack_padded_sequence(padded, [3, 0, 2], batch_first=True)
    with pytest.raises(ValueError, match="total_length"):
        rnn.pad_packed_sequence(packed, total_length=2)


def test_refusals():
    layer = nn.LSTM(4, input_size=3)
    x = deepseek.randn(5, 2, 3)
    with pytest.raises(TypeError, match=r"hx must be \(h_0, c_0\)"):
        layer(x, deepseek.zeros(1, 2, 4))
    with pytest.raises(ValueError, match=r"hx must be \(1, 2, 4\)"):
        layer(x, (deepseek.zeros(1, 3, 4), deepseek.zeros(1, 3, 4)))
    with pytest.raises(ValueError, match=r"lengths must lie in \[0, 5\]"):
        layer(x, lengths=deepseek.tensor([5, 6]))[0].detach().numpy()
    with pytest.raises(ValueError, match="proj_size"):
        nn.LSTM(4, proj_size=4)
    with pytest.raises(ValueError, match="nonlinearity"):
        nn.RNN(4, nonlinearity="sigmoid")
    with pytest.raises(TypeError, match="convert one of them"):
        layer(x.double())
