"""One run of a suite, of a single phase, or of a new backbone."""
