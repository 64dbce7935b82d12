"""A table as a value, and as CSV, JSON and LaTeX: what stands beside each table of the pages."""
