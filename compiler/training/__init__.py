"""Training in numpy: backpropagation through time over the graphs that `compiler.differentiate` makes."""

from .checkpoint import Checkpoint
from .data import evaluate, mean_loss
from .losses import LOSSES, CrossEntropy, Loss, MeanSquared, RateTarget, StepwiseCrossEntropy
from .network import Network, network
from .optimisers import OPTIMISERS, SGD, Adam, Optimiser, Schedule
from .options import Options
from .quantisation import EXACT, FakeQuantisation
from .training import Epoch, Trained, training

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
    "StepwiseCrossEntropy",
    "Trained",
    "evaluate",
    "mean_loss",
    "network",
    "training",
]
