# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Keys that are given, not found: a PEM file's bytes, with the name it goes by and when it counts.

Where a key comes from by another scheme (a cloud's key service, a Kubernetes secret) is
`trust.kms`; it ends here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..digest import HASH_ALGORITHMS
from ..errors import InvalidInput, quote
from ..records import dataclass
from .window import ALWAYS, Window

if TYPE_CHECKING:  # as in `root`
    from ..crypto import PublicKey

MAX_KEY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKey:
    """A public key somebody chose to believe."""

    key: PublicKey
    name: str
    """How it was named: a path, a URI, a policy's field. Appears in reports; never a secret."""
    window: Window = ALWAYS
    """Every proven moment of a signature must lie in it; without one, the present must."""
    hash_algorithm: str = ""
    """One of `digest.HASH_ALGORITHMS`; empty accepts SHA-256 and the key's natural one."""

    def __post_init__(self) -> None:
        if self.hash_algorithm and self.hash_algorithm not in HASH_ALGORITHMS:
            raise InvalidInput(
                "hash.unsupported",
                f"unsupported hash algorithm for {self.name}: expected one of"
                f" {', '.join(HASH_ALGORITHMS)}, got {quote(self.hash_algorithm)}",
            )

    @property
    def accepted_hashes(self) -> tuple[str, ...]:
        """What a signature by this key may be made over, tried in order."""
        return (self.hash_algorithm,) if self.hash_algorithm else default_hashes(self.key)


def default_hashes(key: PublicKey) -> tuple[str, ...]:
    """SHA-256, which cosign uses with every key, then the key's natural hash if it is another."""
    return tuple(dict.fromkeys(("sha256", key.natural_hash or "sha256")))


def load_key(
    data: bytes | str, *, name: str, window: Window = ALWAYS, hash_algorithm: str = ""
) -> NamedKey:
    """Read a PEM public key (``PUBLIC KEY`` or ``RSA PUBLIC KEY``).

    Raises `InvalidInput` ``key.malformed``, ``key.unsupported``, ``key.private`` (a private key was
    given; its content is not repeated) or ``hash.unsupported``.
    """
    pem = data.encode("utf-8") if isinstance(data, str) else data
    if len(pem) > MAX_KEY_BYTES:
        raise InvalidInput(
            "key.malformed",
            f"{name} is not a public key: expected at most {MAX_KEY_BYTES} bytes, got {len(pem)}",
        )
    if b"PRIVATE KEY-----" in pem:
        raise InvalidInput(
            "key.private",
            f"{name} is a private key, expected a public one",
            hint="give the public half (cosign.pub); a private key has no business here",
        )
    from ..crypto import PublicKey

    key = PublicKey.from_pem(pem, what=name)
    return NamedKey(key=key, name=name, window=window, hash_algorithm=hash_algorithm)
