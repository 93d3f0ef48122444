"""What members say over their channels: docs/protocol.md §6.7, §7.7 and §8 to §11."""

import struct
import unicodedata

import argon2
from mnemonic import Mnemonic

from primitives import H, KDF, XOF, Draws, bech32m, bucket, field, message, pad, public, seal, u, varint
from room import Pair, Stay, handshake, room

WORDS = Mnemonic("english").wordlist
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def chain_start(room_id, sender):
    return KDF("chatter v1 chain", room_id, sender)


def view_id(room_id, members):
    """`members`: nicknames by id, oneself among them."""
    profiles = [member + KDF("chatter v1 profile", members[member].encode()) for member in sorted(members)]
    return H(b"chatter v1 view", room_id, *profiles)[:16]


def heads(before, stands):
    """`stands`: (count, chain hash) by member id, in a message whose chain hash before it is `before`."""
    short = sorted((int.from_bytes(H(before, member)[:4], "big"), count) for member, (count, _) in stands.items())
    whole = KDF("chatter v1 heads", *(member + u(stands[member][0], 8) + stands[member][1] for member in sorted(stands)))
    return [one for one, _ in short], [count for _, count in short], whole[:16]


def body_plain(number, before, text, view, stands):
    ids, counts, whole = heads(before, stands)
    content = field(4, b"", True) if text is None else field(3, text, True)
    plain = message(
        field(1, number), field(2, before), content, field(5, view),
        field(6, struct.pack(f"<{len(ids)}I", *ids)), field(7, b"".join(map(varint, counts))), field(8, whole),
    )
    # As if the text had 128 bytes at least.
    spare = max(0, 128 - len((text or "").encode()))
    return plain, pad(plain, spare), ids, counts, whole


def seal_body(room_id, sender, seed, padded):
    keys = XOF(seed, b"chatter v1 message", 64)
    return keys[:32] + seal(keys[32:], 0, room_id + sender, padded)


def words(data, count):
    bits = "".join(f"{byte:08b}" for byte in data)
    return [WORDS[int(bits[at * 11 : at * 11 + 11], 2)] for at in range(count)]


def base32(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(DIGITS[int(bits[at : at + 5], 2)] for at in range(0, len(bits), 5))


def safety_number(room_id, one, other):
    low, high = sorted((one, other))
    drawn = XOF(KDF("chatter v1 safety number", room_id, low, high), b"", 60)
    return " ".join(f"{int.from_bytes(drawn[at : at + 5], 'big') % 100_000:05}" for at in range(0, 60, 5))


def normal(typed):
    """Each run of white space as one space."""
    lower = "".join(c.lower() for c in unicodedata.normalize("NFKC", typed))
    return " ".join(unicodedata.normalize("NFKC", lower).split())


def stretch(passphrase, salt):
    return argon2.low_level.hash_secret_raw(
        normal(passphrase).encode(), salt, time_cost=3, memory_cost=262_144, parallelism=1, hash_len=32,
        type=argon2.low_level.Type.ID, version=0x13,
    )


def verification(place, members):
    round_, view = H(b"a round")[:16], H(b"a view")[:16]
    nonces = {member: Draws(seed).take(32) for member, seed in members.items()}
    material = b"".join(member + nonces[member] for member in sorted(members))
    return dict(
        round=round_, view=view,
        members=[
            dict(member_id=member, seed=seed, nonce=nonces[member], commitment=H(b"chatter v1 sas", round_, view, member, nonces[member]))
            for member, seed in members.items()
        ],
        words=words(KDF("chatter v1 sas words", round_ + view + material), 5),
    )


def privates(view):
    chain = H(b"some chain")
    place = message(field(1, bytes([7]) * 16), field(2, 300), field(3, bytes([8]) * 16), field(4, 5), field(5, "carl"))
    contents = dict(
        profile=field(1, message(field(1, "anna"), field(3, 77), field(4, 3)), True),
        goodbye=field(2, b"", True),
        given_up=field(2, field(1, 1), True),
        roll=field(3, message(field(1, 1), field(2, place), field(2, place)), True),
        text=field(6, "for you alone", True),
        long_text=field(6, "x" * 5000, True),
        commit=field(7, message(field(1, bytes([1]) * 16), field(2, view), field(3, bytes([3]) * 32)), True),
        reveal=field(8, message(field(1, bytes([1]) * 16), field(2, bytes([4]) * 32)), True),
        locked=field(9, 1, True),
        unlocked=field(9, 0, True),
        removed=field(10, bytes([5]) * 16, True),
        parted=field(11, b"", True),
        moved=field(12, bytes([6]) * 16, True),
        missed=field(16, message(field(1, 3), field(2, 300)), True),
    )
    return {name: content + field(14, 5) + field(15, chain) for name, content in contents.items()}


def vectors():
    S = public(bytes(range(32)))
    place = room(bytes(range(0xA0, 0xB0)), S)
    anna, ben, carl = Stay(H(b"anna")), Stay(H(b"ben")), Stay(H(b"carl"), key=H(b"an identity"))
    _, one, two = handshake(place, anna, ben, H(b"anna begins"), H(b"ben answers"))
    pair = Pair(one, two)

    # Anna's first messages, each wrapped for Ben.
    before, messages = chain_start(place["id"], anna.id), []
    members = {anna.id: "anna", ben.id: "ben", carl.id: "Åsa von Ö"}
    view = view_id(place["id"], members)
    stands = {ben.id: (0, chain_start(place["id"], ben.id)), carl.id: (1 << 40, H(b"carl's chain"))}
    for number, text in enumerate(("hello", None, "", "x" * 128, "y" * 129, "z" * 5000, "grüße, 世界"), 1):
        seed = H(b"message", u(number, 1))
        key = Draws(seed).take(32)
        plain, padded, ids, counts, whole = body_plain(number, before, text, view, stands)
        body = seal_body(place["id"], anna.id, key, padded)
        wrap = pair.say(0, number, key, H(body))
        after = H(before, body)
        messages.append(dict(
            number=number, text=text, chain_before=before, seed=seed, message_seed=key, view=view,
            stands=[dict(member_id=member, count=count, chain=chain) for member, (count, chain) in stands.items()],
            head_ids=ids, head_counts=counts, heads=whole, plain=plain, padded_len=len(padded), body=body, hash=H(body),
            wrap=wrap, chain_after=after,
        ))
        before = after
        stands[ben.id] = (number, H(b"ben's chain", u(number, 1)))

    channel = handshake(place, anna, ben, H(b"anna begins"), H(b"ben answers"))
    quiet, sealed = Pair(channel[1], channel[2]), []
    for name, plain in privates(view).items():
        frame = quiet.say(0, 1, pad(plain))
        sealed.append(dict(name=name, private=plain, padded_len=len(pad(plain)), frame=frame))

    typed = "  Correct\u00a0HORSE  battery \uff53taple\tÉTÉ "
    secret = H(b"an identity")
    salt = Draws(H(b"a lock")).take(16)
    locked = b"\1" + salt + seal(stretch(typed, salt), 0, b"", secret)
    return dict(
        room=place,
        stays=dict(initiator=anna.facts(), responder=ben.facts()),
        handshake=handshake(place, anna, ben, H(b"anna begins"), H(b"ben answers"))[0],
        chain_start=chain_start(place["id"], anna.id),
        messages=messages,
        privates=sealed,
        padding=[dict(length=length, padded=bucket(length + 4)) for length in (0, 124, 125, 252, 253, 4092, 4093, 8188, 8189, 65_700)],
        views=[
            dict(room_id=place["id"], members=[dict(member_id=member, nick=nick) for member, nick in some.items()], view=view_id(place["id"], some))
            for some in (members, {anna.id: "anna"}, {ben.id: "anna", anna.id: "ben"})
        ],
        verification=verification(place, {anna.id: H(b"anna's nonce"), ben.id: H(b"ben's nonce"), carl.id: H(b"carl's nonce")}),
        safety_numbers=[
            dict(room_id=place["id"], one=public(a.key), other=public(b.key), number=safety_number(place["id"], public(a.key), public(b.key)))
            for a, b in ((anna, ben), (ben, anna), (carl, anna))
        ],
        marks=[
            dict(stay_key=public(stay.key), member_id=stay.id, mark=base32(KDF("chatter v1 mark", public(stay.key))[:5]) + base32(stay.id))
            for stay in (anna, ben, carl)
        ],
        passphrase=dict(typed=typed, normal=normal(typed), name="kitchen", server_key=S, secret=stretch(typed, H(S, b"kitchen"))[:16]),
        identity=dict(
            secret=secret, member=bech32m("member", public(secret)), text=bech32m("identity", b"\1" + secret),
            lock_seed=H(b"a lock"), lock_salt=salt, locked=bech32m("lockedidentity", locked),
            later=bech32m("identity", b"\2" + secret),
        ),
    )
