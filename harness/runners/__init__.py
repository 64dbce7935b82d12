"""Where stages run. Runners reach phases through ``harness.runners.stage`` alone."""
