"""The program that runs inside a Trainyard job and trains one model."""

__version__ = "0.1.0"
