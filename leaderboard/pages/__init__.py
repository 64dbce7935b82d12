"""The contents of each page; templates only print them."""
