#!/usr/bin/env python3
"""How long members are without service when one of several nodes goes: measured, over a private Tor network.

    tor/nodes.py [--way onionbalance,leader] [--nodes 2,3] [--event stop,freeze,cut] [--programs target/debug]

All nodes lead to one chatterd. Members on two Tor clients hear somebody who says a number four times a second, while others
come for the first time; then a node is stopped (its tor ends in order), frozen, or cut off (no packet comes to it or from
it any more). Printed: the longest pause of any member, and how long newcomers needed. As root it runs in a network
namespace of its own; cutting off needs that, and nftables. It ends with 1 where a member lost its session or anything that
was said. docs/nodes.md has the figures and says what the ways are.
"""
import argparse
import hashlib
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import testnet

TESTNET = Path(__file__).with_name("testnet.py")
SPEAKING_PAUSE = 0.25
# So long it is watched after the event, and at least so long after everybody hears again.
WATCH_MAX, WATCH_MORE = 600, 15
# Two probes in a row that fail, each after so long, make the next node the leader.
PROBE_TIMEOUT, PROBE_PAUSE, PROBES = 6, 5, 2
# Tor forgets no more often than that.
NEWNYM_PAUSE = 10
SERVICE = "HiddenServiceDir"
# Each host's processes run in a group of their own. By it the first packet of a connection of theirs is known, and by the
# mark that this one leaves all others, in both directions.
FIRST_GROUP, HOSTS = 7001, 4
PACKETS = """
table inet nodes {{
    set cut {{ type mark; }}
    chain outwards_marked {{
        type filter hook output priority mangle;
        {rules}
    }}
    chain outwards {{
        type filter hook output priority filter;
        ct mark @cut drop
    }}
    chain inwards {{
        type filter hook input priority filter;
        ct mark @cut drop
    }}
}}
"""


def verb(name, root, *arguments):
    return json.loads(testnet.output_of([TESTNET, name, root, *arguments]) if name != "up" else
                      subprocess.run([TESTNET, name, root, *arguments], check=True, capture_output=True).stdout)


class Program:
    """A program that prints a JSON object a line; each is kept with the moment it came."""

    def __init__(self, command, text=False):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.said = []
        self.reader = threading.Thread(target=self.read, args=(text,), daemon=True)
        self.reader.start()

    def read(self, text):
        for line in self.process.stdout:
            self.said.append((time.monotonic(), line.rstrip() if text else json.loads(line)))

    def await_one(self, what, seconds, wanted):
        def come():
            said = [said for _, said in list(self.said)]
            if self.process.poll() is not None and not self.reader.is_alive():
                raise testnet.Failure(f"{what} ended with {self.process.returncode}: {said[-2:]}")
            return next(filter(wanted, said), None)
        return testnet.until(what, seconds, come, 0.05)

    def type(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()


class World:
    """The network, the daemon and its people."""

    def __init__(self, programs, groups):
        self.programs = programs
        self.root = Path(tempfile.mkdtemp(prefix="chatter-nodes-"))
        self.net = self.root / "net"
        self.people = []
        up = verb("up", self.net, "--hosts", str(HOSTS), "--clients", "4", *groups)
        self.nodes, self.socks = up["nodes"], up["socks"]
        # An entrance for each host, as their circuits' numbers are their own.
        entrance = '[[tor]]\ntcp = "127.0.0.1:0"\n'
        (self.root / "chatterd.toml").write_text("grace = 900\n" + entrance * HOSTS)
        self.daemon = Program([programs / "chatterd", "--ephemeral", "--listen", "127.0.0.1:0", "--config",
                               self.root / "chatterd.toml", "--admin-socket", self.root / "admin.sock"], text=True)
        link = self.daemon.await_one("the daemon", 20, lambda line: line.startswith("access link "))
        self.link = link.removeprefix("access link ")
        listening = [line.split()[-1] for _, line in self.daemon.said if line.startswith("listening on ")]
        self.entrances = dict(zip(self.nodes_named("host"), listening[-HOSTS:]))
        self.address = self.link.split("/")[2]

    def nodes_named(self, role):
        return [name for name, node in self.nodes.items() if node["role"] == role]

    def control(self, name, *commands):
        return testnet.Network(self.net).ask(name, commands)

    def client(self, action, link, onion, socks, nick, *more):
        by = ["--proxy", f"socks5h://127.0.0.1:{socks}"] if socks else ["--proxy", "none"]
        link = link.replace(self.address, f"{onion}:80") if onion else link
        client = Program([self.programs / "chatter-client", action, link, "--json", *by, *more,
                          *(["--nick", nick] if nick else [])])
        self.people.append(client)
        return client

    def gather(self, onion):
        self.speaker = self.client("new", self.link, None, None, "anna")
        room = self.speaker.await_one("a room", 20, lambda said: said["event"] == "room")["link"]

        def joining(number):
            return self.client("join", room, onion, self.socks[number % 2], f"ben{number}")
        members = [joining(number) for number in range(6)]
        for number in range(6):
            # What is published may not have come to all directories yet: those who come too early try again.
            for last in (False, False, True):
                try:
                    members[number].await_one("a member", 120, lambda said: said["event"] == "entered")
                    break
                except testnet.Failure:
                    if last:
                        raise
                    time.sleep(5)
                    members[number] = joining(number)
        return members

    def scatter(self):
        for person in self.people:
            person.end()
        self.people.clear()

    def close(self):
        self.scatter()
        self.daemon.end()
        with suppress(testnet.Failure):
            verb("down", self.net)
        shutil.rmtree(self.root)


class Onionbalance:
    """Each node has a key of its own; a publisher merges them under the address that people know."""

    def __init__(self, world, count):
        home = Path(tempfile.mkdtemp(dir=world.root))
        key = home / "frontend.key"
        testnet.output_of(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key])
        public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                                capture_output=True).stdout[-32:]
        check = hashlib.sha3_256(b".onion checksum" + public + b"\3").digest()[:2]
        self.onion = base64.b32encode(public + check + b"\3").decode().lower() + ".onion"
        self.nodes = [f"host{number + 1}" for number in range(count)]
        lines = ["services:", f"- key: {key}", "  instances:"]
        for node in self.nodes:
            onion = verb("onion", world.net, "--host", node, "--target", world.entrances[node], "--export-circuit-id",
                         "haproxy", "--set", "HiddenServiceOnionBalanceInstance 1", "--file",
                         f"ob_config=MasterOnionAddress {self.onion}")
            lines.append(f"  - address: {onion['onion']}")
        (home / "config.yaml").write_text("\n".join(lines) + "\n")
        publisher = world.nodes["host4"]
        self.log = open(home / "log", "w", encoding="utf-8")
        self.publisher = subprocess.Popen(
            ["onionbalance", "--is-testnet", "-s", "/nonexistent", "-p", str(publisher["control_port"]), "-c",
             home / "config.yaml"], stdout=self.log, stderr=self.log)
        testnet.until("the merged descriptor", 120, lambda: fetches(world, self.onion, 5), 1)

    def serving(self):
        return self.nodes[0]

    def watch(self, world, over):
        """Nothing to do: who finds no answer at one node's introduction points goes on to another's."""

    def end(self):
        self.publisher.kill()
        self.publisher.wait()
        self.log.close()


class Leader:
    """All nodes have the key; one alone publishes, and the next one when nobody reaches the address any more."""

    def __init__(self, world, count):
        self.nodes = [f"host{number + 1}" for number in range(count)]
        # A host that is never a node makes the key.
        first = verb("onion", world.net, "--host", "host4", "--target", world.entrances["host4"])
        self.onion, key = first["onion"], Path(first["key_file"])
        world.control("host4", f"RESETCONF {SERVICE}")
        Path(world.nodes["host4"]["dir"], "services").write_text("")
        self.places = {}
        for node in self.nodes:
            place = Path(tempfile.mkdtemp(dir=world.nodes[node]["dir"]))
            shutil.copy(key, place)
            self.places[node] = place
        self.leader, self.taken = 0, []
        # Descriptors are numbered by the time: directories take none that is not newer than the one they have.
        time.sleep(5)
        self.publish(world)
        testnet.until("the descriptor", 90, lambda: fetches(world, self.onion, 15), NEWNYM_PAUSE)

    def publish(self, world):
        node = self.nodes[self.leader]
        world.control(node, f'SETCONF {SERVICE}="{self.places[node]}" HiddenServicePort="80 {world.entrances[node]}" '
                            "HiddenServiceExportCircuitID=haproxy")

    def serving(self):
        return self.nodes[self.leader]

    def watch(self, world, over):
        failed = 0
        while not over.is_set():
            failed = 0 if fetches(world, self.onion, PROBE_TIMEOUT) else failed + 1
            if failed >= PROBES:
                self.leader = (self.leader + 1) % len(self.nodes)
                try:
                    self.publish(world)
                except (OSError, testnet.Failure):
                    continue  # that one is no better
                self.taken.append(time.monotonic())
                failed = -20 // PROBE_TIMEOUT  # clients may need a while to find it
            over.wait(0 if failed > 0 else PROBE_PAUSE)

    def end(self):
        """Whoever comes back has to withdraw."""


def fetches(world, onion, seconds):
    """Whether the last client's Tor brings an answer from there, by a circuit of its own."""
    # It would try the introduction points that it knows again and again, and ask no directory twice in 15 minutes.
    world.control("client4", "SIGNAL NEWNYM")
    user = f"{time.monotonic_ns():x}"
    command = ["curl", "-q", "-s", "-o", "/dev/null", "--max-time", str(seconds), "--proxy-user", f"{user}:x",
               "--socks5-hostname", f"127.0.0.1:{world.socks[3]}", f"http://{onion}/"]
    return subprocess.run(command, check=False).returncode == 0


def packets(rules):
    testnet.output_of(["nft", "--file", "-"], input=rules)


def happens(world, event, node):
    facts = testnet.Network(world.net).node(node)
    if event == "stop":
        verb("down", world.net, node)
    elif event == "freeze":
        os.kill(facts["pid"], signal.SIGSTOP)
    else:
        packets(f"add element inet nodes cut {{ {facts['group']} }}")


def is_undone(world, event, node):
    facts = testnet.Network(world.net).node(node)
    if event == "freeze":
        os.kill(facts["pid"], signal.SIGCONT)
    elif event == "cut":
        packets(f"delete element inet nodes cut {{ {facts['group']} }}")
    # All that was published there by a control port is gone with the process.
    verb("down", world.net, node)
    Path(facts["dir"], "services").write_text("")
    verb("start", world.net, node)


def measure(world, way, event):
    """The pauses of members and the waits of newcomers, in seconds."""
    members, over, arrivals = world.gather(way.onion), threading.Event(), []

    def speak():
        number = 0
        while not over.is_set():
            number += 1
            with suppress(OSError):
                world.speaker.type(str(number))
            over.wait(SPEAKING_PAUSE)

    def arrive():
        """One after the other comes for the first time, by a Tor that has forgotten all it knew of the address."""
        while not over.is_set():
            with suppress(testnet.Failure, OSError):
                world.control("client3", "SIGNAL NEWNYM")
            began = time.monotonic()
            comer = world.client("rooms", world.link, way.onion, world.socks[2], None)
            try:
                code = comer.process.wait(150)
            except subprocess.TimeoutExpired:
                code = None
            arrivals.append((began, time.monotonic() - began, code == 0))
            over.wait(1)

    threads = [threading.Thread(target=speak, daemon=True), threading.Thread(target=arrive, daemon=True)]
    watcher = threading.Thread(target=way.watch, args=(world, over), daemon=True)
    for thread in [*threads, watcher]:
        thread.start()
    time.sleep(10)
    node = way.serving()
    began = time.monotonic()
    happens(world, event, node)
    time.sleep(20)

    def hears(member):
        texts = [at for at, said in list(member.said) if said["event"] == "message"]
        return texts and time.monotonic() - texts[-1] < 2
    with suppress(testnet.Failure):
        testnet.until("all to hear again", WATCH_MAX - 20, lambda: all(map(hears, members)), 0.5)
    time.sleep(WATCH_MORE)
    over.set()
    end = time.monotonic()
    for thread in [*threads, watcher]:
        thread.join()
    pauses, lost = [], 0
    for member in members:
        said = [(at, event["text"]) for at, event in member.said if event["event"] == "message"]
        moments = [began, *(at for at, _ in said if at > began), end]
        pauses.append(max(after - before for before, after in zip(moments, moments[1:])) - SPEAKING_PAUSE)
        numbers = [int(text) for _, text in said]
        away = any(event["event"] == "away" for _, event in member.said)
        lost += away or any(after != before + 1 for before, after in zip(numbers, numbers[1:]))
    after = [(wait, fine) for at, wait, fine in arrivals if at + wait > began]
    is_undone(world, event, node)
    world.scatter()
    return {"pauses": sorted(round(max(0, pause), 1) for pause in pauses), "sessions lost": lost,
            "newcomers": len(after), "failed": sum(not fine for _, fine in after),
            "longest wait": round(max((wait for wait, fine in after if fine), default=0), 1),
            "taken over after": [round(at - began, 1) for at in getattr(way, "taken", [])]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--way", default="onionbalance,leader")
    parser.add_argument("--nodes", default="2,3")
    parser.add_argument("--event", default="stop,freeze,cut")
    parser.add_argument("--programs", type=Path, default=Path("target/debug"))
    chosen = parser.parse_args()
    if os.geteuid() == 0 and "CHATTER_NODES_INSIDE" not in os.environ:
        # Nobody else's ports are there.
        os.environ["CHATTER_NODES_INSIDE"] = "1"
        inside = 'ip link set lo up && exec "$@"'
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", inside, "sh", sys.executable, *sys.argv])
    os.umask(0o077)
    groups = []
    if "cut" in chosen.event.split(","):
        if os.geteuid() != 0:
            sys.exit("nodes.py: only root can cut a node off: take --event stop,freeze")
        marks = range(FIRST_GROUP, FIRST_GROUP + HOSTS)
        packets(PACKETS.format(rules="; ".join(f"meta skgid {it} ct direction original ct mark set {it}" for it in marks)))
        groups = ["--first-group", str(FIRST_GROUP)]
    world, lost = World(chosen.programs.resolve(), groups), 0
    try:
        for name in chosen.way.split(","):
            for count in map(int, chosen.nodes.split(",")):
                for event in chosen.event.split(","):
                    way = {"onionbalance": Onionbalance, "leader": Leader}[name](world, count)
                    try:
                        found = measure(world, way, event)
                    finally:
                        way.end()
                    print(json.dumps({"way": name, "nodes": count, "event": event, **found}), flush=True)
                    lost += found["sessions lost"]
    finally:
        world.close()
    if lost:
        sys.exit(f"nodes.py: {lost} members lost their session, or did not hear everything once and in order")


if __name__ == "__main__":
    main()
