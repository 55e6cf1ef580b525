"""What a pass is, and the pipeline that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from axonc.ir import AxoncError, Graph, ModelError, verify
from axonc.ir.progress import stage

OF_PARAMETERS = ("AX302", "AX306", "AX402")
"""What a pass may do to a sound graph whose parameters are extreme: push a value out of its range or format."""


@dataclass(frozen=True)
class Pass:
    """A rewrite of the graph; its dataclass fields are its options, in Python and in the text form alike.

    The graph must be valid before and is valid after. ``run`` returns the graph and whether it changed.
    """

    name: ClassVar[str] = "pass"
    requires: ClassVar[str] = ""
    ensures: ClassVar[str] = ""

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        """The rewritten graph, and whether anything changed."""
        raise TypeError(f"{self.name} does not define run")

    def __str__(self) -> str:
        """The text form: ``name{option=value,...}``, without lists that are empty."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        options = ",".join(f"{name}={value}" for name, value in values.items() if value != ())
        return f"{self.name}{{{options}}}" if options else self.name


def run_pipeline(graph: Graph, passes: Sequence[Pass]) -> list[tuple[Pass, Graph]]:
    """The graph after every pass, verified in between; an error names the passes that had run."""
    stages: list[tuple[Pass, Graph]] = []
    for step in passes:
        try:
            with stage(step.name), np.errstate(all="ignore"):  # what overflows is found below
                graph, _ = step.run(graph)
        except AxoncError as error:
            error.add_note(f"in the pass {step.name}, after {_names(stages)}")
            raise
        with stage("verify"):
            problems = verify(graph)
        if problems and all(problem.code in OF_PARAMETERS for problem in problems):
            raise ModelError(problems)
        if problems:
            listed = "\n".join(map(str, problems))
            raise RuntimeError(f"the pass {step.name} broke the graph, after {_names(stages)}:\n{listed}")
        done = graph.properties.get("pipeline")
        graph = graph.with_properties(pipeline=f"{done}; {step}" if done else str(step))
        stages.append((step, graph))
    return stages


def _names(stages: Sequence[tuple[Pass, Graph]]) -> str:
    return ", ".join(step.name for step, _ in stages) or "no other"
