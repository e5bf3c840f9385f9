"""How passwords are kept. Tests themselves use a quicker way, so the settings are asked."""

from config import settings


def test_passwords_are_hashed_by_argon2():
    assert settings.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"
