"""From a suite to its stages. Pure: no files, no clock, no torch."""
