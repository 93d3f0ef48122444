"""The few things that everything else is made of: docs/protocol.md §1.1, bech32m, Protocol Buffers, padding."""

import base64

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)


def H(*parts):
    return blake3(b"".join(parts)).digest()


def KDF(context, *parts):
    return blake3(b"".join(parts), derive_key_context=context).digest()


def XOF(key, message, length):
    return blake3(message, key=key).digest(length=length)


def keyed(key, *parts):
    return blake3(b"".join(parts), key=key).digest()


def seal(key, n, ad, plain):
    return crypto_aead_xchacha20poly1305_ietf_encrypt(plain, ad, bytes(16) + u(n, 8), key)


def unseal(key, n, ad, sealed):
    return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, ad, bytes(16) + u(n, 8), key)


def u(number, size):
    return number.to_bytes(size, "big")


def xor(one, other):
    assert len(one) == len(other)
    return bytes(a ^ b for a, b in zip(one, other))


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def dh(secret, theirs):
    shared = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(theirs))
    assert any(shared)
    return shared


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# --- bech32m, BIP 350, without the limit to 90 characters

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check


def expand(prefix):
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def bech32m(prefix, data, padding=0, constant=0x2BC830A3):
    """`padding` and `constant` make codes that must be refused: bits set behind the data, bech32 without the m."""
    bits = "".join(f"{byte:08b}" for byte in data)
    spare = -len(bits) % 5
    assert padding < 1 << spare, "there is no such padding"
    bits += f"{padding:0{spare}b}" if spare else ""
    values = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    check = polymod(expand(prefix) + values + [0] * 6) ^ constant
    values += [check >> 5 * (5 - at) & 31 for at in range(6)]
    return prefix + "1" + "".join(CHARSET[value] for value in values)


# --- Protocol Buffers: fields in the order of their numbers, defaults left out


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value, always=False):
    """One field: an int is a varint, bytes and text are length-delimited. `always` for members of a oneof and messages."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value or always else b""
    return varint(number << 3 | 2) + varint(len(value)) + value if value or always else b""


def message(*fields):
    return b"".join(fields)


# --- Padding (§7.7)


def bucket(length):
    if length > 4096:
        return -(-length // 4096) * 4096
    size = 128
    while size < length:
        size *= 2
    return size


def pad(plain, spare=0):
    return (u(len(plain), 4) + plain).ljust(bucket(4 + len(plain) + spare), b"\0")


# --- What is drawn


class Draws:
    """Random bytes that both implementations can draw alike. This is no part of the protocol: each vector states what was
    drawn, and the seed from which chatter's own generator draws the same (`chatter-protocol/src/entropy.rs`)."""

    def __init__(self, seed):
        self.key = seed

    def take(self, length):
        drawn = XOF(self.key, b"", 32 + length)
        self.key = drawn[:32]
        return drawn[32:]

    def below(self, bound):
        return int.from_bytes(self.take(8), "little") * bound >> 64

    def fork(self):
        return Draws(self.take(32))
