"""Charts as inline SVG, made at build time: no script draws them, and what they show stands in a table beside them."""
