"""Artifacts by key, and the ledger of runs. Knows keys and folders, not what stages mean."""
