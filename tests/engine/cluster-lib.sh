# A Docker engine of our own in a network of its own, with the founding
# cluster's images.  Sourced by tests/engine/cluster and tools/record-fixtures,
# which run in the repository's root.
# shellcheck shell=bash

export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
unset BASE

# own_engine DIR: bridges and published ports stay inside its network.
own_engine() {
    engine=$1
    DOCKERD_ARGS=--userland-proxy=true unshare --net sh -c \
        'ip link set lo up && exec tests/engine/dockerd start "$1"' \
        sh "$engine" >"$engine.said" 2>&1 || {
        cat "$engine.said" >&2
        return 1
    }
    export DOCKER_HOST=unix://$engine/docker.sock
    export DOCKER_SOCKET=$engine/docker.sock
    DOCKER_GID=$(stat -c %g "$DOCKER_SOCKET")
    export DOCKER_GID
}

end_engine() {
    [[ ! ${engine:-} ]] || tests/engine/dockerd stop "$engine" >/dev/null 2>&1
}

# inside COMMAND...: in the engine's network.
inside() {
    nsenter --target "$(cat "$engine/pid")" --net "$@"
}

# The private engine reaches no registry.
images() {
    NO_REGISTRY=1 tools/cluster "$1" >"$engine.build" 2>&1 || {
        tail -n 40 "$engine.build" >&2
        return 1
    }
}

# eventually SECONDS COMMAND...: asks until it is true.
eventually() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [[ $SECONDS -lt $end ]] || return 1
        sleep 0.1
    done
}

free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
