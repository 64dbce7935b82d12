"""One module a phase, each with ``run(context)``."""
