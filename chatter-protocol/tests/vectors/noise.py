"""Noise (noiseprotocol.org, revision 34): as much of it as NKpsk0 and XXpsk0+psk3 with 25519_ChaChaPoly_BLAKE2s need."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from primitives import dh, public

PATTERNS = {
    "NKpsk0": ([], ["s"], [["psk", "e", "es"], ["e", "ee"]]),
    "XXpsk0+psk3": ([], [], [["psk", "e"], ["e", "ee", "s", "es"], ["s", "se", "psk"]]),
}


def blake2s(data):
    return hashlib.blake2s(data).digest()


def hkdf(key, material, outputs):
    temporary = hmac.new(key, material, hashlib.blake2s).digest()
    last, out = b"", []
    for number in range(1, outputs + 1):
        last = hmac.new(temporary, last + bytes([number]), hashlib.blake2s).digest()
        out.append(last)
    return out


class Cipher:
    def __init__(self, key=None):
        self.key, self.n = key, 0

    def nonce(self):
        self.n += 1
        return bytes(4) + (self.n - 1).to_bytes(8, "little")

    def encrypt(self, ad, plain):
        return ChaCha20Poly1305(self.key).encrypt(self.nonce(), plain, ad) if self.key else plain

    def decrypt(self, ad, sealed):
        return ChaCha20Poly1305(self.key).decrypt(self.nonce(), sealed, ad) if self.key else sealed


class Handshake:
    """One side. `s` and `e` are secrets, `rs` the other's public static key where it is known before."""

    def __init__(self, pattern, initiator, prologue, psks, e, s=None, rs=None):
        name = f"Noise_{pattern}_25519_ChaChaPoly_BLAKE2s".encode()
        self.hash = name.ljust(32, b"\0") if len(name) <= 32 else blake2s(name)
        self.chaining, self.cipher = self.hash, Cipher()
        self.initiator, self.psks = initiator, list(psks)
        self.e, self.s, self.re, self.rs = e, s, None, rs
        before_initiator, before_responder, self.messages = PATTERNS[pattern]
        self.mix_hash(prologue)
        for tokens, own in ((before_initiator, initiator), (before_responder, not initiator)):
            for token in tokens:
                assert token == "s"
                self.mix_hash(public(self.s) if own else self.rs)
        self.messages = [list(tokens) for tokens in self.messages]

    def mix_hash(self, data):
        self.hash = blake2s(self.hash + data)

    def mix_key(self, material):
        self.chaining, key = hkdf(self.chaining, material, 2)
        self.cipher = Cipher(key)

    def mix_key_and_hash(self, material):
        self.chaining, hash_, key = hkdf(self.chaining, material, 3)
        self.mix_hash(hash_)
        self.cipher = Cipher(key)

    def encrypt_and_hash(self, plain):
        sealed = self.cipher.encrypt(self.hash, plain)
        self.mix_hash(sealed)
        return sealed

    def decrypt_and_hash(self, sealed):
        plain = self.cipher.decrypt(self.hash, sealed)
        self.mix_hash(sealed)
        return plain

    def mix_dh(self, token):
        if token == "psk":
            return self.mix_key_and_hash(self.psks.pop(0))
        ours = {"e": self.e, "s": self.s}
        theirs = {"e": self.re, "s": self.rs}
        first, second = token if self.initiator else reversed(token)
        self.mix_key(dh(ours[first], theirs[second]))

    def write(self, payload):
        out = b""
        for token in self.messages.pop(0):
            if token == "e":
                out += public(self.e)
                self.mix_hash(public(self.e))
                self.mix_key(public(self.e))
            elif token == "s":
                out += self.encrypt_and_hash(public(self.s))
            else:
                self.mix_dh(token)
        return out + self.encrypt_and_hash(payload)

    def read(self, message):
        for token in self.messages.pop(0):
            if token == "e":
                self.re, message = message[:32], message[32:]
                self.mix_hash(self.re)
                self.mix_key(self.re)
            elif token == "s":
                length = 48 if self.cipher.key else 32
                self.rs, message = self.decrypt_and_hash(message[:length]), message[length:]
            else:
                self.mix_dh(token)
        return self.decrypt_and_hash(message)

    def split(self):
        return hkdf(self.chaining, b"", 2)


def check(vector):
    """Plays a published vector, keys and payloads of both sides given in it."""
    pattern = vector["protocol_name"].split("_")[1]
    at = lambda name: bytes.fromhex(vector[name]) if name in vector else None
    psks = [bytes.fromhex(psk) for psk in vector["init_psks"]]
    one = Handshake(pattern, True, at("init_prologue"), psks, at("init_ephemeral"), at("init_static"), at("init_remote_static"))
    two = Handshake(pattern, False, at("resp_prologue"), psks, at("resp_ephemeral"), at("resp_static"))
    ciphers = None
    for number, step in enumerate(vector["messages"]):
        payload, expected = bytes.fromhex(step["payload"]), bytes.fromhex(step["ciphertext"])
        if one.messages:
            sender, reader = (one, two) if number % 2 == 0 else (two, one)
            assert sender.write(payload) == expected
            assert reader.read(expected) == payload
            assert one.hash == two.hash and one.split() == two.split()
            continue
        ciphers = ciphers or [Cipher(key) for key in one.split()]
        assert ciphers[number % 2].encrypt(b"", payload) == expected
    assert one.hash == (at("handshake_hash") or one.hash)
