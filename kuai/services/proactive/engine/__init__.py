"""Sums and tables of moves without Django."""
