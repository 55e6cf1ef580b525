"""Files of other tools, if they are there: AXONC_SHARED, or a folder ``shared`` beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("AXONC_SHARED", Path(__file__).parents[2] / "shared")) / "data"
ROOT = DATA / "nir"


def recorded(name: str) -> Path:
    """A file of the data set; the test is skipped where it is absent."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"the recorded data {name} are not here: set AXONC_SHARED to the folder that holds data/nir")
    return path


def files(*folders: str) -> list[Path]:
    """All files of folders of the data set; none where it is absent."""
    return sorted(path for folder in folders for path in (ROOT / folder).glob("*.nir"))


def exported(name: str) -> Path:
    """A model that torch exported to ONNX; the test is skipped where it is absent."""
    path = DATA / "onnx" / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"the exported model {name} is not here: set AXONC_SHARED to the folder that holds data/onnx")
    return path
