#!/usr/bin/env bash
# Three nodes on one PostgreSQL and one Ceph gateway, 32 clients, two minutes: a node is killed, PostgreSQL restarts, the gateway is
# silent for 20 s. Prints the figures; ends with 1 when anything was lost, torn or left behind. Needs what ./test.sh installs.
# Usage: proof/three-nodes.sh [SECONDS]
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export ENDURANCE_SECONDS=${1:-120} ENDURANCE_REPORT
ENDURANCE_REPORT=$(mktemp)
trap 'rm -f "$ENDURANCE_REPORT"' EXIT
dotnet build -c Release tests/Larder.Endurance -v quiet || exit 1
out=$(artifacts/bin/Larder.Endurance/release/Larder.Endurance -noColor -noLogo 2>&1)
status=$?
cat "$ENDURANCE_REPORT"
[ $status -eq 0 ] && [ -s "$ENDURANCE_REPORT" ] && exit 0
printf '%s\n' "$out"
exit 1
