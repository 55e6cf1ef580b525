"""Semantics: every choice that a model in continuous time leaves open, in one value.

The text form is ``PRESET,field=value,...``; it is the same on the command line, in the API and in the manifest.
The presets' equations are documented in ``docs/semantics.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_type_hints

from axonc.ir import Diagnostic, ModelError

Integrator = Literal["euler", "exponential", "exponential_euler"]
Gain = Literal["model", "unit", "decayed"]
EventModel = Literal["pulse", "dirac"]
State = Literal["q16", "q32", "loihi", "float32"]
Reset = Literal["v_reset", "zero", "subtract", "subtract_guarded", "none"]


@dataclass(frozen=True)
class Semantics:
    """How a model in continuous time becomes a program in steps.

    * ``dt``: the time step, in the unit of the model's time constants; None: not given (an error where it matters).
    * ``integrator``: with h = dt / tau, ``euler``: decay 1 - h, input gain h; ``exponential``: exp(-h), 1 - exp(-h);
      ``exponential_euler``: decay exp(-h), gain h.
    * ``gain``: how input enters a leaky stage: ``model`` (the integrator's gain times r or w_in), ``unit`` (as it is;
      r and w_in are ignored), ``decayed`` (as it is, before the decay of the same step).
    * ``leaky_r``: whether a leaky neuron without synapse uses the ``model``'s r or takes 1 (``ignored``).
    * ``current_leak``: what the synaptic current decays to: ``zero``, or the membrane's ``v_leak`` (as Norse has it).
    * ``leaky_event``, ``if_event``: what an input event is to a leaky neuron (LI, LIF, CubaLI, CubaLIF) and to one
      without leak (I, IF): a ``pulse`` of height 1 that lasts one step, or a ``dirac`` impulse.
    * ``sees``: whether v sees the ``new`` or the ``old`` synaptic current of the step.
    * ``compare``: a spike when v ``gt`` or ``ge`` the threshold.
    * ``test``: ``new``: the v of this step; ``old``: the v of the step before. The spike of step k is then known from
      step k - 1: every edge that leaves the neuron carries a delay of one step, which also closes a cycle. Its
      recorded output is that delay's. As recorded runs of Spyx show, a neuron without synapse then subtracts the
      threshold after the decay, one with a synapse before it.
    * ``spikes``: the most spikes of a neuron in a step; several need a subtractive reset.
    * ``spike_time``: when a neuron spikes: at the end of a ``step``, or where within it v passes the threshold
      (``substep``): between two spikes v is integrated exactly. The interpreter alone computes that.
    * ``v_min``: lower bound of v after the reset: ``none``, ``zero``, or ``threshold``: minus the threshold, for
      neurons without leak.
    * ``reset``: what a spike does: ``v_reset`` (to the file's value), ``zero``, ``subtract`` (the threshold),
      ``subtract_guarded`` (snnTorch's guard against a double reset), ``none``.
    * ``forward_delay``: steps (0 or 1) that events take on edges out of an input or a stateful node, those to a model
      output excepted.
    * ``feedback``: which edges of a cycle carry the delay: ``source``: every edge that leaves a stateful node for
      a node of its strongly connected component; ``target``: every edge that enters one from there, so that a bias
      on the way is late, too.
    * ``bias``: how an affine bias reaches a neuron with synapse: through it (``synapse``), or as its steady state
      added to v from step 0 on (``offset``).
    * ``weight_rounding``, ``weight_scope``: default of the quantiser: ``nearest`` or ``truncate``; one scale for all
      weights into a population (``fan_in``), or one an output channel (``channel``).
    * ``state``: default number format of states on a target with a choice.
    """

    preset: str
    dt: float | None = None
    integrator: Integrator = "euler"
    gain: Gain = "model"
    leaky_r: Literal["model", "ignored"] = "model"
    current_leak: Literal["zero", "v_leak"] = "zero"
    leaky_event: EventModel = "pulse"
    if_event: EventModel = "dirac"
    sees: Literal["new", "old"] = "new"
    compare: Literal["gt", "ge"] = "gt"
    test: Literal["new", "old"] = "new"
    spikes: int = 1
    spike_time: Literal["step", "substep"] = "step"
    v_min: Literal["none", "zero", "threshold"] = "none"
    reset: Reset = "v_reset"
    forward_delay: Literal[0, 1] = 0
    feedback: Literal["source", "target"] = "source"
    bias: Literal["synapse", "offset"] = "synapse"
    weight_rounding: Literal["nearest", "truncate"] = "nearest"
    weight_scope: Literal["fan_in", "channel"] = "fan_in"
    state: State = "q32"

    def __str__(self) -> str:
        """The text form, with every field in which this differs from its preset."""
        base = PRESETS[self.preset]
        changed = [f.name for f in fields(self) if getattr(self, f.name) != getattr(base, f.name)]
        return ",".join([self.preset, *(f"{name}={_text(getattr(self, name))}" for name in changed)])


MANY = 255
"""The most spikes a step of presets whose simulators set no limit."""

PRESETS = {
    "nir": Semantics("nir"),
    "snntorch": Semantics("snntorch", reset="zero"),
    "norse": Semantics("norse", reset="zero", leaky_r="ignored", current_leak="v_leak", feedback="target"),
    "sinabs": Semantics(
        "sinabs", integrator="exponential", gain="unit", compare="ge", reset="subtract", spikes=MANY, v_min="threshold"
    ),
    "rockpool": Semantics(
        "rockpool", integrator="exponential", gain="decayed", compare="ge", reset="subtract", spikes=MANY
    ),
    "spyx": Semantics("spyx", test="old", reset="subtract"),
    "nengo": Semantics("nengo", integrator="exponential", reset="zero"),
    "lava": Semantics("lava", reset="zero", forward_delay=1, weight_rounding="truncate", state="loihi"),
    "spinnaker2": Semantics(
        "spinnaker2", reset="zero", forward_delay=1, bias="offset", weight_rounding="truncate", state="float32"
    ),
    "exact": Semantics("exact", integrator="exponential", spike_time="substep", reset="subtract", spikes=MANY),
}
"""The presets: ``nir`` is the NIR paper's equations under forward Euler, ``exact`` their solution; the others are what
a simulator, or the SpiNNaker2 chip under py-spinnaker2, computes for an imported graph. ``docs/semantics.md`` says how
each was checked."""


def parse_semantics(text: str | Semantics) -> Semantics:
    """The semantics of a text ``PRESET,field=value,...``; `ModelError` lists every unknown name or value."""
    if isinstance(text, Semantics):
        return text
    preset, *settings = (part.strip() for part in text.split(","))
    return make_semantics(preset, [named(setting) for setting in settings])


def named(setting: str) -> tuple[str, str]:
    """``field=value`` as name and value."""
    name, _, value = setting.partition("=")
    return name, value


def make_semantics(preset: str, settings: Sequence[tuple[str, str]]) -> Semantics:
    """The semantics of a preset with fields changed; `ModelError` lists every unknown name or value."""
    if preset not in PRESETS:
        known = f"known presets: {', '.join(PRESETS)}"
        raise ModelError(Diagnostic("AX202", "", f"the semantics {shortened(preset)!r}", known, "choose one of them"))
    problems = list(repeated(name for name, _ in settings))
    changes = dict(checked(name, value, problems) for name, value in settings)
    if problems:
        raise ModelError(problems)
    return replace(PRESETS[preset], **changes)  # type: ignore[arg-type]


def repeated(names: Iterable[str]) -> Iterator[Diagnostic]:
    """One problem for every field that is named more than once."""
    for name, count in Counter(names).items():
        if count > 1:
            yield Diagnostic("AX202", "", f"the semantics field {name!r} stands {count} times", "once", "remove one")


def checked(name: str, value: str, problems: list[Diagnostic]) -> tuple[str, object]:
    """The field ``name`` and its value as a `Semantics` holds it; what is wrong with them joins ``problems``."""
    hints = get_type_hints(Semantics)
    if name not in hints or name == "preset":
        known = ", ".join(hint for hint in hints if hint != "preset")
        found = f"the semantics field {shortened(name)!r}"
        problems.append(Diagnostic("AX202", "", found, f"known: {known}", "correct it"))
        return name, value
    try:
        return name, _value(name, value, hints[name])
    except ValueError as error:
        problems.append(Diagnostic("AX202", "", f"{name}={shortened(value)!r}", str(error), "correct it"))
        return name, value


def shortened(text: str) -> str:
    """``text`` as a message shows it."""
    return text if len(text) <= 60 else text[:57] + "..."


def _value(name: str, value: str, hint: object) -> object:
    if name == "dt":
        return positive_seconds(value)
    if hint is int:
        return _positive_int(value)
    choices = get_args(hint)
    for choice in choices:
        if str(choice) == value:
            return choice
    if not choices:
        return value
    raise ValueError("one of " + ", ".join(map(str, choices)))


def _positive_int(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise ValueError("a whole number above 0")
    return int(value)


def positive_seconds(value: str | float) -> float:
    """A finite number above 0, or ValueError."""
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 < number < float("inf"):
        raise ValueError("a number above 0, in the unit of the model's time constants (seconds)")
    return number


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
