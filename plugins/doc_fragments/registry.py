# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say where images are read from, with which credentials, and how long that may take."""

from __future__ import annotations


class ModuleDocFragment:
    """The group C(REGISTRY) of the option table."""

    DOCUMENTATION = r"""
options:
  mirrors:
    description:
      - Reads registries from elsewhere. The keys are prefixes of image names, the values another prefix, or C(dir:) and a folder
        with one OCI image layout for each repository.
      - Digests are checked all the same. Credentials of the source are never sent to the mirror.
    type: dict
  registry_host:
    description:
      - The registry that O(registry_username), O(registry_password) and O(registry_token) are for. No other registry sees them.
      - It must be given with them. Image names are data from a file or a host, and must not decide who sees a password.
    type: str
  registry_username:
    description:
      - User name for the registry.
      - Without it, the credentials of docker and podman on the machine that verifies are used.
    type: str
  registry_password:
    description: Password for the registry.
    type: str
  registry_token:
    description: Bearer token for the registry.
    type: str
  registry_cacert:
    description: Certificate authorities of the registry, a PEM file on the machine that verifies.
    type: path
  registry_client_cert:
    description: Client certificate for the registry, a PEM file on the machine that verifies.
    type: path
  registry_client_key:
    description: Key of O(registry_client_cert), a PEM file on the machine that verifies.
    type: path
  registry_server_name:
    description: The name to expect in the registry's certificate, where it is not the host's name.
    type: str
  allow_insecure_registry:
    description:
      - Whether the registry's certificate goes unverified. It shows in every result as V(insecure.registry).
    type: bool
    default: false
  allow_http_registry:
    description:
      - Whether registries on other machines may be reached without TLS. It shows in every result as V(insecure.http-registry).
      - A registry on the machine itself never needs this.
    type: bool
    default: false
  timeout:
    description: Seconds that the whole task may wait for registries.
    type: int
    default: 180
  max_workers:
    description: How many requests to registries are in progress at once.
    type: int
    default: 32
"""
