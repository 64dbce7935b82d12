"""The rows that suites read: which, where they are, fetching, importing and checking them."""
