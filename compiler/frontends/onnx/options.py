"""What an ONNX model leaves open, chosen explicitly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from axonc.ir import Diagnostic, ModelError

TIMES = ("auto", "sequence", "call")
BATCHES = ("auto", "remove", "keep")


@dataclass(frozen=True)
class OnnxOptions:
    """How the tensors of an ONNX model become signals in steps.

    ``time``: ``sequence``: the axis over which GRU, LSTM, RNN, Scan or Loop run is the axis of steps: a step takes one
    element of it; ``call``: a step is a call of the whole model, recurrences inside are unrolled; ``auto``: sequence
    where the model has such an operator and all of it can run step by step, else call.
    ``batch``: ``remove``: the first axis (beside time) holds samples, signals have none; ``keep``: it is part of the
    signals; ``auto``: remove it where that is possible.
    ``states``: inputs of the model that are its states, with the outputs that are their next values; they begin
    at 0. Empty: by their names (h0 and h1, h and h_out, state_in and state_out, past_h and present_h), unless ``auto``
    is off.
    ``dims``: extents of axes that the model only names.
    ``segment``: before every step that this number divides, the cells c of all EGRUs are set to 0, while their events y
    are handed on: what training in segments of so many steps computes (and what perplexities of language models were
    measured with). None: a cell is kept as long as the sequence lasts, as a device keeps it that is fed a stream.
    """

    time: str = "auto"
    batch: str = "auto"
    states: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    named_states: bool = True
    dims: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    segment: int | None = None

    def __post_init__(self) -> None:
        for name, value, values in (("time", self.time, TIMES), ("batch", self.batch, BATCHES)):
            if value not in values:
                raise _wrong(f"{name}={value}", f"one of {', '.join(values)}")
        if self.segment is not None and self.segment < 1:
            raise _wrong(f"segment={self.segment}", "at least 1 step, or none")


def parse_options(text: str | OnnxOptions | None) -> OnnxOptions:
    """``time=call,batch=keep,state=h:h_next,dim=N:4,segment=70``: the text form; ``state`` and ``dim`` repeat;
    ``states=none`` takes no input for a state, ``segment=none`` is the default."""
    if text is None or isinstance(text, OnnxOptions):
        return text or OnnxOptions()
    chosen, states, dims = OnnxOptions(), {}, {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = part.partition("=")
        name, _, other = value.rpartition(":")
        if key in ("time", "batch") and value:
            chosen = replace(chosen, time=value) if key == "time" else replace(chosen, batch=value)
        elif key == "state" and name and other:
            states[name] = other
        elif key == "dim" and name and other.isdecimal():
            dims[name] = int(other)
        elif key == "segment" and (value.isdecimal() or value == "none"):
            chosen = replace(chosen, segment=None if value == "none" else int(value))
        elif part == "states=none":
            chosen = replace(chosen, named_states=False)
        else:
            raise _wrong(part, "time=, batch=, state=INPUT:OUTPUT, states=none, dim=NAME:N, segment=N")
    return replace(chosen, states=MappingProxyType(states), dims=MappingProxyType(dims))


def _wrong(found: str, limit: str) -> ModelError:
    return ModelError(Diagnostic("AX403", "", f"the option {found!r}", limit, "correct it"))
