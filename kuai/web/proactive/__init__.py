"""Pages of offers: the resident's own, and the rules as their owners see them."""
