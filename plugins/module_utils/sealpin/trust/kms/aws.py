# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Public keys in AWS Key Management Service: the only importer of boto3.

One call, GetPublicKey (https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html);
region and credentials are the ones boto3 finds by itself.
"""

from __future__ import annotations

import re

from ...crypto import PublicKey
from . import answers

try:
    import boto3.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as AwsConnectionError
except ImportError:
    IS_AVAILABLE = False
else:
    IS_AVAILABLE = True

EXPECTED = "awskms://[ENDPOINT]/KEY, where KEY is a key id, alias/NAME or an ARN of either"
_ID = r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
_ALIAS = r"alias/[a-zA-Z0-9/_-]{1,250}"
_REFERENCE = re.compile(
    r"awskms://(?P<endpoint>[^/]*)/"
    rf"(?P<key>(?:arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):[0-9]{{12}}:(?:key/{_ID}|{_ALIAS}))"
    rf"|{_ID}|{_ALIAS})",
    re.ASCII,
)
_NOT_FOUND = "NotFoundException"
_NOT_FOR_SIGNATURES = ("InvalidKeyUsageException", "UnsupportedOperationException")


def fetch_public_key(reference: str) -> PublicKey:
    """Return the public half of *reference*.

    Raises `InvalidInput` ``kms.reference``, ``kms.not-found``, ``kms.not-for-signatures`` or
    ``key.*``; `Unavailable` ``kms.refused``, ``kms.unreachable``; `MissingDependency`.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise answers.malformed_reference(reference, expected=EXPECTED)
    if not IS_AVAILABLE:
        raise answers.missing_extra("boto3", extra="awskms")
    endpoint, key, region = match["endpoint"], match["key"], match["region"]
    try:
        client = boto3.session.Session().client(
            "kms",
            endpoint_url=f"https://{endpoint}" if endpoint else None,
            region_name=region,
            config=Config(
                connect_timeout=answers.CONNECT_TIMEOUT_S,
                read_timeout=answers.READ_TIMEOUT_S,
                retries={"total_max_attempts": 2},
            ),
        )
        answer = client.get_public_key(KeyId=key)
    except ClientError as error:
        raise _refusal(reference, error) from error
    except (AwsConnectionError, HTTPClientError) as error:
        raise answers.unreachable(reference, error) from error
    except BotoCoreError as error:  # no region, no credentials, a broken profile
        raise answers.refused(reference, error) from error
    if answer.get("KeyUsage") != "SIGN_VERIFY":
        raise answers.not_for_signatures(reference, answer.get("KeyUsage"))
    return PublicKey.from_der(answer["PublicKey"], what=f"the key {reference}")


def _refusal(reference: str, error: ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    if code == _NOT_FOUND:
        return answers.no_such_key(reference, error)
    if code in _NOT_FOR_SIGNATURES:
        return answers.not_for_signatures(reference, error)
    return answers.refused(reference, error)
