"""Scoring predictions again, and checking every claim of results."""
