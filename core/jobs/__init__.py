"""What workers of the ground floor do. Every module is named here: Celery looks no further."""

from core.jobs import letters

__all__ = ["letters"]
