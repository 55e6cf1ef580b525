"""A program's machine in hand, so that its engine can be timed without what surrounds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from axonc import Program
from axonc.backends.spinnaker2.engine import Machine, RunResult


def engine_run(program: Program, x: Any) -> Callable[[], RunResult]:
    """What `Program.run` asks of the machine: the same slots, with the events encoded beforehand."""
    with patch.object(Machine, "run", autospec=True, side_effect=Machine.run) as spy:
        program.run(x)
    (machine,), options = spy.call_args
    return lambda: machine.run(**options)  # type: ignore[no-any-return]
