"""The sync machine: from a driver's batches to the access graph."""
