"""Where stages run. Runners reach phases through ``harness.stage`` alone."""
