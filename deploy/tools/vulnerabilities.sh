#!/usr/bin/env bash
# Reports known vulnerabilities that affect this repository: those that its Go programs call (govulncheck, the first argument)
# and those of the npm packages of the system tests (npm audit). The other arguments are the packages to check. It fails if it
# finds one. A database that can't be reached is skipped with a line that says so, because a check must not depend on the
# network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

govulncheck=$1
shift
status=0

skip() { printf 'SKIPPED %s: %s\n' "$1" "$2" >&2; }

# govulncheck exits with 3 if the code calls something vulnerable, and with 1 after any other error. It
# knows modules only, no workspace.
check_go() {
	local module output code=0
	for module in "$@"; do
		output=$(GOWORK=off "$govulncheck" -C "${module%/...}" ./... 2>&1) || code=$?
		[[ $code -eq 0 ]] && continue
		if [[ $code -ne 3 ]] && grep -qE 'vuln\.go\.dev|fetching vulnerabilities|dial tcp|no such host|i/o timeout' <<<"$output"; then
			skip govulncheck "its database can't be reached ($(tail -n 1 <<<"$output" | cut -c1-200))"
			return 0
		fi
		printf '%s\n' "$output" >&2
		return 1
	done
	echo "govulncheck: nothing known affects the Go programs"
}
check_go "$@" || status=1

# npm prints a report with auditReportVersion, or an object with the member error.
if ! command -v npm >/dev/null; then
	skip "npm audit" "npm is not installed"
	exit "$status"
fi
code=0
output=$(cd e2e/thirdparty && npm audit --json --fetch-retries=1 --fetch-timeout=20000 2>/dev/null) || code=$?
if [[ $output != *'"auditReportVersion"'* ]]; then
	skip "npm audit" "its database can't be reached"
elif [[ $code -eq 0 ]]; then
	echo "npm audit: nothing known affects the packages of e2e/thirdparty"
else
	(cd e2e/thirdparty && npm audit) >&2 || true
	status=1
fi
exit "$status"
