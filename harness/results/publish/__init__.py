"""A built site served, or committed to a branch."""
