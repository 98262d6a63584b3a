"""Pictures of the library for pages: what lies in an area, as lists, figures and GeoJSON. Behind the door `drawing`."""
