# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say what signatures are verified against."""

from __future__ import annotations


class ModuleDocFragment:
    """The group C(TRUST) of the option table."""

    DOCUMENTATION = r"""
options:
  trusted_root:
    description:
      - A Sigstore C(trusted_root.json), a file on the machine that verifies.
      - The default is the root of the public-good instance that this release of the collection carries.
    type: path
  second_opinion:
    description:
      - Whether the sigstore library verifies too, wherever it can read the form of the evidence. A disagreement refuses that evidence.
      - V(auto) does so when the library is installed. V(require) makes the image inconclusive without it.
    type: str
    choices:
      - auto
      - require
      - 'off'
    default: auto
  offline:
    description: Whether no socket is opened to refresh trust.
    type: bool
    default: false
  use_signed_timestamps:
    description: Whether signatures must carry a timestamp of an authority in the trusted root.
    type: bool
    default: false
  insecure_ignore_tlog:
    description: Whether no entry in a transparency log is required. It shows in every result as V(insecure.ignore-tlog).
    type: bool
    default: false
  insecure_ignore_sct:
    description: Whether no timestamp of a certificate transparency log is required. It shows in every result as V(insecure.ignore-sct).
    type: bool
    default: false
"""
