#!/usr/bin/env python3
"""Makes chatter's test vectors: a second implementation, written from docs/protocol.md alone.

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install -r chatter-protocol/tests/vectors/requirements.txt
    /tmp/vectors/bin/python chatter-protocol/tests/vectors/make.py            writes the *.json beside it
    /tmp/vectors/bin/python chatter-protocol/tests/vectors/make.py --check    compares with them instead

`chatter-protocol/tests/vectors.rs` reads them. Bytes are in hexadecimal. What is random in use is fixed here and stated:
drawn from a seed as `primitives.Draws` says, so that chatter's own generator draws the same from it. noise.json holds the
published vectors of the two patterns, for both implementations; it is not made here but played.
"""

import json
import pathlib
import sys

import carrier
import links
import message
import noise
import room
import transfer

HERE = pathlib.Path(__file__).resolve().parent


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def main():
    published = json.loads((HERE / "noise.json").read_text())["vectors"]
    for vector in published:
        noise.check(vector)
    differing = []
    for name, module in {"links": links, "carrier": carrier, "room": room, "message": message, "transfer": transfer}.items():
        text = json.dumps(plain(module.vectors()), indent=1, ensure_ascii=True) + "\n"
        file = HERE / f"{name}.json"
        if "--check" not in sys.argv[1:]:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            differing.append(file.name)
    if differing:
        sys.exit(f"what docs/protocol.md says now gives other vectors: {', '.join(differing)}")
    print(f"{len(published)} published Noise vectors fit; the files are as docs/protocol.md says")


if __name__ == "__main__":
    main()
