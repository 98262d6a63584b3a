"""Declarations of residence: asked for at the door, made in two fields, confirmed by the other side."""
