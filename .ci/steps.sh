# shellcheck shell=sh
# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
# Sourced: `step NAME COMMAND…` runs a command or function, goes on after a failure and remembers
# it; `aside COMMAND…` runs steps beside those that follow; `finish` waits for them, prints what each
# step did, with the summaries of the test runs and of steps within it, and exits accordingly.

steps=$(mktemp -d)
trap 'rm -rf "$steps"' EXIT
: >"$steps/failed"

step() {
    name=$1
    shift
    printf '\n=== %s: %s\n' "$name" "$*"
    started=$(date +%s)
    kept=$(mktemp -d "$steps/step.XXXXXX")
    # A pipe has the status of its last command, so the step's own is written aside.
    {
        set +e
        (set -e; "$@") 2>&1 </dev/null
        echo $? >"$kept/status"
    } | tee "$kept/output"
    status=$(cat "$kept/status")
    if [ "$status" -eq 0 ]; then
        verdict=ok
    else
        verdict="FAILED ($status)"
        echo "$name" >>"$steps/failed"
    fi
    summary='^(=+ )?[0-9]+ (passed|failed|skipped|errors?).* in [0-9.]+s|^(ERROR|FAILED|SKIPPED) '
    inner=' (ok|FAILED \([0-9]+\)) +[0-9]+ s$'
    {
        printf '%-52s %-12s %5d s\n' "$name" "$verdict" $(($(date +%s) - started))
        grep -aE "$summary|$inner" "$kept/output" | sed 's/^/    /' || :
    } >"$kept/table"
    cat "$kept/table" >>"$steps/table"
}

# What it prints is shown when it has ended: two outputs in one are of no use to anybody.
aside() {
    ("$@") >"$steps/aside" 2>&1 </dev/null &
    beside=$!
}

finish() {
    if [ -n "${beside:-}" ]; then
        wait "$beside" || echo "what ran aside" >>"$steps/failed"
        cat "$steps/aside"
    fi
    printf '\n=== %s\n' "$1"
    cat "$steps/table"
    [ ! -s "$steps/failed" ]
    exit
}
