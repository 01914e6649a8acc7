#!/usr/bin/env bash
# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
set -eux
python "$(dirname "$0")/hostile_host.py"
