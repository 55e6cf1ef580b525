"""All ops of the intermediate representation, one file a family."""

from .adjoint import (
    DIFFERENTIABLE_RESETS,
    Adjoint,
    ConvAdjoint,
    EGRUAdjoint,
    EGRUGatesAdjoint,
    EGRUReadAdjoint,
    EGRUThresholdAdjoint,
    FlattenAdjoint,
    NeuronAdjoint,
    PoolAdjoint,
    ThresholdAdjoint,
)
from .base import ONE, ZERO, Array, Matrix, Op, Problem, arrays, is_sparse, uniform
from .continuous import IF, LI, LIF, ContinuousNeuron, CubaLI, CubaLIF, I, Threshold, TimeDelay
from .conv import Conv, Pool, QuantConv, channel_sums
from .delay import Delay
from .egru import EGRU, GATES
from .exact import ExactNeuron
from .fixed import FixedGate, FixedMembrane, FixedNeuron, FixedSynapse
from .io import Input, Output
from .linear import Linear, QuantLinear, Scale, row_sums
from .neuron import INTERNALS, RESETS, STATES, Gate, Membrane, Neuron, Synapse
from .shape import Flatten
from .surrogate import SURROGATES, FastSigmoid, StraightThrough, SuperSpike, Surrogate, Triangle
from .totals import KernelTotal, OuterTotal, StoredTotal, Total
from .window import Axis

BACKWARDS: tuple[type[Op], ...] = (Adjoint, Total, OuterTotal, StoredTotal, KernelTotal)
"""The ops that stand in backward graphs alone."""

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
    EGRU,
    FlattenAdjoint,
    ConvAdjoint,
    PoolAdjoint,
    NeuronAdjoint,
    ThresholdAdjoint,
    EGRUAdjoint,
    EGRUThresholdAdjoint,
    EGRUGatesAdjoint,
    EGRUReadAdjoint,
    Total,
    OuterTotal,
    StoredTotal,
    KernelTotal,
)
"""Every op, in the order in which the documentation lists them."""

__all__ = [
    "BACKWARDS",
    "DIFFERENTIABLE_RESETS",
    "EGRU",
    "GATES",
    "IF",
    "INTERNALS",
    "LI",
    "LIF",
    "ONE",
    "OPS",
    "RESETS",
    "STATES",
    "SURROGATES",
    "ZERO",
    "Adjoint",
    "Array",
    "Axis",
    "ContinuousNeuron",
    "Conv",
    "ConvAdjoint",
    "CubaLI",
    "CubaLIF",
    "Delay",
    "EGRUAdjoint",
    "EGRUGatesAdjoint",
    "EGRUReadAdjoint",
    "EGRUThresholdAdjoint",
    "ExactNeuron",
    "FastSigmoid",
    "FixedGate",
    "FixedMembrane",
    "FixedNeuron",
    "FixedSynapse",
    "Flatten",
    "FlattenAdjoint",
    "Gate",
    "I",
    "Input",
    "KernelTotal",
    "Linear",
    "Matrix",
    "Membrane",
    "Neuron",
    "NeuronAdjoint",
    "Op",
    "OuterTotal",
    "Output",
    "Pool",
    "PoolAdjoint",
    "Problem",
    "QuantConv",
    "QuantLinear",
    "Scale",
    "StoredTotal",
    "StraightThrough",
    "SuperSpike",
    "Surrogate",
    "Synapse",
    "Threshold",
    "ThresholdAdjoint",
    "TimeDelay",
    "Total",
    "Triangle",
    "arrays",
    "channel_sums",
    "is_sparse",
    "row_sums",
    "uniform",
]
