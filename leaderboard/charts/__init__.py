"""Charts as inline SVG, drawn at build time without a script; a table shows the same data."""
