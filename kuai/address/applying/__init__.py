"""Applications of a sub-district to the owner of the library: states, moves, forms. Pure: no Django, no clock."""
