#!/usr/bin/env bash
# Builds both images, starts the daemon by `docker compose up`, and looks at it from outside: from a network namespace
# with addresses of its own.
#
#   docker/test.sh           as root; takes a running engine, or starts one of its own for the time being
#
# In: the sources, built into docker/prebuilt (CHATTER_PREBUILT=keep takes what lies there as it is). Out: what failed, or a line for each thing that
# holds. Never: anything left behind, on any way out; a container, volume or network of somebody else's touched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=chatter-test-$$
work=$(mktemp -d)
# A network of documentation's, the host at .1, members at .2, strangers from .3 on.
net=198.51.100 port=18000 side=v${$}h far=v${$}o
export DOCKER_BUILDKIT=1 COMPOSE_PROJECT_NAME=$name CHATTERD_IMAGE=$name CHATTERD_VOLUMES=$name
export CHATTERD_LISTEN=$net.1:$port CHATTERD_PUBLIC_HOST=$net.1:$port
clients=()
. docker/engine.sh

skip() { printf 'skipped: the container images (%s)\n' "$*"; exit 0; }
fail() { printf 'FAILED: %s\n' "$*" >&2; compose logs --no-color 2>&1 | tail -n 20 >&2; exit 1; }
holds() { printf 'ok: %s\n' "$*"; }
outside() { ip netns exec "$name" "$@"; }

compose() {
    if docker compose version >/dev/null 2>&1; then docker compose -f "$file" "$@"; else docker-compose -f "$file" "$@"; fi
}
file=docker/compose.yml

clean_up() {
    local client
    for client in "${clients[@]+"${clients[@]}"}"; do kill "$client" 2>/dev/null || true; done
    if docker info >/dev/null 2>&1; then
        compose down -v -t 3 >/dev/null 2>&1 || true
        docker rm -f "$name-client" >/dev/null 2>&1 || true
        docker image rm -f "$name" "$name-client" >/dev/null 2>&1 || true
    fi
    ip netns del "$name" 2>/dev/null || true
    ip link del "$side" 2>/dev/null || true
    engine_gone
    rm -rf "$work" || true
}
trap clean_up EXIT

network() {
    ip netns add "$name" && ip link add "$side" type veth peer name "$far" netns "$name" &&
        ip addr add "$net.1/24" dev "$side" && ip link set "$side" up &&
        outside ip link set lo up && outside ip link set "$far" up || return 1
    local host
    for host in 2 3 4 5; do outside ip addr add "$net.$host/24" dev "$far"; done
}

image() {
    docker build -q -f docker/Dockerfile --build-arg PROGRAMS=prebuilt --target "$1" -t "$2" . >/dev/null
}

# Built from sources, an image needs every package of the workspace to be handed to the engine.
sources() {
    printf 'FROM scratch\nCOPY . /\n' >"$work/Sources"
    docker build -q -f "$work/Sources" -o "$work/sources" . >/dev/null || fail "the sources are not handed over"
    (cd "$work/sources" && cargo metadata --no-deps --offline --locked --format-version 1) >/dev/null 2>"$work/metadata" ||
        fail "the image can't be built from sources: $(head -n 1 "$work/metadata")"
    rm -rf "$work/sources"
    holds "the engine gets all sources"
}

images() {
    [[ ${CHATTER_PREBUILT-} == keep ]] || docker/programs.sh docker/prebuilt
    local tag size
    image chatterd "$name"
    image chatter-client "$name-client"
    for tag in "$name" "$name-client"; do
        size=$(docker image inspect -f '{{.Size}}' "$tag")
        ((size < 30000000)) || fail "$tag has $size bytes"
        holds "$tag has $((size / 1000000)) MB"
    done
}

# An engine that may not raise limits (in a container itself, say) can't start what asks for it.
limits() {
    locked=1
    docker run --rm --ulimit memlock=-1 "$name" --version >/dev/null 2>&1 && return
    locked=''
    file=$work/compose.yml
    sed -e '/memlock: -1/d' -e "s|context: \.\.|context: $PWD|" docker/compose.yml >"$file"
    echo "note: this engine may not lift the limit of locked memory; done without"
}

ctl() { compose exec -T chatterd /usr/bin/chatterctl "$@"; }
container() { compose ps -q chatterd; }
report() { cat "$(docker volume inspect -f '{{.Mountpoint}}' "$name-report")/report.txt"; }
reported() { shows "^${1//./\\.} -> [0-9]\\+x packets\$" report; }

# So many requests without a token, from an address outside.
knock() {
    local count=$1 from=$2
    for ((; count > 0; count--)); do
        outside curl -s -o /dev/null --max-time 10 --interface "$from" "http://$net.1:$port/" || fail "$from gets no answer"
    done
}

chat() {
    local link room
    link=$(ctl invite | tail -n 1)
    mkfifo "$work/anna" "$work/ben"
    outside docker/prebuilt/chatter-client new - --nick anna --json <"$work/anna" >"$work/anna.out" 2>&1 &
    clients+=($!)
    exec 8>"$work/anna"
    echo "$link" >&8
    within 30 grep -q '"event":"entered"' "$work/anna.out" || fail "anna does not enter: $(cat "$work/anna.out")"
    room=$(sed -n 's/.*"event":"room".*"link":"\([^"]*\)".*/\1/p; s/.*"link":"\([^"]*\)".*"event":"room".*/\1/p' "$work/anna.out" | head -n 1)
    docker run --rm -i --name "$name-client" --read-only --cap-drop ALL "$name-client" join - --nick ben --json \
        <"$work/ben" >"$work/ben.out" 2>&1 &
    clients+=($!)
    exec 9>"$work/ben"
    echo "$room" >&9
    within 30 grep -q '"event":"member-joined"' "$work/ben.out" || fail "ben does not meet anna: $(cat "$work/ben.out")"
    echo "hello from outside" >&8
    within 30 grep -q '"text":"hello from outside"' "$work/ben.out" || fail "ben does not hear anna"
    echo "hello from a container" >&9
    within 30 grep -q '"text":"hello from a container"' "$work/anna.out" || fail "anna does not hear ben"
    holds "two clients chat through the container, one from outside, one out of the client's image"
    exec 8>&- 9>&-
}

closed_off() {
    local id refused
    id=$(container)
    [[ $(docker top "$id" -eo pid,uid,comm | awk '$3 == "chatterd" { print $2 }') == 65532 ]] || fail "it does not run as 65532"
    [[ $(docker inspect -f '{{.HostConfig.ReadonlyRootfs}}' "$id") == true ]] || fail "its root can be written"
    refused=$(compose logs --no-color | grep -E "can't be (locked|switched off|raised)") || true
    [[ ! $locked ]] || [[ ! $refused ]] || fail "the system refused: $refused"
    shows "^serving$" ctl health || fail "chatterctl health"
    holds "it runs as nobody in particular, read-only${locked:+, with its memory locked}"
}

healthy() { [[ $(docker inspect -f '{{.State.Health.Status}}' "$(container)") == healthy ]]; }

bans_last() {
    local link
    link=$(ctl invite | tail -n 1)
    knock 32 "$net.3"
    within 10 reported "$net.3" || fail "the report lacks $net.3: $(report)"
    ! reported "$net.2" || fail "a member is in the report"
    holds "the report on the host has the stranger's true address, and no member's"
    compose restart -t 5 >/dev/null 2>&1
    within 30 ctl health || fail "it does not come back"
    shows "\"$net.3\"" ctl bans --json && reported "$net.3" || fail "a restart lost the ban"
    docker kill -s KILL "$(container)" >/dev/null
    compose up -d >/dev/null 2>&1
    within 30 ctl health || fail "it does not come back from being killed"
    shows "\"$net.3\"" ctl bans --json && reported "$net.3" || fail "being killed lost the ban"
    [[ $(ctl invite | tail -n 1) == "$link" ]] || fail "the access code is another one"
    holds "neither a restart nor a kill loses the ban or the keys"
}

migration() {
    local said
    server_packet_limit=5 compose up -d >/dev/null 2>&1
    within 30 ctl health || fail "it does not start with server_packet_limit"
    knock 5 "$net.4"
    within 10 reported "$net.4" || fail "server_packet_limit is not heeded"
    said=$(docker run --rm -e server_access_code_=tawny-owl-51 "$name" --check)
    [[ $said == *"server_access_code_ is not used"* && $said != *tawny-owl* ]] || fail "server_access_code_: $said"
    holds "CLI_Chatter's variables are understood"
}

published() {
    compose down -t 5 >/dev/null 2>&1
    sed -e '/network_mode: host/d' -e "s|^    #ports: .*|    ports: [\"$port:$port\"]|" -e "s|context: \.\.|context: $PWD|" \
        "$file" >"$work/published.yml"
    file=$work/published.yml
    CHATTERD_LISTEN=0.0.0.0:$port compose up -d >/dev/null 2>&1 || fail "it does not start with a published port"
    within 30 ctl health || fail "it does not serve with a published port"
    knock 32 "$net.5"
    within 10 reported "$net.5" || fail "with a published port, the report lacks $net.5: $(report)"
    reported "$net.3" || fail "the ban from before is gone"
    holds "a published port keeps the stranger's address, too"
}

[[ $(id -u) == 0 ]] || skip "network namespaces need root"
engine
docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || skip "docker compose is not installed"
network || skip "no network namespace can be made"
sources
images
limits
compose up -d >/dev/null 2>&1 || { compose up -d; fail "docker compose up"; }
within 30 ctl health || fail "the daemon does not serve"
closed_off
chat
bans_last
migration
within 60 healthy || fail "the engine does not find it healthy"
holds "the engine finds it healthy"
published
echo "passed: the container images"
