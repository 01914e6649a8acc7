# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every media type, predicate type, annotation key and object identifier the project compares with.

Sources: OCI image-spec v1.1 (media-types.md), cosign SIGNATURE_SPEC.md and BUNDLE_SPEC.md,
in-toto attestation framework v1, SLSA provenance v0.2/v1 and VSA v1, Fulcio oid-info.md.
"""

from __future__ import annotations

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES = (OCI_INDEX, DOCKER_MANIFEST_LIST)
MANIFEST_TYPES = (OCI_MANIFEST, DOCKER_MANIFEST)

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE_ENVELOPE = "application/vnd.dsse.envelope.v1+json"
IN_TOTO_PAYLOAD = "application/vnd.in-toto+json"
SIGSTORE_BUNDLE_PREFIX = "application/vnd.dev.sigstore.bundle"

STATEMENT_V01 = "https://in-toto.io/Statement/v0.1"
STATEMENT_V1 = "https://in-toto.io/Statement/v1"

COSIGN_SIGN_V1 = "https://sigstore.dev/cosign/sign/v1"
"""Predicate type of an image signature, in bundles and (by us) for legacy signatures alike."""

SLSA_PROVENANCE_V02 = "https://slsa.dev/provenance/v0.2"
SLSA_PROVENANCE_V1 = "https://slsa.dev/provenance/v1"
SLSA_VSA_V1 = "https://slsa.dev/verification_summary/v1"

ANNOTATION_SIGNATURE = "dev.cosignproject.cosign/signature"
ANNOTATION_CERTIFICATE = "dev.sigstore.cosign/certificate"
ANNOTATION_CHAIN = "dev.sigstore.cosign/chain"
ANNOTATION_BUNDLE = "dev.sigstore.cosign/bundle"
ANNOTATION_TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
ANNOTATION_BUNDLE_PREDICATE = "dev.sigstore.bundle.predicateType"

FULCIO_OID_PREFIX = "1.3.6.1.4.1.57264.1"
SCT_LIST_OID = "1.3.6.1.4.1.11129.2.4.2"
"""The certificate extension with the list of signed certificate timestamps (RFC 6962, 3.3)."""
