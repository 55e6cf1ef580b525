"""One small recurrent model, compiled once for each target."""

from __future__ import annotations

from typing import Any

import models
import numpy as np
import pytest

import axonc
from axonc import Graph, Program

OPTIONS = {"slice_size": 3, "strategy": "spread"}


@pytest.fixture(scope="session")
def graph() -> Graph:
    """Six recurrent CubaLIF neurons and two that read them out."""
    return axonc.load(models.recurrent(), semantics="nir,dt=1e-3")


@pytest.fixture(scope="session")
def program(graph: Graph) -> Program:
    """The graph on emulated cores."""
    return axonc.compile(graph, **OPTIONS)


@pytest.fixture(scope="session")
def native(graph: Graph) -> Program:
    """The graph on this computer."""
    return axonc.compile(graph, target="native", **OPTIONS)


@pytest.fixture(scope="session")
def reference(graph: Graph) -> Program:
    """The graph interpreted, in float."""
    return axonc.compile(graph, target="reference")


@pytest.fixture(scope="session")
def x() -> np.ndarray[Any, Any]:
    """Events: 3 samples of 20 steps."""
    return models.events((3, 20, 3))
