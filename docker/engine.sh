# Sourced by the tests that need a container engine.
#
# In: `work`, a folder for what is thrown away. Out: `engine` takes a running engine, or starts one of its own for the time being;
# `engine_gone` ends that. Never: an engine of somebody else's touched.

own_engine='' bridge=''

# Tries for so many seconds.
within() {
    local seconds=$1 end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS > end)); then return 1; fi
        sleep 0.3
    done
}

# Newer clients can't build without a plugin; Debian's can, if it is there but not the first in the path.
client_that_builds() {
    if [[ -x /usr/bin/docker && $(command -v docker) != /usr/bin/docker ]] && ! docker buildx version >/dev/null 2>&1; then
        mkdir "$work/bin"
        ln -s /usr/bin/docker "$work/bin/docker"
        PATH=$work/bin:$PATH
    fi
}

# `skip REASON` is the caller's.
engine() {
    command -v docker >/dev/null || skip "docker is not installed"
    client_that_builds
    docker info >/dev/null 2>&1 && return
    command -v dockerd >/dev/null || skip "no engine runs, and dockerd is not installed"
    if ip link show docker0 >/dev/null 2>&1; then bridge=1; fi
    dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" >"$work/dockerd.log" 2>&1 &
    own_engine=$!
    within 40 docker info || { own_engine=''; skip "dockerd does not start: $(tail -n 1 "$work/dockerd.log")"; }
}

engine_gone() {
    [[ $own_engine ]] || return 0
    kill "$own_engine" && wait "$own_engine" || true
    umount "$work"/exec/netns/* 2>/dev/null || true
    # Its rules of the packet filter name only what is gone now.
    [[ $bridge ]] || ip link del docker0 2>/dev/null || true
}

# Whether what a command prints has this. Read to its end: who writes into a closed pipe fails, and with him the pipeline.
shows() {
    local printed
    printed=$("${@:2}") && grep -q -- "$1" <<<"$printed"
}
