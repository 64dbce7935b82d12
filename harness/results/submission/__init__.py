"""Rows packed for a board, and rows accepted there."""
