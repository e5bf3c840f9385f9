"""What workers of the ground floor do. Every module is named here: Celery looks no further."""

from core.jobs import exports, imports, letters, mail_server, pulse, retention, trail

__all__ = ["exports", "imports", "letters", "mail_server", "pulse", "retention", "trail"]
