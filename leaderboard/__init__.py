"""From result files to static pages. A pure function of a results folder; imports neither harness nor torch."""
