"""What is measured: task specs, task types, readers of release files, and metrics. Imports neither harness nor torch."""
