"""Pages and interfaces of the address library."""
