"""Pages of declarations: at a door without a login, for landlords by Excel, for a bound resident, for staff."""
