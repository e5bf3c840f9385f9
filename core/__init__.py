"""People, trail, mail: what both rooms stand on."""
