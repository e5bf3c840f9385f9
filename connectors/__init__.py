"""What access exists."""
