"""Pages of questions: a link's answers without a login, staff's list and counter, a grid's visits."""
