"""Several Python threads read one tensor, run one model, and record while another one computes (which it does without the GIL)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

import deepseek as ds
from deepseek import nn

THREADS = 4


def together(body: Callable[[int], None]) -> None:
    """Runs body(thread) on all threads at once; the first error of one is raised here."""
    start = threading.Barrier(THREADS)
    errors: list[BaseException] = []

    def run(thread: int) -> None:
        try:
            start.wait()
            body(thread)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run, args=(t,)) for t in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


@pytest.fixture
def data() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(256, 256)).astype(np.float32)


def test_one_pending_tensor_is_read_by_all(data: np.ndarray) -> None:
    for _ in range(20):
        pending = ds.tensor(data) * 2 + 1
        on_top = pending @ pending
        seen: dict[int, np.ndarray] = {}
        together(lambda t: seen.__setitem__(t, (pending if t % 2 else on_top).numpy()))
        wanted = data * 2 + 1
        for t, values in seen.items():
            np.testing.assert_allclose(values, wanted if t % 2 else wanted @ wanted, rtol=1e-4, atol=2e-3)


def test_views_of_one_tensor_are_made_by_all(data: np.ndarray) -> None:
    x = ds.tensor(data, requires_grad=True)

    def body(t: int) -> None:
        for i in range(50):
            part = x.T[i, t:] * 2 + x.detach()[i, t:]
            np.testing.assert_array_equal(part.detach().numpy(), data.T[i, t:] * 2 + data[i, t:])

    together(body)


def test_a_view_is_read_by_all_after_its_base_was_written(data: np.ndarray) -> None:
    for i in range(20):
        x = ds.tensor(data)
        view = x.T
        x += i
        together(lambda t: np.testing.assert_array_equal((view if t % 2 else view * 1).numpy(), (data + np.float32(i)).T))


def test_one_model_is_run_by_all_from_its_first_call(data: np.ndarray) -> None:
    model = nn.Sequential(nn.Linear(64), nn.BatchNorm1d(), nn.ReLU(), nn.Linear(10)).eval()
    seen: dict[int, np.ndarray] = {}

    def body(t: int) -> None:
        for _ in range(10):
            seen[t] = model(ds.tensor(data[t::THREADS])).detach().numpy()

    together(body)
    for t in range(THREADS):
        np.testing.assert_array_equal(seen[t], model(ds.tensor(data[t::THREADS])).detach().numpy())


def test_recording_goes_on_while_another_thread_computes(data: np.ndarray) -> None:
    x = ds.tensor(data)
    for _ in range(5):
        shared = x @ x
        deep = shared
        for _ in range(20):
            deep = deep @ x * 0.05
        recorded: dict[int, ds.Tensor] = {}

        def body(t: int) -> None:
            if t == 0:
                deep.eval()  # noqa: B023
            mine = shared  # noqa: B023
            for _ in range(100):
                mine = mine + t
            recorded[t] = mine  # noqa: B023

        together(body)
        for t, y in recorded.items():
            np.testing.assert_allclose(y.numpy(), data @ data + 100 * t, rtol=1e-4, atol=1e-2)
