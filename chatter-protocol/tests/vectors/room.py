"""Rooms from a member's side: docs/protocol.md §6.6 and §7."""

import copy

from kyber_py.ml_kem import ML_KEM_768

import noise
from primitives import H, KDF, XOF, Draws, dh, field, message, pad, public, seal, u, unseal


def room(R, S):
    return dict(secret=R, server_key=S, id=KDF("chatter v1 room id", R, S), psk=KDF("chatter v1 room psk", R, S))


def member_id(stay_key, nonce):
    return H(stay_key, nonce)[:16]


def hello(kem_public, lowest=1, highest=1):
    return message(field(1, lowest), field(2, highest), field(3, kem_public))


class Stay:
    """A member's keys; `key` is that of a lasting identity, if any."""

    def __init__(self, seed, key=None):
        draws = Draws(seed)
        self.seed, self.lasting = seed, key is not None
        self.key = key or draws.take(32)
        self.nonce, self.d, self.z = draws.take(32), draws.take(32), draws.take(32)
        self.kem_public, self.kem_secret = ML_KEM_768._keygen_internal(self.d, self.z)
        self.hello = hello(self.kem_public)
        self.id = member_id(public(self.key), self.nonce)

    def introduction(self, ratchet_key, ciphertext=b""):
        lasting = field(4, 1) if self.lasting else b""
        return message(field(1, self.nonce), field(2, ciphertext), field(3, ratchet_key)) + lasting

    def facts(self):
        out = dict(seed=self.seed, stay_secret=self.key, stay_key=public(self.key), nonce=self.nonce, kem_d=self.d, kem_z=self.z,
                   hello=self.hello, member_id=self.id, lasting=self.lasting)
        return out | (dict(identity=self.key) if self.lasting else {})


def handshake(room_, one, two, one_seed, two_seed):
    """The pair handshake; returns what a vector states of it and both ends of the ratchet."""
    prologue = u(1, 4) + room_["id"] + one.id + two.id + H(one.hello) + H(two.hello)
    psks = [room_["psk"]] * 2
    own = Draws(one_seed).fork()
    one_e, one_ratchet = own.fork().take(32), own.take(32)
    draws = Draws(two_seed)
    own = draws.fork()
    two_e, two_ratchet = own.fork().take(32), own.take(32)
    encapsulation = draws.take(32)

    initiator = noise.Handshake("XXpsk0+psk3", True, prologue, psks, one_e, one.key)
    responder = noise.Handshake("XXpsk0+psk3", False, prologue, psks, two_e, two.key)
    first = initiator.write(b"")
    assert len(first) == 48 and responder.read(first) == b""
    z, ciphertext = ML_KEM_768._encaps_internal(one.kem_public, encapsulation)
    answer = two.introduction(public(two_ratchet), ciphertext)
    second = responder.write(answer)
    assert initiator.read(second) == answer and initiator.rs == public(two.key)
    assert ML_KEM_768.decaps(one.kem_secret, ciphertext) == z
    introduction = one.introduction(public(one_ratchet))
    third = initiator.write(introduction)
    assert responder.read(third) == introduction and responder.rs == public(one.key)
    assert initiator.hash == responder.hash and initiator.split() == responder.split()
    k1, k2 = initiator.split()
    root = KDF("chatter v1 pair root", k1, k2, z, initiator.hash)
    facts = dict(
        prologue=prologue, initiator_seed=one_seed, initiator_ephemeral=one_e, initiator_ratchet_secret=one_ratchet,
        responder_seed=two_seed, responder_ephemeral=two_e, responder_ratchet_secret=two_ratchet, encapsulation=encapsulation,
        message_1=first, message_2_payload=answer, message_2=second, message_3_payload=introduction, message_3=third,
        k1=k1, k2=k2, kem_ciphertext=ciphertext, kem_shared=z, handshake_hash=initiator.hash, root=root,
    )
    return facts, Ratchet(0, initiator.hash, root, one_ratchet, public(two_ratchet)), Ratchet(1, initiator.hash, root, two_ratchet, public(one_ratchet))


class Refused(Exception):
    pass


class Ratchet:
    """One side; 0 is the initiator. Times are seconds since the handshake's end."""

    def __init__(self, side, h, root, own, theirs):
        start = XOF(root, b"chatter v1 pair start", 96)
        self.side, self.h, self.root = side, h, start[:32]
        chains = start[32:64], start[64:]
        self.sending, self.receiving = chains[side], chains[1 - side]
        self.sent = self.received = self.before = 0
        self.own, self.theirs, self.turn, self.stepped = own, theirs, side == 0, 0

    def derive(self, own, theirs):
        keys = XOF(KDF("chatter v1 pair step", self.root, dh(own, theirs)), b"", 64)
        return keys[:32], keys[32:]

    def may_step(self, now):
        return self.turn and now - self.stepped >= 30

    def step(self, own, now):
        self.root, self.sending = self.derive(own, self.theirs)
        self.own, self.before, self.sent, self.turn, self.stepped = own, self.sent, 0, False, now

    def seal(self, plain, bound=b""):
        keys = XOF(self.sending, b"", 64)
        header = public(self.own) + u(self.sent, 4) + u(self.before, 4)
        self.sending, self.sent = keys[:32], self.sent + 1
        return header + seal(keys[32:], 0, self.h + u(self.side, 1) + header + bound, plain)

    def open(self, frame, bound=b""):
        """What was sealed, and how many frames before it never came."""
        header, sealed = frame[:40], frame[40:]
        key, number, before = header[:32], int.from_bytes(header[32:36], "big"), int.from_bytes(header[36:], "big")
        root, chain, at, turn = self.root, self.receiving, self.received, self.turn
        if key == self.theirs:
            if number < at:
                raise Refused("repeated")
            lost, skip = number - at, number - at
        else:
            if self.turn or before < at:
                raise Refused("out of turn")
            lost, skip, turn = before - at + number, number, True
        if lost > 64:
            raise Refused("gap")
        if key != self.theirs:
            root, chain = self.derive(self.own, key)
        for _ in range(skip + 1):
            keys = XOF(chain, b"", 64)
            chain = keys[:32]
        plain = unseal(keys[32:], 0, self.h + u(1 - self.side, 1) + header + bound, sealed)
        self.root, self.receiving, self.theirs, self.received, self.turn = root, chain, key, number + 1, turn
        return plain, lost


class Pair:
    """Both ends of a channel, and what went over it."""

    def __init__(self, initiator, responder):
        self.ends, self.frames = (initiator, responder), []

    def say(self, side, now, plain, bound=b"", arrives=True):
        end, seed = self.ends[side], H(b"frame", u(len(self.frames), 4))
        own = Draws(seed).take(32) if end.may_step(now) else None
        if own:
            end.step(own, now)
        frame = end.seal(plain, bound)
        fact = dict(sender=("initiator", "responder")[side], seconds=now, seed=seed, new_secret=own, bound=bound, plain=plain, frame=frame)
        if arrives:
            opened, lost = self.ends[1 - side].open(frame, bound)
            assert opened == plain
            fact["lost"] = lost
        self.frames.append(fact)
        return frame

    def refused(self, side, frame, why, bound=b""):
        """A frame that `side` must not open; it opens those that come behind all the same."""
        self.frames.append(dict(sender=("initiator", "responder")[1 - side], bound=bound, frame=frame, refused=why))


def talk(pair):
    """Turns of both sides, frames that are lost, and others that must be refused."""
    say = pair.say
    say(0, 0, b"first of all")
    say(1, 1, b"and back", b"bound to this")
    say(0, 29, b"no new key before 30 s")
    say(0, 30, b"the initiator's turn comes first")
    say(1, 31, b"the responder has had no 30 s since its last, but since the start it has")
    say(1, 32, b"again in the same chain")
    say(0, 40, b"lost", arrives=False)
    say(0, 41, b"", arrives=False)
    say(0, 42, b"two were lost before")
    say(0, 61, b"lost at the end of a chain", arrives=False)
    say(1, 62, b"its turn is over until the other's new key comes")
    old = say(0, 63, b"one more", arrives=False)
    say(1, 95, bytes(1000))
    say(0, 96, b"a new chain, with frames lost before it and in it", arrives=False)
    say(0, 97, b"whose first was lost, too")
    pair.refused(1, old, "repeated")
    one, two = pair.ends
    forged = bytearray(copy.deepcopy(two).seal(b"damaged"))
    forged[-1] ^= 1
    pair.refused(0, bytes(forged), "forged")
    pair.refused(0, copy.deepcopy(two).seal(b"bound to something else", b"this"), "forged", bound=b"that")
    pair.refused(0, old, "forged")  # its own frame, turned round
    pair.refused(0, bytes(forged)[:39], "short")
    far = copy.deepcopy(two)
    for _ in range(65):
        far.seal(b"")
    pair.refused(0, far.seal(b"65 are missing before it"), "gap")
    hasty = copy.deepcopy(one)
    for number in (1, 2):
        hasty.step(H(b"out of turn", u(number, 1)), 200)
    pair.refused(1, hasty.seal(b"a second new key in a turn"), "forged")
    pair.refused(0, bytes(32) + u(0, 4) + u(two.sent, 4) + bytes(16), "forged")  # a key that gives a zero result
    say(1, 200, b"and it goes on")
    say(0, 201, b"as if nothing had been")
    return pair


def vectors():
    S = public(bytes(range(32)))
    place = room(bytes(range(0xA0, 0xB0)), S)
    anna, ben = Stay(H(b"anna")), Stay(H(b"ben"))
    facts, one, two = handshake(place, anna, ben, H(b"anna begins"), H(b"ben answers"))
    carl = Stay(H(b"carl"), key=H(b"an identity"))
    lasting, _, _ = handshake(place, ben, carl, H(b"ben begins"), H(b"carl answers"))
    return dict(
        rooms=[place, room(bytes(16), S), room(bytes(range(0xA0, 0xB0)), public(bytes([9]) * 32))],
        stays=dict(initiator=anna.facts(), responder=ben.facts()),
        handshake=facts,
        frames=talk(Pair(one, two)).frames,
        with_identity=dict(initiator=ben.facts(), responder=carl.facts(), handshake=lasting),
        refused_hellos=[
            dict(why="versions 2 to 3", lowest=2, highest=3, hello=hello(anna.kem_public, 2, 3)),
            dict(why="versions 0 to 0", lowest=0, highest=0, hello=hello(anna.kem_public, 0, 0)),
            dict(why="versions the wrong way round", lowest=2, highest=1, hello=hello(anna.kem_public, 2, 1)),
            dict(why="no key", hello=hello(b"")),
            dict(why="a key of 1,183 bytes", hello=hello(anna.kem_public[1:])),
            dict(why="longer than 2,048 bytes", hello=hello(anna.kem_public) + field(15, bytes(1000))),
        ],
        other_hellos=[
            dict(why="versions 1 to 9", hello=hello(anna.kem_public, 1, 9)),
            dict(why="a field that is not known", hello=hello(anna.kem_public) + field(15, b"later")),
        ],
    )
