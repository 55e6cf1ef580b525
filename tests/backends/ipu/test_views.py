"""Tensors are views: compared with numpy's."""

from __future__ import annotations

import ipu_programs
import numpy as np
import pytest

T = np.arange(24).reshape(2, 3, 4)
C = np.arange(10, 16).reshape(2, 3)


def _target() -> np.ndarray:
    """What two writes through views leave behind, the second of which reads what it writes."""
    target = np.full((4, 3), 7)
    target[1:4, 1:3] = C.T
    target[1:3] = target[0:2].copy()
    return target


EXPECTED = {
    "whole": T,
    "index": T[1],
    "indices": T[1, 2],
    "slice": T[:, :, 1:3],
    "box": T[0:1, 1:3, 1:3],
    "flatten": T.ravel(),
    "partial": T.reshape(3, 2, 4),
    "reshape": T.reshape(4, 6),
    "shuffle": T.transpose(2, 0, 1),
    "roll": np.moveaxis(T, 2, 0),
    "some": np.moveaxis(T, 0, 2),
    "transpose": T[0].T,
    "expand": C[None, :, :, None],
    "squeeze": T[0],
    "broadcast": np.tile(C, (1, 2)),
    "repeated": np.full(3, C.ravel()[4]),
    "reverse": T[:, ::-1],
    "mirror": T[:, :, ::-1],
    "sample": T[:, :, ::2],
    "sampled": T[:, ::2],
    "upsample": np.repeat(C, 2, axis=1),
    "concat": np.concatenate([T[0], T[1]], axis=1),
    "joined": np.concatenate([C, C[::-1], C]),
    "append": np.concatenate([C, T[0, 0, :2, None]], axis=1),
    "mixed": np.concatenate([T.transpose(2, 1, 0)[1:3].ravel(), C.T.ravel()])[::-1][::3],
    "target": _target(),
}


@pytest.fixture(scope="module")
def shown() -> dict[str, np.ndarray]:
    return ipu_programs.values(ipu_programs.run("views"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_view_has_the_elements_of_numpys(shown: dict[str, np.ndarray], name: str) -> None:
    expected = EXPECTED[name]
    shape = ",".join(map(str, expected.shape))
    np.testing.assert_array_equal(shown[f"{name}{{{shape}}}"], expected.ravel())


def test_facts_of_views(shown: dict[str, np.ndarray]) -> None:
    """In order: contiguous, its transpose is not, a broadcast has aliases, a variable has none, a constant is one, a
    variable can be written, a constant cannot, a part meets the whole, parts do not meet, equal views, the rank."""
    assert f"{shown['facts'][0]:.0f}" == "10101101011"


def test_a_view_knows_the_tiles_of_its_elements(shown: dict[str, np.ndarray]) -> None:
    """24 elements in grains of one over five tiles are 5 a tile; the first 12 lie on three."""
    np.testing.assert_array_equal(shown["mapping"], [5, 5, 2, 0, 0])
