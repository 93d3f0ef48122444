#!/usr/bin/env python3
"""A whole Tor network on one machine, for tests: authorities, relays, an exit, service hosts, clients.

    tor/testnet.py up DIR                  start it in DIR, which is empty or not there yet
    tor/testnet.py onion DIR --target T    publish an onion service that leads to T
    tor/testnet.py relay DIR --torrc FILE  let a relay with a torrc of its own join
    tor/testnet.py ask DIR NODE COMMAND... say that to a node's control port
    tor/testnet.py start DIR NODE          start a node that was stopped
    tor/testnet.py down DIR [NODE]         stop all, or one node

Each verb waits for what it does, with a bound, and says it as JSON; on failure it says one line on stderr and ends with 1.
Needs Linux, Python 3.10 and Debian's package tor (0.4.9); no root. tor/testnet.md tells more.
"""
import argparse
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

HOME = "127.0.0.1"
# Two relays and an exit beside three authorities, which relay as well: enough for circuits that never use one twice.
FIXED = {"auth1": "authority", "auth2": "authority", "auth3": "authority",
         "middle1": "middle", "middle2": "middle", "exit1": "exit"}
KINDS = ("or_port", "dir_port", "control_port", "socks_port")
NODES_MAX = 40
SECRET_KEY_LEN = 96
SECRET_KEY_MAGIC = b"== ed25519v1-secret: type0 =="

# What makes a tor a member of this network, wherever it runs: no path and no address but the authorities' is in it.
# A network that has just begun would teach tor that circuits take 50 ms, and it would give up all slower ones.
NETWORK = """
TestingTorNetwork 1
AddressDisableIPv6 1
AssumeReachable 1
LearnCircuitBuildTimeout 0
CircuitBuildTimeout 5
FetchDirInfoEarly 1
FetchDirInfoExtraEarly 1
ServerDNSDetectHijacking 0
ServerDNSAllowBrokenConfig 1
"""
# What holds for those that run here besides. The exit's connections never leave this machine.
HERE = """
Address {address}
OutboundBindAddressOR {address}
OutboundBindAddressExit 127.0.0.1
ServerDNSResolvConfFile {root}/resolv.conf
VanguardsLiteEnabled {guarded}
ShutdownWaitLength 0
SafeLogging 0
SocksPort 0
CookieAuthentication 1
ControlPort 127.0.0.1:{control_port}
DataDirectory {dir}
Log notice file {dir}/tor.log
"""
AUTHORITY = """
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
DirPort {address}:{dir_port}
ContactInfo {name}@authority.invalid
ExitPolicy reject *:*
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval {interval}
V3AuthVoteDelay 2
V3AuthDistDelay 2
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingMinExitFlagThreshold 0
AuthDirFastGuarantee 1 KBytes
AuthDirVoteStableGuaranteeMinUptime 1 seconds
AuthDirVoteStableGuaranteeMTBF 1 seconds
"""
RELAYS = "Nickname {name}\nORPort {address}:{or_port}\n"
ROLES = {
    "authority": RELAYS + AUTHORITY,
    "middle": RELAYS + "ExitRelay 0\n",
    "exit": RELAYS + "ExitRelay 1\nExitPolicy accept *:*\n",
    "host": "%include {dir}/services\n",
    "client": "SocksPort 127.0.0.1:{socks_port} ExtendedErrors\nClientOnionAuthDir {dir}/onion_auth\n",
}


class Failure(Exception):
    """One line for whoever called."""


def until(what, seconds, ready, pause=0.2):
    """What READY returns, as soon as that is true."""
    end = time.monotonic() + seconds
    while True:
        if value := ready():
            return value
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)


def output_of(command, **more):
    try:
        ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"{command[0]}: {error}") from error
    if ended.returncode != 0:
        raise Failure(f"{command[0]}: " + " / ".join((ended.stderr + ended.stdout).strip().splitlines()[-3:]))
    return ended.stdout


class Controller:
    """tor's control port; replies and events are told apart by their status."""

    def __init__(self, node):
        cookie = Path(node["dir"], "control_auth_cookie").read_bytes().hex()
        self.stream = socket.create_connection((HOME, node["control_port"]), timeout=15)
        self.lines = self.stream.makefile("r", encoding="utf-8", newline="\r\n")
        self.ask(f"AUTHENTICATE {cookie}")

    def close(self):
        self.lines.close()
        self.stream.close()

    def ask(self, request):
        self.stream.sendall(f"{request}\r\n".encode())
        while True:
            status, lines = self.hear()
            if status.startswith("2"):
                return lines
            if status != "650":
                raise Failure(f"tor refuses {request.split()[0]}: {lines[0]}")

    def hear(self):
        """The status and the lines of one reply or event."""
        lines = []
        while True:
            line = self.line()
            status, mark, text = line[:3], line[3:4], line[4:]
            lines.append(text)
            if mark == "+":
                while (line := self.line()) != ".":
                    lines.append(line)
            elif mark != "-":
                return status, lines

    def line(self):
        line = self.lines.readline()
        if not line:
            raise Failure("tor closed its control port")
        return line.rstrip("\r\n")


class Network:
    """All that is known of the network stands in DIR/network.json."""

    def __init__(self, root):
        self.root = root
        self.facts = {"address": HOME, "interval": 20, "base_port": 0, "nodes": {}}
        with suppress(FileNotFoundError):
            self.facts = json.loads((root / "network.json").read_text())
        self.nodes = self.facts["nodes"]

    def save(self):
        (self.root / "network.json").write_text(json.dumps(self.facts, indent=1))

    def node(self, name):
        if name not in self.nodes:
            raise Failure(f"{self.root} has no node {name}: there are {' '.join(self.nodes) or 'none'}")
        return self.nodes[name]

    def named(self, role):
        return [node for node in self.nodes.values() if node["role"] == role]

    # Processes

    def command(self, node):
        home = node["dir"]
        command = ["tor", "--defaults-torrc", f"{home}/defaults", "-f", f"{home}/torrc"]
        if node["role"] == "joined":
            # Its own torrc is one for a machine of its own: all that can't be so here is said last.
            command += ["--DataDirectory", home, "--ORPort", f"{self.facts['address']}:{node['or_port']}",
                        "--ControlPort", f"{HOME}:{node['control_port']}", "--CookieAuthentication", "1",
                        "--Address", self.facts["address"], "--Log", f"notice file {home}/tor.log", "--/User"]
        return command

    def lives(self, node):
        """Whether its process is still the one that was started: numbers are given again."""
        with suppress(OSError):
            said = Path(f"/proc/{node['pid']}/cmdline").read_bytes()
            return said.split(b"\0")[:-1] == [word.encode() for word in self.command(node)]
        return False

    def make(self, name, role):
        if name in self.nodes:
            raise Failure(f"there is a node {name} already")
        if len(self.nodes) == NODES_MAX:
            raise Failure(f"{NODES_MAX} nodes are the most there can be")
        first = self.facts["base_port"] + len(KINDS) * len(self.nodes)
        node = {"name": name, "role": role, "pid": 0, "dir": str(self.root / name),
                **{kind: first + place for place, kind in enumerate(KINDS)}}
        Path(node["dir"]).mkdir(mode=0o700)
        self.nodes[name] = node
        return node

    def write(self, node):
        """The two halves of its configuration: what all share with what is so here, and what its role asks for."""
        home, role = Path(node["dir"]), node["role"]
        facts = {**self.facts, **node, "root": self.root, "guarded": int(role in ("host", "client"))}
        network = (self.root / "network.torrc").read_text()
        (home / "defaults").write_text(network + HERE.format(**facts))
        if role in ROLES:
            (home / "torrc").write_text(ROLES[role].format(**facts))
        if role == "host":
            (home / "services").touch()
        elif role == "client":
            (home / "onion_auth").mkdir(mode=0o700)

    def launch(self, node):
        # It opens its port before it writes a new one.
        Path(node["dir"], "control_auth_cookie").unlink(missing_ok=True)
        with open(Path(node["dir"], "stdout.log"), "ab") as said:
            process = subprocess.Popen(self.command(node), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                       cwd=node["dir"], start_new_session=True, group=node.get("group"))
        node["pid"] = process.pid
        self.save()

    def control(self, node):
        def reach():
            if not self.lives(node):
                said = Path(node["dir"], "stdout.log").read_text().strip().splitlines()
                raise Failure(f"{node['name']} does not run: {' / '.join(said[-2:])}")
            with suppress(OSError):
                return Controller(node)
        return closing(until(f"the control port of {node['name']}", 30, reach))

    def await_ready(self, node, seconds):
        """Until it has circuits, and a consensus of the regular rhythm that gives every relay its flags: what comes
        out of an earlier one reckons with other time periods than the rest of the network soon will."""
        wanted = {name: {"Running", "Guard", "HSDir"} | ({"Exit"} if role == "exit" else set())
                  for name, role in FIXED.items()}

        def ready():
            if "PROGRESS=100 " not in control.ask("GETINFO status/bootstrap-phase")[0]:
                return False
            name, flags, moments = "", {}, {}
            for word, _, rest in (line.partition(" ") for line in
                                  control.ask("GETINFO dir/status-vote/current/consensus-microdesc")):
                if word in ("valid-after", "fresh-until"):
                    moments[word] = datetime.fromisoformat(rest)
                elif word == "r":
                    name = rest.split()[0]
                elif word == "s":
                    flags[name] = set(rest.split())
            rhythm = moments["fresh-until"] - moments["valid-after"]
            return rhythm.seconds == self.facts["interval"] and all(
                some <= flags.get(name, set()) for name, some in wanted.items())

        with self.control(node) as control:
            until(f"{node['name']} to be ready (see {node['dir']}/tor.log)", seconds, ready)

    def stop(self, nodes):
        left = [node for node in nodes if self.lives(node)]
        for number, seconds in ((signal.SIGTERM, 8), (signal.SIGKILL, 5)):
            for node in left:
                with suppress(ProcessLookupError):
                    os.kill(node["pid"], number)
                    os.kill(node["pid"], signal.SIGCONT)
            with suppress(Failure):
                until("the end", seconds, lambda: not any(map(self.lives, left)), 0.05)
            left = [node for node in left if self.lives(node)]
        if left:
            raise Failure("could not stop " + " ".join(node["name"] for node in left))

    # Verbs

    def up(self, address, base_port, interval, hosts, clients, first_group, timeout):
        began = time.monotonic()
        if any(self.root.iterdir()):
            raise Failure(f"{self.root} is not empty: stop what runs there and take another directory")
        roles = {**FIXED, **{f"host{n + 1}": "host" for n in range(hosts)},
                 **{f"client{n + 1}": "client" for n in range(clients)}}
        self.facts.update(address=address, interval=interval, base_port=base_port or free_ports(address))
        for name, role in roles.items():
            node = self.make(name, role)
            if first_group and role == "host":
                node["group"] = first_group + len(self.named("host")) - 1
        (self.root / "resolv.conf").write_text(f"nameserver {HOME}\n")
        lines = [self.identity(node) for node in self.named("authority")]
        (self.root / "network.torrc").write_text("\n".join(lines) + NETWORK)
        for node in self.nodes.values():
            self.write(node)
        try:
            # Whoever asks for circuits comes last: he would choose guards for good among the few that were there first.
            for early in (True, False):
                wave = [node for node in self.nodes.values() if (node["name"] in FIXED) == early]
                for node in wave:
                    self.launch(node)
                for node in wave:
                    if node["role"] not in ("middle", "exit"):
                        self.await_ready(node, timeout)
        except BaseException:
            self.stop(self.nodes.values())
            raise
        return {"dir": str(self.root), "seconds": round(time.monotonic() - began, 1),
                "socks": [node["socks_port"] for node in self.named("client")],
                "network_torrc": str(self.root / "network.torrc"), "nodes": self.nodes}

    def identity(self, node):
        """Makes an authority's keys; the line by which others know it."""
        keys, address = Path(node["dir"], "keys"), f"{self.facts['address']}:{node['dir_port']}"
        keys.mkdir(mode=0o700)
        output_of(["tor-gencert", "--create-identity-key", "-m", "12", "--passphrase-fd", "0", "-a", address,
                   "-i", keys / "authority_identity_key", "-s", keys / "authority_signing_key",
                   "-c", keys / "authority_certificate"], input="for a test\n")
        words = (keys / "authority_certificate").read_text().split()
        # An authority has to name one before it can say its own fingerprint.
        said = output_of(["tor", "--quiet", "--list-fingerprint", "--ignore-missing-torrc", "-f", "/nonexistent",
                          "--defaults-torrc", "/nonexistent", "--DataDirectory", node["dir"], "--ORPort", "1",
                          "--Nickname", node["name"], "--DirAuthority", f"x {HOME}:1 {'F' * 40}"])
        return (f"DirAuthority {node['name']} orport={node['or_port']} no-v2 "
                f"v3ident={words[words.index('fingerprint') + 1]} {address} {said.split(None, 1)[1].strip()}")

    def onion(self, host, target, port, key, export_circuit_id, proof_of_work, settings, files, timeout):
        began, node = time.monotonic(), self.node(host)
        secret = Path(key).read_bytes() if key else b""
        if key and (len(secret) != SECRET_KEY_LEN or not secret.startswith(SECRET_KEY_MAGIC)):
            raise Failure(f"{key} is not a service's secret key: tor would silently make another")
        services = Path(node["dir"], "services")
        before = services.read_text()
        place = Path(node["dir"], f"service{len(list(Path(node['dir']).glob('service[0-9]*'))) + 1}")
        lines = [f"HiddenServiceDir {place}", f"HiddenServicePort {port} {target}", *settings]
        lines += [f"HiddenServiceExportCircuitID {export_circuit_id}"] if export_circuit_id else []
        lines += ["HiddenServicePoWDefensesEnabled 1"] if proof_of_work else []
        place.mkdir(mode=0o700)
        if key:
            (place / "hs_ed25519_secret_key").write_bytes(secret)
        for name, _, text in (file.partition("=") for file in files):
            (place / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (place / name).write_text(f"{text}\n")
        services.write_text(before + "\n".join(lines) + "\n")
        try:
            # A configuration that tor does not take ends it.
            output_of([*self.command(node), "--verify-config", "--hush"])
        except Failure:
            services.write_text(before)
            shutil.rmtree(place)
            raise
        with self.control(node) as control:
            control.ask("SETEVENTS HS_DESC")
            control.ask("SIGNAL RELOAD")
            hostname = place / "hostname"
            until(f"{hostname}", 15, lambda: hostname.exists() and hostname.read_text().strip())
            onion = hostname.read_text().strip()
            await_uploads(control, onion.removesuffix(".onion"), timeout)
        return {"onion": onion, "port": port, "host": host, "seconds": round(time.monotonic() - began, 1),
                "key_file": str(place / "hs_ed25519_secret_key"), "service_dir": str(place)}

    def relay(self, torrc, name, timeout):
        began = time.monotonic()
        clients = self.named("client")
        if not clients:
            raise Failure("a relay is looked for in a client's consensus, and this network has no client")
        node = self.make(name or f"joined{len(self.named('joined')) + 1}", "joined")
        shutil.copyfile(torrc, Path(node["dir"], "torrc"))
        self.write(node)
        self.launch(node)
        with self.control(node) as control, self.control(clients[0]) as client:
            fingerprint = control.ask("GETINFO fingerprint")[0].partition("=")[2]

            def listed():
                with suppress(Failure):
                    return client.ask(f"GETINFO ns/id/{fingerprint}")
            entry = until(f"a consensus with {node['name']} (see {node['dir']}/tor.log)", timeout, listed)
        told = {line.split()[0]: line.split()[1:] for line in entry if line.startswith(("r ", "s "))}
        return {**node, "nickname": told["r"][0], "fingerprint": fingerprint, "flags": told["s"],
                "seconds": round(time.monotonic() - began, 1)}

    def ask(self, name, commands):
        with self.control(self.node(name)) as control:
            return [control.ask(command) for command in commands]

    def start(self, name, timeout):
        node = self.node(name)
        if not self.lives(node):
            self.launch(node)
        self.await_ready(node, timeout)
        return node

    def down(self, name):
        nodes = [self.node(name)] if name else list(self.nodes.values())
        running = [node["name"] for node in nodes if self.lives(node)]
        self.stop(nodes)
        return {"stopped": running}


def free_ports(address):
    """The first of as many ports in a row as the network may ever need."""
    count = len(KINDS) * NODES_MAX

    def is_free(port):
        for place in {HOME, address}:
            with socket.socket() as probe:
                try:
                    probe.bind((place, port))
                except OSError:
                    return False
        return True
    for first in random.sample(range(10_000, 32_000 - count), 60):
        if all(map(is_free, range(first, first + count))):
            return first
    raise Failure(f"there are no {count} free ports in a row at {address}")


def await_uploads(control, service, seconds):
    """Until directories have answered for this period's descriptor and for the next one's, and some have taken it."""
    end = time.monotonic() + seconds
    descriptors, asked, taken = set(), set(), 0
    while len(descriptors) < 2 or asked or not taken:
        control.stream.settimeout(max(0.01, end - time.monotonic()))
        try:
            event = control.hear()[1][0].split()
        except TimeoutError as error:
            raise Failure(f"no descriptor of {service} was taken by directories within {seconds} s") from error
        if event[2] != service:
            continue
        if event[1] == "UPLOAD":
            descriptors.add(event[5])
            asked.add(event[4])
        elif event[1] in ("UPLOADED", "FAILED"):
            asked.discard(event[4])
            taken += event[1] == "UPLOADED"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name, help, seconds=None):
        sub = verbs.add_parser(name, help=help)
        sub.add_argument("dir", type=Path)
        if seconds:
            sub.add_argument("--timeout", type=int, default=seconds, help="seconds, for each thing waited for")
        return sub.add_argument

    add = verb("up", "start a network", 120)
    add("--address", default=HOME, help="where authorities and relays are reached, for containers that join")
    add("--base-port", type=int, default=0, help=f"the first of {len(KINDS) * NODES_MAX} ports (default: free ones)")
    add("--interval", type=int, default=20, help="seconds from one consensus to the next")
    add("--hosts", type=int, default=2, help="host1, host2, ...")
    add("--clients", type=int, default=1, help="client1, client2, ...")
    add("--first-group", type=int, help="host1 runs in this group, host2 in the next one, ...: by it a packet filter "
                                        "knows what a host sends (needs root)")
    add = verb("onion", "publish an onion service", 60)
    add("--target", required=True, help="HOST:PORT or unix:PATH")
    add("--port", type=int, default=80, help="by which others reach it")
    add("--host", default="host1", help="the node that publishes it")
    add("--key", help="a file like hs_ed25519_secret_key (default: a new key)")
    add("--export-circuit-id", choices=["haproxy"])
    add("--pow", action="store_true", dest="proof_of_work")
    add("--set", action="append", default=[], dest="settings", metavar="LINE", help="one more line for the service")
    add("--file", action="append", default=[], dest="files", metavar="NAME=TEXT", help="a file in its directory")
    add = verb("relay", "let a relay join", 90)
    add("--torrc", required=True)
    add("--name")
    add = verb("ask", "talk with a node's control port")
    add("name", metavar="node")
    add("commands", nargs="+", metavar="command", help="such as 'SIGNAL NEWNYM'")
    verb("start", "start a stopped node", 60)("name")
    verb("down", "stop all nodes, or one")("name", nargs="?")
    return vars(parser.parse_args())


def main():
    chosen = options()
    os.umask(0o077)
    verb, root = chosen.pop("verb"), chosen.pop("dir").resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if verb == "up":
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Verbs on the same network take turns. The nodes don't inherit the lock.
        lock = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = getattr(Network(root), verb)(**chosen)
    except (Failure, OSError) as error:
        sys.exit(f"testnet.py: {error}")
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
