"""Tables of the address room in the work database. Private: see the doors `library` and `learning`."""
