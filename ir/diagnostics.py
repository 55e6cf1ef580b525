"""Diagnostics: one line a problem, with a stable code, and the exceptions that carry them.

A line reads ``CODE node: what was found; the limit; what to change``. Codes never change their meaning;
`CODES` lists them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CODES = {
    "AX101": "the file cannot be read as a model",
    "AX102": "a node type that this frontend does not know",
    "AX103": "a parameter is missing, has the wrong shape or the wrong type",
    "AX104": "an edge is doubled, or names a node that does not exist",
    "AX105": "the file reaches outside itself, or is too large",
    "AX106": "a name is used twice",
    "AX107": "the graph has no input or no output",
    "AX108": "a name cannot be used",
    "AX110": "repaired: an edge named no node; it was attached to the only node that it can mean",
    "AX111": "repaired: an input or output node was missing; it was added, or edges pass without it",
    "AX112": "repaired: an input or output node inside the graph; it was read as passing on",
    "AX113": "repaired: parameters of one population had different shapes; they were spread to its shape",
    "AX114": "repaired: a parameter was missing; its default was taken",
    "AX115": "repaired: a stated shape contradicts the graph; the true one was taken",
    "AX116": "repaired: a shape counted a batch axis; it was left out",
    "AX117": "repaired: a shape was not stated; it was found from the graph",
    "AX118": "the time step was recovered from the model's parameters",
    "AX119": "the given time step differs from the one in the model's parameters",
    "AX120": "repaired: axonc's metadata do not belong to the model's fields; the fields were taken",
    "AX121": "repaired: axonc's metadata cannot be understood; the model's fields were taken",
    "AX130": "an operator that this frontend does not know",
    "AX131": "a form of an operator that is not supported",
    "AX132": "a value must be known when the model is compiled",
    "AX133": "the model does not say how large an axis is",
    "AX134": "an axis of time or of samples cannot be taken from the model",
    "AX135": "a loop that was unrolled when the model was exported cannot be rolled up again",
    "AX136": "segments are chosen for a model without cells that have them",
    "AX201": "no time step is given",
    "AX202": "a semantics option is unknown or has an unknown value",
    "AX203": "the time step is too large for the integrator",
    "AX204": "a time constant is not positive",
    "AX205": "the file does not say how neurons are reset",
    "AX206": "the semantics ask for something that this operation cannot do",
    "AX207": "a choice for single nodes is made for no neuron",
    "AX208": "a choice for the whole graph is made for single nodes",
    "AX301": "shapes do not fit",
    "AX302": "a parameter is not finite",
    "AX303": "a cycle has no delay and no state",
    "AX304": "an input of a node does not exist",
    "AX305": "an operation stands in the wrong stage of compilation",
    "AX306": "a parameter is out of its range",
    "AX401": "an accumulator may overflow",
    "AX402": "a state does not fit its number format",
    "AX403": "a number format or option is unknown",
    "AX404": "a time constant is distorted by its number format",
    "AX405": "the range of a dense input is assumed",
    "AX406": "weights that enter one sum have different formats",
    "AX407": "options of the quantisation contradict each other",
    "AX408": "a state reaches the limit of its format on the user's data",
    "AX409": "the user's data say nothing about a state",
    "AX410": "a number format is chosen for nothing",
    "AX411": "what pruning is asked for does not fit the graph",
    "AX412": "units were removed that the user's data leave silent",
    "AX413": "thresholds were moved to bring activity to a rate",
    "AX415": "the first values of a search do not keep what is asked",
    "AX501": "a core or the machine has too little memory",
    "AX502": "the machine has too few cores",
    "AX503": "the routing table is full",
    "AX504": "the key space is full",
    "AX505": "a core has too little time in a tick",
    "AX506": "a link between chips carries too little",
    "AX601": "the target does not support an operation",
    "AX602": "the target does not support a signal between populations",
    "AX603": "the target is unknown, or not installed",
    "AX604": "the target does not compute with a number format",
    "AX605": "the engine does not run this kind of program",
    "AX607": "a value does not fit the payload of an event",
    "AX701": "the input data do not fit the model",
    "AX702": "a node to record does not exist",
    "AX703": "a file cannot be read or written",
    "AX704": "a configuration file is not understood",
    "AX705": "labels or targets do not fit the data, or the output that they are for",
    "AX706": "a model is not the one that a build was compiled from",
    "AX707": "a checkpoint belongs to another training",
    "AX708": "a state to begin with does not fit the model, or the way in which it is run",
    "AX711": "the file format cannot express something; axonc's metadata in the file keep it",
    "AX712": "a name cannot stand in a file of this format; it was written in another form",
    "AX713": "the model is too large for a file of this format",
    "AX714": "a file of this format has no node for an operation",
    "AX801": "the target's result differs from the reference",
    "AX810": "an operation has no derivative",
    "AX811": "a gate has no surrogate gradient, or a reset without derivative",
    "AX812": "training diverged: a value is no longer finite",
    "AX820": "no plan of checkpoints fits the memory",
    "AX821": "a size or a cost of a plan of checkpoints is out of its range",
    "AX822": "a plan of checkpoints is unknown, or not possible here",
    "AX823": "a training option is one that the target's programs do not have",
    "AX901": "the compiler or a tool is missing or failed",
    "AX902": "a core of the machine stopped with a fault",
    "AX903": "workers cannot be reached, or were lost",
}
"""Every diagnostic code and what it stands for."""


@dataclass(frozen=True)
class Diagnostic:
    """One problem: where, what was found, what the limit is, what to change."""

    code: str
    node: str
    found: str
    limit: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(self.code)

    def __str__(self) -> str:
        place = f"{self.code} {self.node}: " if self.node else f"{self.code} "
        parts = (part for part in (self.found, self.limit, self.remedy) if part)
        return " ".join((place + "; ".join(parts)).split())

    def to_dict(self) -> dict[str, str]:
        """The JSON form."""
        return {"code": self.code, "node": self.node, "found": self.found, "limit": self.limit, "remedy": self.remedy}


class AxoncError(Exception):
    """Base of the project's errors: holds every diagnostic; ``exit_code`` is what the command line returns."""

    exit_code = 2

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        several = (diagnostics,) if isinstance(diagnostics, Diagnostic) else tuple(diagnostics)
        self.diagnostics = several
        super().__init__(several)

    def __str__(self) -> str:
        return "\n".join(map(str, self.diagnostics))


class ModelError(AxoncError):
    """The model, its data or the options are not acceptable; a model too large for the machine included."""

    exit_code = 2


class MismatchError(AxoncError):
    """A target's result differs from the reference."""

    exit_code = 1


class ToolError(AxoncError):
    """A compiler or another tool is missing or failed."""

    exit_code = 3


def raise_if_any(diagnostics: Iterable[Diagnostic]) -> None:
    """Raise one `ModelError` with all of ``diagnostics``, if there is one."""
    several = tuple(diagnostics)
    if several:
        raise ModelError(several)
