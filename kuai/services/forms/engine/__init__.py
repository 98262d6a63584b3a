"""Pure decisions of forms: what a sheet's cells are, which value goes where."""
