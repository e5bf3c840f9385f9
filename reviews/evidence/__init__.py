"""Pure: the files an auditor gets, built from data alone. The same data gives the same bytes."""
