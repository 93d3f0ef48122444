#!/usr/bin/env bash
# Builds the images that have to do with Tor, lets them join a private Tor network on this machine, and uses them as people do.
#
#   docker/tor/test.sh       as root; takes a running engine, or starts one of its own for the time being
#
# In: the programs in docker/prebuilt (built first where there are none); Debian's package tor; debian:bookworm-slim (CHATTER_DEBIAN
# names another, CHATTER_HOST one for the host that becomes a relay), or debootstrap to make the like of it. Out: what failed, or
# a line for each thing that holds. Never: a packet to the public Tor network; anything left behind, on any way out; a container,
# volume or network of somebody else's touched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

name=chatter-tor-test-$$
work=$(mktemp -d)
# A network for benchmarks, which nothing else is on: the host at .1, the relay and the exit where they are told.
net=198.18.90 relay_nick=relay$$ exit_nick=exit$$ world_nick=world$$
processes=() images=(chatter-onion tor-relay tor-exit mariadb chatterd)
. docker/engine.sh

skip() { printf 'skipped: the images for Tor (%s)\n' "$*"; exit 0; }
holds() { printf 'ok: %s (%d s)\n' "$*" "$SECONDS"; }
fail() {
    printf 'FAILED: %s\n' "$*" >&2
    local container
    for container in $(docker ps -aq --filter "name=$name"); do
        docker inspect -f '--- {{.Name}} {{.State.Status}}' "$container" >&2
        docker logs --tail 12 "$container" >&2 2>&1 || true
    done
    exit 1
}

# The files of docker/tor, with what is so in this test laid over: FILE ARGUMENTS
compose() {
    local file=$1 words=(docker compose)
    shift
    docker compose version >/dev/null 2>&1 || words=(docker-compose)
    # What its name begins with, its volumes' and containers' do.
    "${words[@]}" -p "$name-$file" -f "$work/tor/$file.yml" -f "$work/tor/over-$file.yml" "$@"
}

clean_up() {
    local process file
    for process in "${processes[@]+"${processes[@]}"}"; do kill "$process" 2>/dev/null || true; done
    [[ ! -e $work/net/network.json ]] || tor/testnet.py down "$work/net" >/dev/null || true
    if docker info >/dev/null 2>&1; then
        for file in onion moved relay exit world; do
            [[ ! -e $work/tor/$file.yml ]] || compose "$file" --profile site --profile database --profile relay down -v -t 2 >/dev/null 2>&1 || true
        done
        docker rm -f "$name-host" >/dev/null 2>&1 || true
        docker network rm "$name" >/dev/null 2>&1 || true
        docker image rm -f "${images[@]/#/$name-}" >/dev/null 2>&1 || true
        [[ ! ${base_is_ours-} ]] || docker image rm -f "$base" >/dev/null 2>&1 || true
    fi
    engine_gone
    rm -rf "$work" || true
}
trap clean_up EXIT

# What the Dockerfile starts from, where no registry has to be asked.
base_image() {
    base=${CHATTER_DEBIAN:-debian:bookworm-slim}
    docker image inspect "$base" >/dev/null 2>&1 && return
    command -v debootstrap >/dev/null || skip "there is neither $base nor debootstrap"
    base=$name-base base_is_ours=1
    debootstrap --variant=minbase bookworm "$work/root" >"$work/debootstrap.log" 2>&1 || skip "debootstrap: $(tail -n 1 "$work/debootstrap.log")"
    # The same sources as here, security's among them.
    if [[ -f /etc/apt/sources.list.d/debian.sources ]]; then
        cp /etc/apt/sources.list.d/debian.sources "$work/root/etc/apt/sources.list.d/"
        : >"$work/root/etc/apt/sources.list"
    fi
    tar -C "$work/root" -c . | docker import -c 'CMD ["bash"]' - "$base" >/dev/null
    rm -rf "$work/root"
}

build() {
    local image
    [[ -x docker/prebuilt/chatterd ]] || docker/programs.sh docker/prebuilt
    for image in "${images[@]}"; do
        built "$image" || built "$image" --network host || fail "$image is not built: $(tail -n 5 "$work/build.log")"
    done
    export CHATTER_ONION_IMAGE=$name-chatter-onion TOR_RELAY_IMAGE=$name-tor-relay TOR_EXIT_IMAGE=$name-tor-exit
    export TOR_WORLD_MARIADB_IMAGE=$name-mariadb SITE_IMAGE=$name-chatterd
    holds "the images are built"
}

built() {
    docker build "${@:2}" -f docker/Dockerfile --build-arg PROGRAMS=prebuilt --build-arg "DEBIAN=$base" --target "$1" -t "$name-$1" . >"$work/build.log" 2>&1
}

# No program that gives rights, no key, nobody's password; and they start as somebody without rights.
files() {
    local image listed id
    for image in chatter-onion tor-relay tor-exit mariadb; do
        [[ $(docker image inspect -f '{{.Config.User}}' "$name-$image") =~ ^6553[0-9]:6553[0-9]$ ]] || fail "$image does not start as a user without rights"
        id=$(docker create "$name-$image")
        listed=$(docker export "$id" | tar -tvf -)
        docker rm -v "$id" >/dev/null
        ! grep -E '^-..s|^-.....s' <<<"$listed" || fail "$image has programs that give rights"
        ! grep -E ' (var/lib/(tor|mysql|chatterd)/.|etc/ssl/private/.|etc/ssh/ssh_host)|(secret|_key|\.pem|keys\.toml|id_rsa)$' <<<"$listed" |
            grep -v ' usr/share/' || fail "$image has what may be keys"
        [[ $(docker history --no-trunc "$name-$image" | grep -ciE 'password=|secret=') == 0 ]] || fail "$image has a secret in its history"
        ! docker run --rm --entrypoint grep "$name-$image" -E '^[^:]+:[^*!:]' /etc/shadow 2>/dev/null || fail "$image has users with passwords"
    done
    holds "the images hold no key, no password and no program that gives rights; they start without any"
}

# The engine's network has the private Tor network's authorities in it.
network() {
    docker network create --subnet "$net.0/24" --gateway "$net.1" "$name" >/dev/null || skip "the engine can't make a network"
    tor/testnet.py up "$work/net" --address "$net.1" --hosts 0 --clients 1 >"$work/net.json" || fail "the private Tor network does not come up"
    socks=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["socks"][0])' <"$work/net.json")
    TOR_TEST_NETWORK=$(<"$work/net/network.torrc")
    export TOR_TEST_NETWORK RELAY_PORT=29001 EXIT_PORT=29002
    holds "a private Tor network runs"
}

# What the network's client answers, a line each: COMMAND...
ask() { tor/testnet.py ask "$work/net" client1 "$@" | sed -nE 's/^ +"(.*)",?$/\1/p'; }

# The shipped files, on the test's network, with the engine looking after them more often.
overlay() {
    local often='interval: 1s, timeout: 3s, retries: 2, start_period: 1s' file
    cp -r docker/tor "$work/tor"
    # An engine that may not raise limits (in a container itself, say) can't start what asks for it.
    if ! docker run --rm --ulimit memlock=-1 --entrypoint /bin/true "$name-chatter-onion" 2>/dev/null; then
        sed -i '/memlock: -1/d' "$work"/tor/*.yml
        echo "note: this engine may not lift the limit of locked memory; done without"
    fi
    for file in onion relay exit; do
        printf 'networks:\n  %s: {external: true, name: %s}\nservices:\n' "$file" "$name" >"$work/tor/over-$file.yml"
    done
    printf '  %s: {healthcheck: {'"$often"'}}\n' tor chatterd >>"$work/tor/over-onion.yml"
    echo "  relay: {healthcheck: {$often}, networks: {relay: {ipv4_address: $net.10}}}" >>"$work/tor/over-relay.yml"
    echo "  exit: {healthcheck: {$often}, networks: {exit: {ipv4_address: $net.11}}}" >>"$work/tor/over-exit.yml"
    cp "$work/tor/onion.yml" "$work/tor/moved.yml" && cp "$work/tor/over-onion.yml" "$work/tor/over-moved.yml"
    {
        printf 'networks:\n  site-tor: &outside {external: true, name: %s}\n  relay: *outside\nservices:\n' "$name"
        printf '  %s: {healthcheck: {'"$often"'}}\n' site-tor database
        echo "  relay: {healthcheck: {$often}, networks: {relay: {ipv4_address: $net.12}}}"
    } >"$work/tor/over-world.yml"
}

refusals() {
    local said code wrong
    said=$(EXIT_NICKNAME=$exit_nick EXIT_CONTACT=abuse@example.org compose exit run --rm -T exit 2>&1) && code=0 || code=$?
    [[ $code == 78 && $said == *"letters from"* && $said == *"EXIT_UNDERSTOOD="* ]] || fail "an exit that nobody asked for ends with $code: $said"
    for wrong in RELAY_NICKNAME='a b' RELAY_CONTACT=$'x\nExitRelay 1' RELAY_PORT=70000 RELAY_BANDWIDTH='1 KBits' RELAY_BURST='1 MBits' \
        RELAY_FAMILY=abc RELAY_MONTHLY=much RELAY_ADDRESS='a b'; do
        said=$(RELAY_NICKNAME=$relay_nick RELAY_CONTACT=abuse@example.org RELAY_PORT=29001 docker run --rm -e RELAY_NICKNAME=$relay_nick \
            -e RELAY_CONTACT=abuse@example.org -e "$wrong" "$name-tor-relay" 2>&1) && code=0 || code=$?
        [[ $code == 78 && $said == *"${wrong%%=*}"* ]] || fail "$wrong ends with $code: $said"
    done
    said=$(docker run --rm "$name-tor-relay" 2>&1) || true
    [[ $said == *RELAY_NICKNAME* && $said == *RELAY_CONTACT* ]] || fail "what is missing is not named at once: $said"
    holds "an exit without the words does not start, and says why; a relay names each setting that is wrong"
}

relays_join() {
    RELAY_NICKNAME=$relay_nick RELAY_CONTACT=relay@example.org RELAY_ADDRESS=$net.10 compose relay up -d >"$work/up" 2>&1 || fail "relay: $(tail -n 3 "$work/up")"
    EXIT_UNDERSTOOD='I will answer for what leaves here' EXIT_NICKNAME=$exit_nick EXIT_CONTACT=abuse@example.org EXIT_ADDRESS=$net.11 \
        compose exit up -d >"$work/up" 2>&1 || fail "exit: $(tail -n 3 "$work/up")"
}
flags() { ask "GETINFO ns/name/$1" | sed -n 's/^s //p'; }
flagged() {
    local has flag
    has=" $(flags "$1") "
    for flag in "${@:2}"; do [[ $has == *" $flag "* ]] || return 1; done
}
relays_listed() {
    within 90 flagged "$relay_nick" Running Valid Guard || fail "the consensus has $relay_nick with: $(flags "$relay_nick")"
    within 60 flagged "$exit_nick" Running Valid Exit || fail "the consensus has $exit_nick with: $(flags "$exit_nick")"
    ! flagged "$relay_nick" Exit || fail "the middle relay is listed as an exit"
    within 60 healthy relay relay && within 60 healthy exit exit || fail "the engine does not find the relays healthy"
    holds "relay: $(flags "$relay_nick"); exit: $(flags "$exit_nick")"
}

exits() {
    local port
    for port in 8080 8081; do
        python3 -m http.server --bind "$net.1" --directory "$work/tor" "$port" >"$work/web.$port" 2>&1 &
        processes+=($!)
    done
    ask "SETCONF ExitNodes=$exit_nick StrictNodes=1" "SIGNAL NEWNYM" >/dev/null
    within 60 fetched "http://$net.1:8080/onion.yml" || fail "the exit does not reach a port that its policy has"
    grep -q "^$net.11 " "$work/web.8080" || fail "it was not the exit who came: $(tail -n 2 "$work/web.8080")"
    ! fetched "http://$net.1:8081/onion.yml" && ! grep -q GET "$work/web.8081" || fail "the exit reaches a port outside of its policy"
    ask "RESETCONF ExitNodes StrictNodes" >/dev/null
    holds "the exit leads to a server at a port of its policy, and to none at another"
}
fetched() { curl -s -o "$work/fetched" --max-time 15 --proxy-user "$RANDOM:x" --socks5-hostname "127.0.0.1:$socks" "$1"; }

# Whether the engine finds it so: FILE SERVICE [STATE]
healthy() { [[ $(docker inspect -f '{{.State.Health.Status}}' "$(compose "$1" ps -q "$2")") == "${3-healthy}" ]]; }

link_of() { compose "$1" logs --no-color chatterd 2>&1 | sed -n 's/.*\(chatter:\/\/[^ ]*\).*/\1/p' | tail -n 1; }
has_link() { [[ $(link_of "$1") ]]; }

onion() {
    compose onion up -d >"$work/up" 2>&1 || fail "onion: $(tail -n 3 "$work/up")"
    within 120 has_link onion || fail "no link is printed"
    link=$(link_of onion)
    [[ $link =~ ^chatter://[a-z2-7]{56}\.onion(:80)?/# ]] || fail "that is no onion link: $link"
    [[ $(docker port "$(compose onion ps -q tor)" 2>/dev/null) == '' ]] || fail "a port is published"
    # Its loopback is the daemon's only network.
    [[ $(docker exec "$(compose onion ps -q chatterd)" cat /proc/net/dev | grep -c :) == 1 ]] || fail "the daemon has a network"
    within 60 healthy onion tor && within 120 healthy onion chatterd || fail "the engine does not find the onion healthy"
    holds "one command publishes an onion service and prints its link; no port is open, and the daemon has no network"
}

chat() {
    local room circuits knock
    ask "SETCONF EntryNodes=$relay_nick HSLayer2Nodes=$exit_nick StrictNodes=1" "SIGNAL NEWNYM" >/dev/null
    mkfifo "$work/anna" "$work/ben"
    member anna new
    exec 8>"$work/anna"
    echo "$link" >&8
    within 60 grep -q '"event":"entered"' "$work/anna.out" || fail "anna does not enter: $(cat "$work/anna.out")"
    circuits=$(ask "GETINFO circuit-status" | grep HS_CLIENT_REND) || fail "anna has come by no circuit"
    [[ $circuits == *"~$relay_nick,"*"~$exit_nick,"* ]] || fail "anna has not come through relay and exit: $circuits"
    room=$(sed -n 's/.*"event":"room".*"link":"\([^"]*\)".*/\1/p; s/.*"link":"\([^"]*\)".*"event":"room".*/\1/p' "$work/anna.out" | head -n 1)
    member ben join
    exec 9>"$work/ben"
    echo "$room" >&9
    within 60 grep -q '"event":"member-joined"' "$work/ben.out" || fail "ben does not meet anna: $(cat "$work/ben.out")"
    echo "hello through Tor" >&8
    within 60 grep -q '"text":"hello through Tor"' "$work/ben.out" || fail "ben does not hear anna"
    exec 8>&- 9>&-
    ask "RESETCONF EntryNodes HSLayer2Nodes StrictNodes" "SIGNAL NEWNYM" >/dev/null
    fetched "http://${link:10:62}/" && grep -q 'Directory listing for /' "$work/fetched" || fail "a stranger does not see the decoy"
    for ((knock = 0; knock < 35; knock++)); do
        curl -s -o /dev/null --max-time 15 --proxy-user knocker:x --socks5-hostname "127.0.0.1:$socks" "http://${link:10:62}/" || fail "a stranger gets no answer"
    done
    ! compose onion exec -T chatterd grep -e ' -> ' /var/lib/chatterd/report.txt || fail "a circuit is in the report"
    holds "two members chat over it, through the relay and the exit; a stranger sees a file server, and is in no report"
}
member() {
    docker/prebuilt/chatter-client "$2" - --nick "$1" --json --proxy "socks5h://127.0.0.1:$socks" <"$work/$1" >"$work/$1.out" 2>&1 &
    processes+=($!)
}

address() { compose "$1" exec -T tor onion address; }

keeps() {
    local before now
    before=$link
    compose onion down -t 5 >/dev/null 2>&1
    compose onion up -d >"$work/up" 2>&1 || fail "onion, again: $(tail -n 3 "$work/up")"
    within 120 has_link onion || fail "no link is printed after down and up"
    [[ $(link_of onion) == "$before" ]] || fail "down and up make another link"
    within 60 healthy onion tor || fail "it is not healthy after down and up"
    holds "down and up keep the address and the link"
    docker exec "$(compose onion ps -q tor)" sh -c 'kill -STOP $(pidof tor)'
    within 60 healthy onion tor unhealthy || fail "tor stands still, and the engine does not find that unhealthy"
    docker exec "$(compose onion ps -q tor)" sh -c 'kill -CONT $(pidof tor)'
    within 60 healthy onion tor || fail "tor goes on, and the engine does not find that healthy"
    docker exec "$(compose onion ps -q tor)" sh -c 'kill -KILL $(pidof tor)'
    within 60 came_back || fail "tor is killed, and does not come back"
    holds "tor that stands still is found unhealthy; killed, it comes back"
}
came_back() { [[ $(docker inspect -f '{{.RestartCount}}' "$(compose onion ps -q tor)") -gt 0 ]] && healthy onion tor; }

# Another host, for whoever takes the key over; and only for readers.
moves() {
    local now said reader
    local -A secret public
    now=$(address onion)
    compose onion run --rm -T tor export-key 2>/dev/null >"$work/key" || fail "the key is not given out"
    compose onion exec -T chatterd cat /var/lib/chatterd/keys.toml >"$work/keys.toml" || fail "keys.toml is not given out"
    compose onion down -v -t 5 >/dev/null 2>&1
    said=$(head -c 96 /dev/urandom | compose moved run --rm -T tor import-key 2>&1) && fail "anything is taken for a key" || true
    [[ $said == *"not an onion service's"* ]] || fail "what is no key: $said"
    compose moved run --rm -T tor import-key <"$work/key" >/dev/null 2>&1 || fail "the key is not taken"
    said=$(compose moved run --rm -T tor import-key <"$work/key" 2>&1) && fail "a key is replaced" || true
    compose moved run --rm -T --entrypoint sh chatterd -c 'umask 077; cat >/var/lib/chatterd/keys.toml' <"$work/keys.toml" >/dev/null 2>&1 ||
        fail "keys.toml is not taken"
    # One reader by a variable, one by a file in a folder.
    for reader in anna ben; do
        openssl genpkey -algorithm x25519 -out "$work/$reader.pem" 2>/dev/null
        public[$reader]=$(openssl pkey -in "$work/$reader.pem" -pubout -outform DER | tail -c 32 | base32 | tr -d =)
        secret[$reader]=$(openssl pkey -in "$work/$reader.pem" -outform DER | tail -c 32 | base64)
    done
    mkdir "$work/readers"
    echo "descriptor:x25519:${public[ben]}" >"$work/readers/ben.auth"
    chmod a+x "$work" && chmod -R a+rX "$work/readers"
    ONION_READERS=anna=${public[anna]} ONION_READERS_FOLDER=$work/readers ONION_POW=1 ONION_POW_RATE=200 compose moved up -d >"$work/up" 2>&1 || fail "moved: $(tail -n 3 "$work/up")"
    within 120 has_link moved || fail "no link is printed by who took the key over"
    [[ $(address moved) == "$now" ]] || fail "the address is another one"
    [[ $(link_of moved) == "$link" ]] || fail "the link is another one"
    holds "two files move address and link to another installation"
    ask "SIGNAL NEWNYM" >/dev/null
    ! fetched "http://$now/" || fail "who is no reader gets through"
    for reader in anna ben; do
        ask "ONION_CLIENT_AUTH_ADD ${now%.onion} x25519:${secret[$reader]}" "SIGNAL NEWNYM" >/dev/null
        within 60 fetched "http://$now/" || fail "$reader, a reader, does not get through"
    done
    said=$(compose moved run --rm -T tor tor 2>&1) && fail "without readers it opens itself to all" || true
    [[ $said == *"readers alone"* ]] || fail "without readers: $said"
    compose moved exec -T tor grep -q PoWDefensesEnabled /run/tor/torrc || fail "no proof of work"
    holds "only readers find it when they are named, and it does not open itself when they are not; proof of work is on"
    compose moved down -v -t 5 >/dev/null 2>&1
}

world() {
    local site password said
    mkdir "$work/files"
    echo "ours" >"$work/files/minutes.txt"
    chmod -R a+rX "$work/files"
    export SITE_FILES=$work/files SITE_NET=198.18.91 RELAY_NICKNAME=$world_nick RELAY_CONTACT=relay@example.org RELAY_ADDRESS=$net.12 RELAY_PORT=29003
    compose world --profile site --profile database --profile relay up -d >"$work/up" 2>&1 || fail "world: $(tail -n 3 "$work/up")"
    within 120 site_says_its_address || fail "the site is not published"
    site=$(compose world exec -T site-tor onion address)
    within 60 fetched "http://$site/minutes.txt" && grep -qx ours "$work/fetched" || fail "the site does not show our files"
    within 120 healthy world database || fail "the database is not healthy"
    ! docker ps -q --filter "name=$name-world" | xargs -n 1 docker port | grep -v '^29003/' || fail "the world publishes more than the relay's port"
    database "$name-world_database" 'CREATE TABLE t (n INT); INSERT INTO t VALUES (42); SELECT n FROM t' >"$work/sql" 2>&1 && grep -qx 42 "$work/sql" ||
        fail "an application does not reach its database: $(cat "$work/sql")"
    ! database "$name" 'SELECT 1' >/dev/null 2>&1 || fail "the database is reached from another network"
    ! docker exec "$(compose world ps -q site-tor)" getent hosts database || fail "the site's tor knows the database"
    said=$(docker exec "$(compose world ps -q database)" sh -c 'mariadb --socket=/run/mysqld/mysqld.sock -BN -e "SELECT CONCAT(user, \"@\", host) FROM mysql.user" | sort | tr "\n" " "')
    [[ $said == 'mariadb.sys@localhost mysql@localhost root@localhost site@% ' ]] || fail "the database has users of its own: $said"
    ! docker exec "$(compose world ps -q database)" mariadb -h 127.0.0.1 -u root -e 'SELECT 1' 2>/dev/null || fail "root comes in without a password"
    password=$(docker exec "$(compose world ps -q database)" cat /run/secrets/database/password)
    ((${#password} == 32)) || fail "the password is not a drawn one"
    compose world --profile site --profile database restart database >/dev/null 2>&1
    within 120 healthy world database && database "$name-world_database" 'SELECT n FROM t' 2>&1 | grep -qx 42 || fail "the database does not survive a restart"
    holds "a site of its own address, and a database that its network alone reaches, by a password drawn at the first start"
    within 90 flagged "$world_nick" Running Valid || fail "the consensus has $world_nick with: $(flags "$world_nick")"
    within 60 healthy world relay || fail "the engine does not find the world's relay healthy"
    ! docker exec "$(compose world ps -q relay)" sh -c 'getent hosts web || getent hosts database' || fail "the relay knows the site or its database"
    holds "its relay joins: $(flags "$world_nick")"
}
site_says_its_address() { shows "can be reached" compose world logs --no-color site-tor; }
# As an application would: NETWORK STATEMENTS
database() {
    docker run --rm --network "$1" -v "$name-world_database-password:/run/secrets/database:ro" -e "STATEMENTS=$2" --entrypoint sh "$name-mariadb" -c \
        'MYSQL_PWD=$(cat /run/secrets/database/password) mariadb --connect-timeout=5 -h database -u site -BN site -e "$STATEMENTS"'
}

# A Debian host that has never had tor, and one that had: what a host's script does is undone to the last byte.
host() {
    local bare with said
    docker run -d --name "$name-host" -v "$PWD/tor:/tor:ro" "${CHATTER_HOST:-$base}" sleep 1000 >/dev/null
    bare=$(seen)
    said=$(relay --dry-run) && [[ $(seen) == "$bare" && $said == *"would do"* ]] || fail "a dry run of relay.sh does something: $said"
    said=$(docker exec "$name-host" /tor/relay.sh --nickname 'no good' --contact x 2>&1) && fail "relay.sh takes what is no nickname" || true
    [[ $said == *RELAY_NICKNAME* && $said == *RELAY_CONTACT* && $(seen) == "$bare" ]] || fail "relay.sh: $said"
    makes_it_a_relay_and_back "$bare"
    holds "relay.sh makes a host a relay; again it changes nothing; undone, all files are as before"

    docker exec "$name-host" sh -c 'apt-get install -y -qq --no-install-recommends tor && echo "Log notice syslog" >>/etc/tor/torrc' >/dev/null 2>&1
    with=$(seen)
    docker exec "$name-host" sh -c 'echo "HiddenServiceDir /var/lib/tor/x" >/etc/tor/onions'
    said=$(relay 2>&1) && fail "relay.sh makes a relay beside an onion service" || true
    [[ $said == *"onion service"* ]] || fail "relay.sh beside an onion service: $said"
    docker exec "$name-host" rm /etc/tor/onions
    makes_it_a_relay_and_back "$with"
    holds "so it is where tor was before, and it refuses where an onion service is"
    docker rm -f "$name-host" >/dev/null
}
# What a host's configuration is: files with modes and owners, links, packages. Not the copies that passwd's tools keep, nor caches.
seen() {
    docker exec "$name-host" sh -c 'find /etc /var/lib/tor /root -not -name "*-" -not -name ld.so.cache -not -path "/etc/ssl/certs/*" -printf "%p %m %u %g %l\n" 2>/dev/null
        find /etc -type f -not -name "*-" -not -name ld.so.cache -exec sha256sum {} +; dpkg-query -W' | sort
}
relay() { docker exec "$name-host" /tor/relay.sh --nickname "$relay_nick" --contact relay@example.org --bandwidth '2 MBytes' "$@"; }
makes_it_a_relay_and_back() {
    local before=$1 after said
    said=$(relay 2>&1) || fail "relay.sh: $said"
    after=$(seen)
    docker exec "$name-host" sh -c 'tor --verify-config --defaults-torrc /usr/share/tor/tor-service-defaults-torrc && grep -q "^%include /etc/tor/torrc.d/middle-relay.conf$" /etc/tor/torrc' >/dev/null ||
        fail "relay.sh leaves a configuration that tor does not take"
    said=$(relay) && [[ $said == "nothing to do"* && $(seen) == "$after" ]] || fail "relay.sh again changes something: $said"
    relay --monthly '100 GBytes' >/dev/null && docker exec "$name-host" grep -q 'AccountingMax 100 GBytes' /etc/tor/torrc.d/middle-relay.conf || fail "relay.sh does not change a setting"
    # As its first start would: keys.
    docker exec "$name-host" setpriv --reuid debian-tor --regid debian-tor --clear-groups tor --list-fingerprint --DataDirectory /var/lib/tor --User '' >/dev/null 2>&1 || true
    docker exec "$name-host" rm -f /var/lib/tor/lock
    docker exec "$name-host" test -e /var/lib/tor/keys/secret_id_key || fail "tor makes no keys"
    said=$(relay --undo 2>&1) && fail "undoing loses the relay's identity without a word" || true
    said=$(relay --undo --keep-keys /tmp/keys.tar 2>&1) || fail "undoing: $said"
    docker exec "$name-host" sh -c 'tar -tf /tmp/keys.tar | grep -q secret_id_key && [ "$(stat -c %a /tmp/keys.tar)" = 600 ] && rm /tmp/keys.tar' || fail "the keys are not kept"
    said=$(seen)
    [[ $said == "$before" ]] || fail "undone, the host is not as before: $(diff <(echo "$before") <(echo "$said"))"
    said=$(relay --undo) && [[ $said == "nothing to undo"* ]] || fail "undoing twice: $said"
}

[[ $(id -u) == 0 ]] || skip "it needs root"
for program in tor tor-gencert python3 curl openssl; do command -v "$program" >/dev/null || skip "$program is not installed"; done
engine
docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || skip "docker compose is not installed"
export DOCKER_BUILDKIT=1
base_image
build
files
host
network
overlay
refusals
relays_join
onion
relays_listed
exits
chat
keeps
moves
world
echo "passed: the images for Tor"
