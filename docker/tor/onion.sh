#!/bin/bash
# Starts one half of an onion service, or looks after its key.
#
#   onion tor            tor: publishes the service, the daemon's or what ONION_TARGET names, and says where in /run/told
#   onion chatterd       the daemon: answers by a socket in /run/web, and prints the link once the service can be reached
#   onion address        prints the address
#   onion export-key     prints the key that the address is, to be kept encrypted
#   onion import-key     takes such a key from stdin, where there is none yet
#
# In: ONION_… (docs/tor-images.md names them). Out: /run/told/{address,reachable}, /run/web/web.sock. Never: a key in a variable, an argument or a
# log; a service open to everybody that was for some, unless told so.
set -euo pipefail
. /usr/lib/chatter/tor-entry.sh

told=/run/told web=/run/web/web.sock
service=/var/lib/tor/onion
key=$service/hs_ed25519_secret_key

within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

is_key() { (($(stat -c %s "$1") == 96)) && [[ $(head -c 29 "$1") == '== ed25519v1-secret: type0 ==' ]]; }

# Who may read the service's descriptor, and so find it: NAME=KEY in ONION_READERS, and NAME.auth files in the folder /readers.
readers() {
    local folder=$service/authorized_clients closed=/var/lib/tor/for-readers-alone staged reader name public file count=0
    staged=$(mktemp -d -p "$run")
    if [[ ${ONION_READERS-} != everybody ]]; then
        while read -r reader; do
            [[ $reader ]] || continue
            name=${reader%%=*} public=${reader#*=}
            public=${public#descriptor:x25519:}
            [[ $reader == *=* && $name =~ ^[A-Za-z0-9_.-]{1,40}$ && $name != .* && ${public^^} =~ ^[A-Z2-7]{52}$ ]] ||
                refuse "ONION_READERS: \"$reader\" is not NAME=KEY, the key being 52 letters and digits of base32"
            echo "descriptor:x25519:${public^^}" >"$staged/$name.auth"
        done < <(tr ' ,' '\n' <<<"${ONION_READERS-}")
        for file in /readers/*.auth; do
            [[ -d /readers && -e $file ]] || continue
            [[ -r $file && $(<"$file") =~ ^descriptor:x25519:[A-Z2-7]{52}$ ]] ||
                refuse "${file##*/} is not one line, descriptor:x25519: and 52 letters and digits of base32, readable for user $(id -u)"
            cat "$file" >"$staged/${file##*/}"
        done
        count=$(find "$staged" -name '*.auth' | wc -l)
        ((count > 0)) || [[ ! -e $closed ]] || refuse \
            "so far readers alone could find this service; name readers, or open it to all: ONION_READERS=everybody"
    fi
    # First what keeps it from opening, should this end halfway.
    if ((count)); then touch "$closed"; else rm -f "$closed"; fi
    rm -rf "$folder" && mkdir -m 700 "$folder"
    ((count == 0)) || cp "$staged"/*.auth "$folder/"
    rm -r "$staged"
    if ((count)); then echo "found by: $count readers alone"; else echo "found by: everybody who has the address"; fi
}

number() { [[ ${!1-} =~ ^[1-9][0-9]{0,4}$ ]] && ((${!1} <= 65535)) || refuse "$1 is not a number from 1 to 65535"; }

service_lines() {
    number ONION_PORT
    echo "HiddenServiceDir $service"
    if [[ ${ONION_TARGET-} ]]; then
        # A name's address may change while tor runs, and it would not notice.
        [[ $ONION_TARGET =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}:[0-9]{1,5}$ ]] || refuse "ONION_TARGET is not an IPv4 address and a port"
        echo "HiddenServicePort $ONION_PORT $ONION_TARGET"
    else
        # Each connection tells by which circuit it comes: all that there is to tell people apart by.
        printf '%s\n' "HiddenServicePort $ONION_PORT unix:$web" "HiddenServiceExportCircuitID haproxy"
    fi
    case ${ONION_POW-} in
        '' | 0) return ;;
        1) ;;
        *) refuse "ONION_POW is neither 0 nor 1" ;;
    esac
    [[ $(tor --list-modules) == *"pow: yes"* ]] || refuse "ONION_POW: this tor can't"
    echo "HiddenServicePoWDefensesEnabled 1"
    [[ ! ${ONION_POW_RATE-} ]] || { number ONION_POW_RATE && echo "HiddenServicePoWQueueRate $ONION_POW_RATE"; }
}

run_tor() {
    local address pid services network
    rm -f "$told/address" "$told/reachable"
    mkdir -p -m 700 "$service"
    readers
    services=$(service_lines)
    network=$(network_lines)
    checked_torrc <<-END
		$(place_lines)
		SocksPort 0
		$services
		$network
	END
    tor -f "$torrc" --defaults-torrc /dev/null &
    pid=$!
    trap 'kill -TERM $pid' TERM INT
    within 60 test -s "$service/hostname" -o ! -d "/proc/$pid" && [[ -s $service/hostname ]] || refuse "tor has not made an address"
    address=$(<"$service/hostname")
    publish "$address" &
    # A signal ends the first wait, tor's end the second.
    wait "$pid" || true
    wait "$pid" || exit
}

# Uploaded is one thing; what directories give back is what readers get.
publish() {
    local name=${1%.onion} said
    install -m 644 /dev/stdin "$told/address" <<<"$1"
    within 20 test -S "$run/control"
    # What directories still have of an earlier start is not meant. Should the upload have been missed, they have the new one by then.
    control --until 120 "HS_DESC UPLOADED $name" 'SETEVENTS HS_DESC' >/dev/null 2>&1 || true
    until said=$(control --until 60 "HS_DESC (RECEIVED|FAILED) $name" 'SETEVENTS HS_DESC' "HSFETCH $name" 2>/dev/null) &&
        [[ $said == *"RECEIVED $name"* ]]; do
        sleep 2
    done
    install -m 644 /dev/stdin "$told/reachable" <<<"$1"
    echo "the service can be reached: $1"
}

run_chatterd() {
    local pid
    within 120 test -s "$told/address" || refuse "no address in $told within two minutes: does the other half, tor, run?"
    CHATTERD_PUBLIC_HOST=$(<"$told/address"):$ONION_PORT
    export CHATTERD_PUBLIC_HOST
    rm -f "$web"
    # Its socket is for its group, too: tor's user is in it.
    chatterd --config /etc/chatterd/chatterd.toml &
    pid=$!
    trap 'kill -TERM $pid' TERM INT
    print_link "$pid" &
    wait "$pid" || true
    wait "$pid" || exit
}

print_link() {
    [[ ${ONION_PRINT_LINK-1} != 0 ]] || return 0
    until [[ -s $told/reachable ]] && chatterctl health >/dev/null 2>&1; do
        [[ -d /proc/$1 ]] || return 0
        sleep 0.5
    done
    chatterctl invite
}

case ${1-} in
    tor) run_tor ;;
    chatterd) run_chatterd ;;
    address) cat "$service/hostname" ;;
    export-key)
        [[ -s $key ]] || refuse "there is no key yet"
        [[ ! -t 1 ]] || refuse "a key is not for the screen: lead it into gpg, age or a file"
        cat "$key"
        ;;
    import-key)
        [[ ! -e $key ]] || refuse "there is a key already, for $(cat "$service/hostname"): it is not replaced; take another volume"
        umask 077
        mkdir -p -m 700 "$service"
        head -c 200 >"$run/key"
        is_key "$run/key" || refuse "that is not an onion service's hs_ed25519_secret_key"
        cp "$run/key" "$key.new" && sync "$key.new" && mv "$key.new" "$key"
        echo "the key is taken" >&2
        ;;
    *) sed -n '4,8s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
esac
