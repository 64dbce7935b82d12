"""A table as a value, and as CSV, JSON and LaTeX."""
