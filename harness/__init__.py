"""The orchestrator, and what runs inside a stage."""

__version__ = "0.1.0"
