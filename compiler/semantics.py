"""Semantics: every choice that a model in continuous time leaves open, in one value.

The text form is ``PRESET,field=value,...``; it is the same on the command line, in the API and in the manifest.
The presets' equations are documented in ``docs/semantics.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_type_hints

from axonc.ir import Diagnostic, ModelError

Integrator = Literal["euler", "exponential"]
EventModel = Literal["pulse", "dirac"]
Reset = Literal["v_reset", "zero", "subtract", "subtract_guarded", "none"]


@dataclass(frozen=True)
class Semantics:
    """How a model in continuous time becomes a program in steps.

    * ``dt``: the time step, in the unit of the model's time constants; None: not given (an error where it matters).
    * ``integrator``: with h = dt / tau, ``euler``: decay 1 - h, input gain h; ``exponential``: exp(-h), 1 - exp(-h).
    * ``leaky_event``, ``if_event``: what an input event is to a leaky neuron (LI, LIF, CubaLI, CubaLIF) and to one
      without leak (I, IF): a ``pulse`` of height 1 that lasts one step, or a ``dirac`` impulse.
    * ``sees``: whether v sees the ``new`` or the ``old`` synaptic current of the step.
    * ``compare``: a spike when v ``gt`` or ``ge`` the threshold.
    * ``reset``: what a spike does: ``v_reset`` (to the file's value), ``zero``, ``subtract`` (the threshold),
      ``subtract_guarded`` (snnTorch's guard against a double reset), ``none``.
    * ``forward_delay``: steps (0 or 1) that events take on edges out of an input or a stateful node, those to a model
      output excepted.
    * ``feedback``: which edges of a cycle carry the delay: ``source``: every edge that leaves a stateful node for
      another node of its strongly connected component.
    * ``bias``: how an affine bias reaches a neuron with synapse: through it (``synapse``), or as its steady state
      added to v from step 0 on (``offset``).
    * ``weight_rounding``, ``weight_scope``: default of the quantiser: ``nearest`` or ``truncate``; one scale for all
      weights into a population (``fan_in``), or one an output channel (``channel``).
    * ``state``: default number format of states on a target with a choice.
    """

    preset: str
    dt: float | None = None
    integrator: Integrator = "euler"
    leaky_event: EventModel = "pulse"
    if_event: EventModel = "dirac"
    sees: Literal["new", "old"] = "new"
    compare: Literal["gt", "ge"] = "gt"
    reset: Reset = "v_reset"
    forward_delay: Literal[0, 1] = 0
    feedback: Literal["source"] = "source"
    bias: Literal["synapse", "offset"] = "synapse"
    weight_rounding: Literal["nearest", "truncate"] = "nearest"
    weight_scope: Literal["fan_in", "channel"] = "fan_in"
    state: str = "q32"

    def __str__(self) -> str:
        """The text form, with every field in which this differs from its preset."""
        base = PRESETS[self.preset]
        changed = [f.name for f in fields(self) if getattr(self, f.name) != getattr(base, f.name)]
        return ",".join([self.preset, *(f"{name}={_text(getattr(self, name))}" for name in changed)])


PRESETS = {
    "nir": Semantics("nir"),
    "snntorch": Semantics("snntorch", reset="zero"),
    "spinnaker2": Semantics(
        "spinnaker2", reset="zero", forward_delay=1, bias="offset", weight_rounding="truncate", state="float32"
    ),
}
"""The presets. ``nir``: the equations of the NIR paper, forward Euler. ``snntorch``: what snnTorch computes for an
imported graph. ``spinnaker2``: what py-spinnaker2 runs on the chip (proved on recorded spikes)."""


def parse_semantics(text: str | Semantics) -> Semantics:
    """The semantics of a text ``PRESET,field=value,...``; `ModelError` lists every unknown name or value."""
    if isinstance(text, Semantics):
        return text
    preset, *settings = (part.strip() for part in text.split(","))
    if preset not in PRESETS:
        known = f"known presets: {', '.join(PRESETS)}"
        raise ModelError(Diagnostic("AX202", "", f"the semantics {preset!r}", known, "choose one of them"))
    problems: list[Diagnostic] = []
    changes = dict(_setting(setting, problems) for setting in settings)
    if problems:
        raise ModelError(problems)
    return replace(PRESETS[preset], **changes)  # type: ignore[arg-type]


def _setting(setting: str, problems: list[Diagnostic]) -> tuple[str, object]:
    name, _, value = setting.partition("=")
    hints = get_type_hints(Semantics)
    if name not in hints or name == "preset":
        known = ", ".join(hint for hint in hints if hint != "preset")
        problems.append(Diagnostic("AX202", "", f"the semantics field {name!r}", f"known: {known}", "correct it"))
        return name, value
    try:
        return name, _value(name, value, hints[name])
    except ValueError as error:
        problems.append(Diagnostic("AX202", "", f"{name}={value!r}", str(error), "correct it"))
        return name, value


def _value(name: str, value: str, hint: object) -> object:
    if name == "dt":
        return positive_seconds(value)
    choices = get_args(hint)
    for choice in choices:
        if str(choice) == value:
            return choice
    if not choices:
        return value
    raise ValueError("one of " + ", ".join(map(str, choices)))


def positive_seconds(value: str | float) -> float:
    """A finite number above 0, or ValueError."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise ValueError("a number above 0, in the unit of the model's time constants (seconds)")
    return number


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
