"""The AutoML workbench for customer marketing and credit."""

__version__ = "0.1.0"
