# shellcheck shell=sh
# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
# Sourced: `step NAME COMMAND…` runs a command or function, goes on after a failure and remembers
# it; `finish` prints what each step did, with the summaries of the test runs and of steps within it,
# and exits accordingly.

steps=$(mktemp -d)
trap 'rm -rf "$steps"' EXIT
: >"$steps/failed"

step() {
    name=$1
    shift
    printf '\n=== %s: %s\n' "$name" "$*"
    started=$(date +%s)
    # A pipe has the status of its last command, so the step's own is written aside.
    {
        set +e
        (set -e; "$@") 2>&1 </dev/null
        echo $? >"$steps/status"
    } | tee "$steps/output"
    status=$(cat "$steps/status")
    if [ "$status" -eq 0 ]; then
        verdict=ok
    else
        verdict="FAILED ($status)"
        echo "$name" >>"$steps/failed"
    fi
    printf '%-52s %-12s %5d s\n' "$name" "$verdict" $(($(date +%s) - started)) >>"$steps/table"
    summary='^(=+ )?[0-9]+ (passed|failed|skipped|errors?).* in [0-9.]+s|^(ERROR|FAILED|SKIPPED) '
    inner=' (ok|FAILED \([0-9]+\)) +[0-9]+ s$'
    grep -aE "$summary|$inner" "$steps/output" | sed 's/^/    /' >>"$steps/table" || :
}

finish() {
    printf '\n=== %s\n' "$1"
    cat "$steps/table"
    [ ! -s "$steps/failed" ]
    exit
}
