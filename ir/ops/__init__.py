"""All ops of the intermediate representation, one file a family."""

from .base import ONE, ZERO, Array, Matrix, Op, Problem, arrays, is_sparse, uniform
from .continuous import IF, LI, LIF, ContinuousNeuron, CubaLI, CubaLIF, I, Threshold, TimeDelay
from .conv import Conv, Pool, QuantConv, channel_sums
from .delay import Delay
from .exact import ExactNeuron
from .fixed import FixedGate, FixedMembrane, FixedNeuron, FixedSynapse
from .io import Input, Output
from .linear import Linear, QuantLinear, Scale, row_sums
from .neuron import RESETS, STATES, Gate, Membrane, Neuron, Synapse
from .shape import Flatten
from .window import Axis

OPS: tuple[type[Op], ...] = (
    Input,
    Output,
    Flatten,
    Linear,
    QuantLinear,
    Conv,
    QuantConv,
    Pool,
    Scale,
    Delay,
    TimeDelay,
    Threshold,
    I,
    LI,
    IF,
    LIF,
    CubaLI,
    CubaLIF,
    Neuron,
    FixedNeuron,
    ExactNeuron,
)
"""Every op, in the order in which the documentation lists them."""

__all__ = [
    "IF",
    "LI",
    "LIF",
    "ONE",
    "OPS",
    "RESETS",
    "STATES",
    "ZERO",
    "Array",
    "Axis",
    "ContinuousNeuron",
    "Conv",
    "CubaLI",
    "CubaLIF",
    "Delay",
    "ExactNeuron",
    "FixedGate",
    "FixedMembrane",
    "FixedNeuron",
    "FixedSynapse",
    "Flatten",
    "Gate",
    "I",
    "Input",
    "Linear",
    "Matrix",
    "Membrane",
    "Neuron",
    "Op",
    "Output",
    "Pool",
    "Problem",
    "QuantConv",
    "QuantLinear",
    "Scale",
    "Synapse",
    "Threshold",
    "TimeDelay",
    "arrays",
    "channel_sums",
    "is_sparse",
    "row_sums",
    "uniform",
]
