# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say who must have signed, and where the evidence lies."""

from __future__ import annotations


class ModuleDocFragment:
    """The groups C(IDENTITY) and C(EVIDENCE) of the option table."""

    DOCUMENTATION = r"""
options:
  policy:
    description:
      - Policy files on the machine that verifies, in the short spelling of C(.sealpin.yaml) or as ClusterImagePolicy documents.
      - Give a policy, or say who must have signed by the options below, not both.
    type: list
    elements: path
  publisher:
    description: A publisher of the built-in table, whose identity and issuer are then expected.
    type: str
  key:
    description:
      - The public key that must have signed, a PEM file on the machine that verifies or the URI of a key management service.
    type: str
  certificate_identity:
    description: The identity that the signing certificate must have, compared exactly.
    type: str
  certificate_identity_regexp:
    description: The same as an RE2 expression that is searched, not anchored. Write C(^) and C($) where you mean them.
    type: str
  certificate_oidc_issuer:
    description: The OIDC issuer that the signing certificate must have, compared exactly.
    type: str
  certificate_oidc_issuer_regexp:
    description: The same as an RE2 expression that is searched, not anchored.
    type: str
  certificate_github_workflow_trigger:
    description: The event that triggered the GitHub workflow, as the certificate has it.
    type: str
  certificate_github_workflow_sha:
    description: The commit that the GitHub workflow ran for, as the certificate has it.
    type: str
  certificate_github_workflow_name:
    description: The name of the GitHub workflow, as the certificate has it.
    type: str
  certificate_github_workflow_repository:
    description: The repository of the GitHub workflow, as the certificate has it.
    type: str
  certificate_github_workflow_ref:
    description: The git reference of the GitHub workflow, as the certificate has it.
    type: str
  annotations:
    description: Annotations that the signer must have signed, name to value.
    type: dict
  repository:
    description: Another repository where signatures and attestations are looked for, beside the image's own.
    type: str
  evidence:
    description:
      - A folder that C(sealpin evidence save) filled, on the machine that verifies.
      - With it, no registry is contacted. Everything is verified again from what the folder contains.
    type: path
"""
