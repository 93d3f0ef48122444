#!/usr/bin/env python3
"""What the descriptor of an onion service says to whoever knows its address: the part that is enciphered twice.

    tor/descriptor.py CONTROL_PORT COOKIE_FILE ADDRESS    of a service that this tor has visited, ADDRESS without .onion

Introduction points, and pow-params where the service wants proof of work. Services for readers with keys stay closed.
Needs openssl; formats as in rend-spec-v3 (spec.torproject.org).
"""

import base64
import hashlib
import socket
import subprocess
import sys


def fetch(port, cookie_file, address):
    """The descriptor as directories have it, from a client's memory."""
    with open(cookie_file, "rb") as file:
        cookie = file.read().hex()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
        stream.sendall(f"AUTHENTICATE {cookie}\r\nGETINFO hs/client/desc/id/{address}\r\nQUIT\r\n".encode())
        lines = stream.makefile("r", newline="\r\n").read().splitlines()
    if not any(line.startswith("250+") for line in lines):
        sys.exit(f"this tor does not know the service: {lines}")
    begun = next(at for at, line in enumerate(lines) if line.startswith("250+"))
    return "\n".join(lines[begun + 1:lines.index(".", begun)])


def block(text, word):
    """The bytes between the marks behind a word."""
    after = text.split(f"\n{word}\n", 1)[1].split("-----", 3)
    return base64.b64decode(after[2])


def blinding_key(certificate):
    """The key of the day, which signs the certificate and stands in it."""
    at = 40
    for _ in range(certificate[39]):
        length, kind = int.from_bytes(certificate[at:at + 2], "big"), certificate[at + 2]
        if kind == 4:
            return certificate[at + 4:at + 4 + length]
        at += 4 + length
    sys.exit("the certificate does not name the key that signs it")


def decipher(message, secret, purpose):
    salt, body = message[:16], message[16:-32]
    keys = hashlib.shake_256(secret + salt + purpose).digest(80)
    cipher = ["openssl", "enc", "-d", "-aes-256-ctr", "-K", keys[:32].hex(), "-iv", keys[32:48].hex()]
    return subprocess.run(cipher, input=body, stdout=subprocess.PIPE, check=True).stdout.rstrip(b"\0").decode()


def main():
    port, cookie_file, address = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    outer = fetch(port, cookie_file, address)
    public = base64.b32decode(address.upper())[:32]
    blinded = blinding_key(block(outer, "descriptor-signing-key-cert"))
    revision = int(outer.split("\nrevision-counter ", 1)[1].split("\n", 1)[0])
    credential = hashlib.sha3_256(b"credential" + public).digest()
    secret = blinded + hashlib.sha3_256(b"subcredential" + credential + blinded).digest() + revision.to_bytes(8, "big")
    middle = decipher(block(outer, "superencrypted"), secret, b"hsdir-superencrypted-data")
    print(decipher(block(middle, "encrypted"), secret, b"hsdir-encrypted-data"))


main()
