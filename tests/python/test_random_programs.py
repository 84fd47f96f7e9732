"""Random programs with views, broadcasts, in-place writes and gradients: the values of an eager reference, or a refusal.

DEEPSEEK_RANDOM_PROGRAMS=3000 runs that many instead of 300, DEEPSEEK_RANDOM_SEED=n other ones; both are printed by what fails.
"""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from random_programs import Wrong, check
from reference_tape import Tape

import deepseek as ds

COUNT = int(os.environ.get("DEEPSEEK_RANDOM_PROGRAMS", "300"))
SEED = int(os.environ.get("DEEPSEEK_RANDOM_SEED", "0"))


def test_programs_give_the_values_and_gradients_of_the_reference() -> None:
    wrong, refused, lines, backward = [], Counter[str](), 0, 0
    for seed in range(SEED, SEED + COUNT):
        try:
            outcome = check(ds, seed)
        except Wrong as error:
            wrong.append(str(error))
            continue
        lines += len(outcome.lines)
        backward += outcome.backward
        refused.update(outcome.refusals)
    assert not wrong, f"{len(wrong)} of {COUNT} programs are wrong; the first:\n{wrong[0]}"
    assert backward > COUNT // 3, "too few programs reach backward() for their gradients to say anything"
    assert sum(refused.values()) < 0.1 * lines, refused.most_common(5)


def test_the_reference_knows_aliases_overwritten_values_and_unrecorded_writes() -> None:
    tape = Tape()
    leaf = tape.array(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    y = tape.result(leaf.value * 2, [(leaf, lambda g: g * 2)])
    part = tape.view(y, lambda p: p[1:])
    before = part.value
    tape.write(part, before**2, [(part, lambda g: g * 2 * before)])
    tape.enabled = False
    tape.write(y, y.value + 100, [])
    tape.enabled = True
    np.testing.assert_array_equal(y.value, [102, 116, 136])
    np.testing.assert_array_equal(part.value, [116, 136])
    tape.backward([(y, np.ones(3))])
    np.testing.assert_array_equal(tape.leaves[0][1], [2, 2 * 8, 2 * 12])


@pytest.mark.parametrize("change", ["value", "gradient"])
def test_a_wrong_value_or_gradient_is_found(change: str) -> None:
    original = ds.Tensor.sin
    replaced = (lambda x: original(x) + 1e-3) if change == "value" else (lambda x: original(x).detach() + (x - x.detach()) * 0.5)
    ds.Tensor.sin = replaced  # type: ignore[method-assign, assignment]
    try:
        with pytest.raises(Wrong, match="seed"):
            for seed in range(100):
                check(ds, seed)
    finally:
        ds.Tensor.sin = original  # type: ignore[method-assign]
