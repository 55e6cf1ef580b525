"""Training in numpy: backpropagation through time over the graphs that `compiler.differentiate` makes."""

from .checkpoint import Checkpoint
from .data import evaluate, mean_loss
from .dropout import Dropout
from .losses import LOSSES, CrossEntropy, Loss, MeanSquared, RateTarget, StepwiseCrossEntropy
from .network import Network, network
from .optimisers import OPTIMISERS, SGD, Adam, Optimiser, Schedule
from .options import Options
from .pruning import PRUNINGS, Cubic, Once, Pruning, RigL
from .quantisation import EXACT, FakeQuantisation
from .training import Epoch, Trained, trained_graph, training

__all__ = [
    "EXACT",
    "LOSSES",
    "OPTIMISERS",
    "PRUNINGS",
    "SGD",
    "Adam",
    "Checkpoint",
    "CrossEntropy",
    "Cubic",
    "Dropout",
    "Epoch",
    "FakeQuantisation",
    "Loss",
    "MeanSquared",
    "Network",
    "Once",
    "Optimiser",
    "Options",
    "Pruning",
    "RateTarget",
    "RigL",
    "Schedule",
    "StepwiseCrossEntropy",
    "Trained",
    "evaluate",
    "mean_loss",
    "network",
    "trained_graph",
    "training",
]
