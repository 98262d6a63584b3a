"""Pure decisions of this room: no framework, no clock, no network."""
