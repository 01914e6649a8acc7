# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Public keys in Google Cloud Key Management Service: the only importer of google-cloud-kms.

GetPublicKey of a key's version, and ListCryptoKeyVersions where the reference names none
(https://cloud.google.com/kms/docs/reference/rpc/google.cloud.kms.v1); credentials are the
application default ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...crypto import PublicKey
from . import answers

try:
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.kms_v1 import CryptoKeyVersion, KeyManagementServiceClient
except ImportError:
    IS_AVAILABLE = False
else:
    IS_AVAILABLE = True

EXPECTED = (
    "gcpkms://projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"
    "[/cryptoKeyVersions/VERSION]"
)
_PART = r"[a-zA-Z0-9_.:-]{1,63}"
_REFERENCE = re.compile(
    rf"gcpkms://(?P<key>projects/{_PART}/locations/{_PART}/keyRings/{_PART}/cryptoKeys/{_PART})"
    r"(?:/(?:cryptoKeyVersions|versions)/(?P<version>[1-9][0-9]{0,9}))?",
    re.ASCII,
)


def _connect() -> KeyManagementServiceClient:
    return KeyManagementServiceClient()


def fetch_public_key(
    reference: str, *, connect: Callable[[], KeyManagementServiceClient] = _connect
) -> PublicKey:
    """Return the public half of *reference*; without a version, of the newest enabled one.

    Raises `InvalidInput` ``kms.reference``, ``kms.not-found``, ``kms.not-for-signatures`` or
    ``key.*``; `Unavailable` ``kms.refused``, ``kms.unreachable``, ``kms.unusable-answer``;
    `MissingDependency`.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise answers.malformed_reference(reference, expected=EXPECTED)
    if not IS_AVAILABLE:
        raise answers.missing_extra("google-cloud-kms", extra="gcpkms")
    key, version = match["key"], match["version"]
    try:
        with connect() as client:
            name = (
                f"{key}/cryptoKeyVersions/{version}" if version else _newest(client, key, reference)
            )
            answer = client.get_public_key(
                request={"name": name}, retry=None, timeout=answers.READ_TIMEOUT_S
            )
    except exceptions.NotFound as error:
        raise answers.no_such_key(reference, error) from error
    except (exceptions.ServiceUnavailable, exceptions.DeadlineExceeded) as error:
        raise answers.unreachable(reference, error) from error
    except (exceptions.FailedPrecondition, exceptions.InvalidArgument) as error:
        raise answers.not_for_signatures(reference, error) from error
    except (exceptions.GoogleAPICallError, GoogleAuthError) as error:
        raise answers.refused(reference, error) from error
    if answer.name and answer.name != name:
        raise answers.unusable_answer(reference, f"it is about {answer.name}")
    return PublicKey.from_pem(answer.pem.encode("utf-8"), what=f"the key {reference}")


def _newest(client: KeyManagementServiceClient, key: str, reference: str) -> str:
    listed = client.list_crypto_key_versions(
        request={"parent": key, "filter": "state=ENABLED"},
        retry=None,
        timeout=answers.READ_TIMEOUT_S,
    )
    enabled = CryptoKeyVersion.CryptoKeyVersionState.ENABLED
    names = [version.name for version in listed if version.state == enabled]
    numbers = [name.rpartition("/")[2] for name in names]
    if not names or not all(number.isdecimal() for number in numbers):
        raise answers.no_such_key(reference, f"no enabled version among {numbers}")
    return f"{key}/cryptoKeyVersions/{max(map(int, numbers))}"
