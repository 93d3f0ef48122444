#!/bin/bash
# Whether the tor in this container answers and is part of its network; an onion's has circuits besides.
set -euo pipefail
said=$(control 'GETINFO status/bootstrap-phase' 'GETINFO status/circuit-established')
[[ $said == *PROGRESS=100* ]] || { echo "not yet part of the network: $said"; exit 1; }
[[ ${1-} != onion || $said == *circuit-established=1* ]] || { echo "no circuits: $said"; exit 1; }
echo "part of the network"
