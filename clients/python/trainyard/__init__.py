"""Starts, watches and stops training jobs of a Trainyard server."""

from trainyard.manager import TrainingManager, TrainingManagerK8s
from trainyard.server import Refused, Unreachable

__all__ = ["Refused", "TrainingManager", "TrainingManagerK8s", "Unreachable"]
