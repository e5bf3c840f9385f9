"""Seals secrets at rest: AES-256-GCM, newest key seals, every key of the ring opens.

A sealed text reads `{key id}.{nonce and ciphertext, base64}` and is bound to its place (table,
column, row), so that it opens nowhere else.
"""

import base64
import binascii
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE = 12  # bytes, as NIST SP 800-38D advises for GCM


class CannotOpen(Exception):
    """No key of the ring opens this text in this place."""


def seal(secret: str, *, place: str) -> str:
    """Seal with the newest key. `place` reads `table:column:row`."""
    key_id, key = next(iter(_ring().items()))
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, secret.encode(), place.encode())
    return f"{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, *, place: str) -> str:
    """Open what `seal` made for the same place, or raise CannotOpen."""
    key_id, _, body = sealed.partition(".")
    key = _ring().get(key_id)
    if key is None:
        raise CannotOpen(f"The key {key_id} is not in SEALING_KEYS.")
    try:
        raw = base64.urlsafe_b64decode(body)
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()).decode()
    except (InvalidTag, binascii.Error, ValueError) as problem:
        raise CannotOpen(f"Not sealed for {place}, or altered.") from problem


def key_of(sealed: str) -> str:
    """The id of the key that this text was sealed with."""
    return sealed.partition(".")[0]


def key_ids() -> list[str]:
    """The ids of the keys in the ring, newest first. An id says nothing of its key."""
    return list(_ring())


def new_key() -> str:
    """A fresh key as SEALING_KEYS wants it."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _ring() -> dict[str, bytes]:
    keys = [base64.urlsafe_b64decode(text) for text in settings.SEALING_KEYS]
    return {hashlib.sha256(key).hexdigest()[:8]: key for key in keys}
