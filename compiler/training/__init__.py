"""Training in numpy: backpropagation through time over the graphs that `compiler.differentiate` makes."""

from .checkpoint import Checkpoint
from .losses import LOSSES, CrossEntropy, Loss, MeanSquared, RateTarget
from .network import Network, network
from .optimisers import OPTIMISERS, SGD, Adam, Optimiser, Schedule
from .quantisation import EXACT, FakeQuantisation
from .training import Epoch, Options, Trained, evaluate, training

__all__ = [
    "EXACT",
    "LOSSES",
    "OPTIMISERS",
    "SGD",
    "Adam",
    "Checkpoint",
    "CrossEntropy",
    "Epoch",
    "FakeQuantisation",
    "Loss",
    "MeanSquared",
    "Network",
    "Optimiser",
    "Options",
    "RateTarget",
    "Schedule",
    "Trained",
    "evaluate",
    "network",
    "training",
]
