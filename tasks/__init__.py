"""Task specs, task types, readers of release files, metrics. Imports neither harness nor torch."""
