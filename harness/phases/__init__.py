"""One module a phase, each with ``run(context)``, entered through ``harness.context.run_phase``."""
