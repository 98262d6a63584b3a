"""Pages on which people decide who is whom."""
