# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say where and in which Python the work is done."""

from __future__ import annotations


class ModuleDocFragment:
    """The group C(INTERPRETER) of the option table; C(VERIFY_ON) is the rest of C(PLACE)."""

    DOCUMENTATION = r"""
options:
  interpreter:
    description:
      - The Python on the host in which the module runs, 3.10 or newer and with the libraries that verification needs.
      - The default is the Python that runs the module if it has them, else C(/opt/sealpin/bin/python), which the role
        P(sealpin.oci.setup#role) creates.
      - Every part of the path must belong to root or to the user of the task, and nobody else may write to it.
      - The arguments of the task are limited to 48 KiB when the interpreter changes. Give large material as paths.
    type: path
requirements:
  - Python 3.10 or newer
  - The libraries that the role P(sealpin.oci.setup#role) installs, where the module runs
"""

    VERIFY_ON = r"""
options:
  verify_on:
    description:
      - Where the work is done.
      - On V(target), the module runs on each host. Files that the options name are files of that host.
      - On V(controller), it is done once for all hosts of the run, and the hosts need neither libraries nor access to the registry.
        Files that the options name are files of the controller.
    type: str
    choices:
      - target
      - controller
    default: target
"""
