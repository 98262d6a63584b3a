"""Places that several sources name and the library lacks. Pure: no Django, no person, no row of anybody."""
