"""What people type in this room, turned into typed values or into sentences about what is wrong."""
