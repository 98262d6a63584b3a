"""Kuai (块): from departments' extracts to blocks. See docs/tour.md."""

__version__ = "0.1.0"
