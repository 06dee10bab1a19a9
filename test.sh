#!/usr/bin/env bash
# Installs what the tests need where it is missing (apt, npm), builds Release, runs every test. The last line is "N passed, N failed".
# Needs the .NET SDK, Node.js 20 where Debian has an older one, and apt with the right to install. A missing part fails the run; nothing is skipped.
set -uo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DEBIAN_FRONTEND=noninteractive TERM=dumb

# What must be there, and the Debian package that brings it.
needs=(
  "/usr/bin/curl curl"
  "/usr/bin/git git"
  "/usr/bin/jq jq"
  "/usr/bin/setpriv util-linux"
  "/usr/sbin/nginx nginx-light"
  "/usr/bin/caddy caddy"
  "/usr/bin/systemd-analyze systemd"
  "/usr/lib/postgresql/*/bin/postgres postgresql"
  "/usr/bin/ceph-mon ceph-mon"
  "/usr/bin/ceph-osd ceph-osd"
  "/usr/bin/ceph-mgr ceph-mgr"
  "/usr/bin/radosgw radosgw"
  "/usr/bin/ceph ceph-common"
  "/usr/bin/mvn maven"
  "/usr/bin/gradle gradle"
  "/usr/lib/jvm/*/bin/javac default-jdk-headless"
  "/usr/share/maven-repo/org/apache/maven/plugins/maven-compiler-plugin libmaven-compiler-plugin-java"
  "/usr/share/maven-repo/org/apache/maven/plugins/maven-resources-plugin libmaven-resources-plugin-java"
  "/usr/share/maven-repo/org/apache/maven/plugins/maven-surefire-plugin libsurefire-java"
  "/usr/share/maven-repo/org/apache/maven/plugins/maven-jar-plugin libmaven-jar-plugin-java"
  "/usr/share/doc/maven-debian-helper maven-debian-helper"
  "/usr/share/maven-repo/org/apache/commons/commons-lang3/debian libcommons-lang3-java"
  "/usr/share/java/ivy.jar ivy"
  "/usr/lib/python3/dist-packages/gitlab python3-gitlab"
  "/usr/bin/node nodejs"
  "/usr/bin/npm npm"
  "/usr/bin/chromium chromium"
)

is_there() { compgen -G "$1" >/dev/null; }

install_missing() {
  local missing=() need
  for need in "${needs[@]}"; do
    is_there "${need% *}" || missing+=("${need#* }")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing ${missing[*]}"
    # Packages must not start their services: the tests start their own.
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && made=1; fi
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    local status=$?
    [ -n "$made" ] && rm -f $policy
    [ $status -eq 0 ] || return 1
  fi
  for need in "${needs[@]}"; do
    is_there "${need% *}" || { echo "Missing: ${need% *} (Debian package ${need#* })"; return 1; }
  done
}

# The clients of the npm registry, as their lock file pins them, into a folder that git does not see.
install_npm_clients() {
  local from=tests/Larder.Conformance/npm to=artifacts/npm
  # Debian 12's own Node.js is too old for semantic-release.
  node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node.js 20 or newer is needed, this is $(node --version)"; return 1; }
  cmp -s $from/package-lock.json $to/node_modules/installed-lock.json && return
  echo "Installing the npm clients"
  mkdir -p $to && cp $from/package.json $from/package-lock.json $to/ &&
    (cd $to && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error) &&
    cp $to/package-lock.json $to/node_modules/installed-lock.json
}

fail() { echo "$1"; echo "0 passed, 1 failed"; exit 1; }

install_missing && install_npm_clients || fail "The tests need parts that could not be installed."
dotnet build -c Release || fail "The build failed."

passed=0 failed=0
for project in tests/*.Tests tests/Larder.Conformance; do
  name=$(basename "$project")
  echo "== $name"
  out=$(mktemp)
  timeout 900 "artifacts/bin/$name/release/$name" -noColor -noLogo 2>&1 | tee "$out"
  status=${PIPESTATUS[0]}
  summary=$(grep -E "^ *$name +Total: [0-9]+" "$out" | tail -n 1)
  rm -f "$out"
  number() { sed -nE "s/.*$1: ([0-9]+).*/\1/p" <<<"$summary"; }
  total=$(number Total) errors=$(number Errors) broken=$(number Failed) skipped=$(number Skipped) unrun=$(number "Not Run")
  # A skipped test, a project without tests and a crash are failures.
  bad=$((${errors:-0} + ${broken:-0} + ${skipped:-0} + ${unrun:-0}))
  [ "${total:-0}" -gt 0 ] || bad=1
  [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  failed=$((failed + bad))
  passed=$((passed + ${total:-0} - (${broken:-0} + ${skipped:-0} + ${unrun:-0})))
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
