"""The tiny checkpoints of the tests of retrieval."""

from tests.harness.retrieval.conftest import make_checkpoint

__all__ = ["make_checkpoint"]
