"""``axonc evaluate``: every stage of a compilation over a labelled data set, on any executor."""

from .result import Evaluation
from .run import evaluate

__all__ = ["Evaluation", "evaluate"]
