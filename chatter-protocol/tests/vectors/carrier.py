"""Opening tokens, the link's handshake, records, up tokens, frames: docs/protocol.md §2–§4 and §6.1."""

import noise
from links import cookie_name, gate
from primitives import H, KDF, XOF, Draws, base64url, field, keyed, message, public, seal, u, varint, xor

DOWN_BUCKETS = (96, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
REFUSALS = {1: "full", 2: "too many", 3: "gate retired", 4: "unknown session", 5: "no common version"}


def prologue(salt, time, path):
    return b"chatter v1 link" + salt + u(time, 4) + path.encode()


def ask(kind, handle, offset, padding, lowest=1, highest=1):
    return u(lowest, 1) + u(highest, 1) + u(kind, 1) + handle + u(offset, 8) + bytes(padding)


def token(keys, path, salt, time, first):
    e, c = first[:32], first[32:]
    masked = xor(e + u(time, 4), XOF(keys["mask"], b"open" + salt, 36))
    mac = keyed(keys["mac"], path.encode(), b"\0", salt, masked, H(c))[:16]
    return salt + mac + masked + c


def handle(root):
    return KDF("chatter v1 link handle", root)[:16]


def link(server_secret, access_secret, path, time, question, answer, client_seed, server_seed):
    """One link from both sides. `question` is (kind, handle, offset) or a whole payload, `answer` (root, down offset) or a refusal."""
    S = public(server_secret)
    keys = gate(S, access_secret)
    draws = Draws(client_seed)
    salt = draws.take(16)
    # An up token without bytes has 1,024 bytes of batch and up to 96 more (§4.1).
    padding = 32 + 1024 + draws.below(97) - (16 + 16 + 36 + 16) - 27
    e = draws.fork().take(32)
    payload = question if isinstance(question, bytes) else ask(*question, padding)
    client = noise.Handshake("NKpsk0", True, prologue(salt, time, path), [keys["psk"]], e, rs=S)
    first = client.write(payload)
    opening = token(keys, path, salt, time, first)

    server_e = Draws(server_seed).fork().take(32)
    server = noise.Handshake("NKpsk0", False, prologue(salt, time, path), [keys["psk"]], server_e, s=server_secret)
    assert server.read(first) == payload
    refused = isinstance(answer, int)
    content = u(answer, 1) + u(1, 1) if refused else u(0, 1) + u(1, 1) + answer[0] + u(answer[1], 8)
    second = server.write(content.ljust(96, b"\0"))
    assert client.read(second) == content.ljust(96, b"\0") and client.hash == server.hash
    masked = xor(second[:32], XOF(keys["mask"], b"answer" + salt, 32)) + second[32:]
    assert len(masked) == 144
    out = dict(
        server_secret=server_secret, access_secret=access_secret, path=path, time=time,
        client_seed=client_seed, salt=salt, client_ephemeral=e, message_1_payload=payload, message_1=first,
        token=opening, cookie=f"{cookie_name(S)}={base64url(opening)}",
        server_seed=server_seed, server_ephemeral=server_e, message_2_payload=content.ljust(96, b"\0"), message_2=second,
        answer=masked, handshake_hash=server.hash,
    )
    if refused:
        return out | dict(refusal=REFUSALS[answer])
    return out | dict(root=answer[0], down_offset=answer[1], handle=handle(answer[0]))


class Down:
    def __init__(self, root):
        self.chain = KDF("chatter v1 down root", root)

    def record(self, up_next, accepted, data, length):
        key = KDF("chatter v1 down key", self.chain)
        self.chain = KDF("chatter v1 down chain", self.chain)
        content = (u(up_next, 8) + u(accepted, 4) + u(len(data), 2) + data).ljust(length, b"\0")
        return seal(key, 0, b"", u(length + 16, 2)) + seal(key, 1, b"", content)


class Up:
    def __init__(self, root):
        self.U = KDF("chatter v1 up root", root)

    def next(self):
        drawn = XOF(self.U, b"", 48)
        self.U = KDF("chatter v1 up chain", self.U)
        return drawn[:16], drawn[16:]


def batch(tag, key, down_ack, offset, data, length):
    content = (u(down_ack, 8) + u(offset, 8) + u(len(data), 2) + data).ljust(length, b"\0")
    return tag + seal(key, 1, tag, content)


def vectors():
    server, access, path = bytes(range(32)), bytes(range(0x60, 0x70)), "/backup/home.tar.enc"
    root = H(b"a root")
    old = handle(H(b"an older root"))
    links, number = [], 0
    for question, answer in (
        ((0, bytes(16), 0), (root, 0)),
        ((1, old, 0x0123456789ABCDEF), (H(b"another root"), 0x0123456789ABD000)),
        *(((0, bytes(16), 0), refusal) for refusal in (1, 2, 3, 5)),
        ((1, old, 7), 4),
    ):
        number += 1
        links.append(link(server, access, path, 1_800_000_000 + number, question, answer, H(b"client", u(number, 1)), H(b"server", u(number, 1))))
    # Other versions: which of them ours may serve, and which it must tell that it can't.
    versions = []
    for lowest, highest, kind, common in ((1, 1, 0, True), (1, 9, 0, True), (0, 1, 0, True), (2, 3, 0, False), (2, 3, 99, False), (0, 0, 0, False)):
        number += 1
        payload = ask(kind, bytes(16), 0, 0, lowest, highest)
        made = link(server, access, path, 1_800_000_000 + number, payload, (root, 0) if common else 5, H(b"client", u(number, 1)), H(b"server", u(number, 1)))
        versions.append(made | dict(lowest=lowest, highest=highest, common=common))

    down, records = Down(root), []
    for up_next, accepted, data, length in (
        (0, 0, b"", 512), (5, 1, b"hello", 512 + 33), (1 << 40, 70_000, bytes(range(200)), 256 + 1), (9, 2, bytes(82), 96),
        (10, 3, bytes([7]) * 4083, 8192 + 1024),
    ):
        records.append(dict(up_next=up_next, tags_accepted=accepted, bytes=data, length=length, key=KDF("chatter v1 down key", down.chain),
                            sealed=down.record(up_next, accepted, data, length)))

    up, tokens = Up(root), []
    for index in range(40):
        tag, key = up.next()
        step = dict(index=index, tag=tag, key=key)
        if index in (0, 1, 7, 39):
            data = {0: b"", 1: b"hello", 7: bytes(range(256)), 39: bytes([9]) * 2806}[index]
            length = {0: 1024, 1: 1024 + 96, 7: 512 + 5, 39: 2824 + 96}[index]
            made = batch(tag, key, 1 << 33, index * 1000, data, length)
            step |= dict(down_ack=1 << 33, offset=index * 1000, bytes=data, length=length, token=made, cookie_value=base64url(made))
        tokens.append(step)

    frames = [
        ("leave", message(field(2, message(field(1, 300)), True))),
        ("quit", field(5, b"", True)),
        ("publish", field(3, message(field(1, 1), field(2, 7), field(3, bytes([0xAB]) * 300),
                                     field(4, message(field(1, bytes([1]) * 16), field(2, bytes([2]) * 88)), True)), True)),
        ("nothing", b""),
    ]
    return dict(
        links=links,
        versions=versions,
        down=dict(root=root, records=records),
        up=dict(root=root, tokens=tokens),
        frames=[dict(name=name, frame=frame, stream=varint(len(frame)) + frame) for name, frame in frames],
        refused_streams=[
            dict(why="longer than 262,144 bytes", stream=varint(262_145)),
            dict(why="a length of four bytes", stream=bytes([0x80, 0x80, 0x80, 1])),
            dict(why="no frame", stream=bytes([1, 0xFF])),
        ],
    )
