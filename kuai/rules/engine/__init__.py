"""What a rule is, what it may read, and how it is asked. Pure: no Django, no clock, no store."""
