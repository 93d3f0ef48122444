#!/usr/bin/env bash
# Prints the commands of docs/operating.md, a line each, as an operator would type them.
#
#   systemd/documented.sh            those that systemd/test.sh runs
#   systemd/documented.sh --others   those that it does not, each after the reason
#
# Fails where a reason is given for a command that the document does not have.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

commands=$(awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' docs/operating.md | sed -E 's/ +# .*//')
others=$(grep -v '^#' systemd/documented.txt)
while IFS='|' read -r reason command; do
    grep -qxF -- "$command" <<<"$commands" || { echo "the document has no command \"$command\" ($reason)" >&2; exit 1; }
done <<<"$others"
if [[ ${1-} == --others ]]; then
    printf '%s\n' "$others"
else
    grep -vxF -f <(cut -d'|' -f2- <<<"$others") <<<"$commands"
fi
