"""Artifacts by key, and the ledger of runs; independent of the meaning of stages."""
