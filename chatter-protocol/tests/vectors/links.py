"""Codes, links, gates, cookies: docs/protocol.md §1."""

from primitives import KDF, base64url, bech32m, public, u

COOKIE_NAMES = (
    "session sessionid sid SID PHPSESSID JSESSIONID connect.sid csrftoken XSRF-TOKEN auth token uid _session "
    "remember_token visitor state"
).split()


def gate(server_key, secret):
    K = KDF("chatter v1 gate", secret, server_key)
    return {name: KDF(f"chatter v1 gate {name}", K) for name in ("mac", "mask", "psk")}


def cookie_name(server_key):
    return COOKIE_NAMES[KDF("chatter v1 cookie name", server_key)[0] % 16]


def access_code(server_key, secret, preamble_len, path, version=1):
    return bech32m("chatter", u(version, 1) + server_key + secret + u(preamble_len, 2) + path.encode())


def link(address, code, label="", secure=False, secret=None, cert=None, via=None):
    parts = [code]
    parts += [bech32m("room", secret)] if secret else []
    parts += [bech32m("cert", cert)] if cert else []
    parts += [bech32m("via", via.encode())] if via else []
    return f"chatter{'s' if secure else ''}://{address}/{label}#{'.'.join(parts)}"


def vectors():
    server_key, secret = public(bytes(range(32))), bytes(range(0x60, 0x70))
    path = "/backup/home.tar.enc"
    code = access_code(server_key, secret, 16, path)
    room = bytes(range(0xA0, 0xB0))
    cert = bytes(range(0xC0, 0xE0))

    codes = []
    for preamble_len, path_ in ((16, path), (0, "/a"), (65535, "/" + "~" * 254), (1, "/%41/b.c")):
        text = access_code(server_key, secret, preamble_len, path_)
        facts = dict(server_key=server_key, secret=secret, preamble_len=preamble_len, path=path_)
        codes.append(dict(facts, text=text, capitals=text.upper()))

    refused = [
        ("another version", access_code(server_key, secret, 16, path, version=2)),
        ("version 0", access_code(server_key, secret, 16, path, version=0)),
        ("mixed case", code[:-1] + code[-1].upper() if code[-1].isalpha() else code[:8].upper() + code[8:]),
        ("one character wrong", code[:40] + ("p" if code[40] == "q" else "q") + code[41:]),
        ("two characters exchanged", next(
            code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(20, 40) if code[at] != code[at + 1]
        )),
        ("cut off", code[:-1]),
        ("something added", code + "q"),
        ("bech32 without the m", bech32m("chatter", b"\1" + server_key + secret + u(16, 2) + path.encode(), constant=1)),
        ("bits set in the padding", bech32m("chatter", b"\1" + server_key + secret + u(16, 2) + b"/abcd", padding=1)),
        ("another prefix", bech32m("chater", b"\1" + server_key + secret + u(16, 2) + path.encode())),
        ("nothing behind the prefix", bech32m("chatter", b"")),
        ("too short", bech32m("chatter", b"\1" + server_key + secret + u(16, 1))),
    ]
    for name, path_ in (
        ("no path", ""), ("no slash first", "a/b"), ("two slashes first", "//a"), ("a slash last", "/a/"), ("a space", "/a b"),
        ("a query", "/a?b"), ("a fragment", "/a#b"), ("a quotation mark", '/a"b'), ("256 bytes", "/" + "a" * 255),
        ("no ASCII", "/\u00e4"),
    ):
        refused.append((f"a path with {name}", access_code(server_key, secret, 16, path_)))

    links = []
    for facts in (
        dict(address="example.org:8000"),
        dict(address="[2001:db8::1]:81", label="kitchen", secret=room),
        dict(address="192.0.2.7:443", secure=True),
        dict(address="example.org:8443", secure=True, cert=cert),
        dict(address="example.org:8443", secure=True, label="a-b.c_d~9", secret=room, cert=cert),
        dict(address="onion.example:80", label="room", secret=room, via="socks5h://127.0.0.1:9050"),
        dict(address="example.org:443", secure=True, label="x" * 64, secret=room, cert=cert,
             via="http://us%40er:pass%3Aword@proxy.example:3128"),
    ):
        written = dict(label="", secure=False, secret=None, cert=None, via=None) | facts
        links.append(dict(written, code=code, text=link(code=code, **facts)))
    # Read alike, written otherwise.
    others = [
        dict(text=f"chatter://h/#{code}", address="h:8000", label=None),
        dict(text=f"chatters://h/#{code}", address="h:443", label=None),
        dict(text=f"chatter://h#{code}", address="h:8000", label=None),
        dict(text=f"chatter://h/#{code.upper()}.{bech32m('room', room).upper()}", address="h:8000", label="room"),
    ]
    sealed = link("h:1", code, "r", True, room, cert, "socks5h://p:9")
    tail = sealed.split("#")[1].split(".")
    start = "chatters://h:1/r#"
    refused_links = [
        ("another scheme", f"https://h:1/#{code}"),
        ("no fragment", "chatter://h:1/"),
        ("an empty fragment", "chatter://h:1/#"),
        ("no host", f"chatter:///#{code}"),
        ("port 0", f"chatter://h:0/#{code}"),
        ("a port above 65535", f"chatter://h:65536/#{code}"),
        ("no number for a port", f"chatter://h:8o/#{code}"),
        ("an IPv6 address that is none", f"chatter://[::g]/#{code}"),
        ("a label of 65 characters", f"chatter://h:1/{'x' * 65}#{code}.{bech32m('room', room)}"),
        ("a label with another character", f"chatter://h:1/a%20b#{code}.{bech32m('room', room)}"),
        ("an unknown part", f"{start}{code}.{bech32m('more', room)}"),
        ("an empty part", f"{start}{code}."),
        ("no code", f"{start}{bech32m('room', room)}"),
        ("a certificate twice", f"{start}{code}.{bech32m('cert', cert)}.{bech32m('cert', cert)}"),
        ("parts in another order", f"{start}{code}.{tail[3]}.{tail[2]}"),
        ("the room last", f"{start}{code}.{tail[2]}.{tail[1]}"),
        ("a certificate without TLS", f"chatter://h:1/#{code}.{bech32m('cert', cert)}"),
        ("a room secret of 15 bytes", f"{start}{code}.{bech32m('room', room[1:])}"),
        ("a room secret of 17 bytes", f"{start}{code}.{bech32m('room', room + b'x')}"),
        ("a certificate of 31 bytes", f"{start}{code}.{bech32m('cert', cert[1:])}"),
        ("a proxy of another kind", f"{start}{code}.{bech32m('via', b'https://p:1')}"),
        ("a proxy that is no text", f"{start}{code}.{bech32m('via', bytes([0xFF, 0xFE]))}"),
    ]
    for number, name in enumerate(("code", "room", "cert", "via")):
        damaged = list(tail)
        part = damaged[number]
        damaged[number] = part[:-3] + ("p" if part[-3] == "q" else "q") + part[-2:]
        refused_links.append((f"a damaged {name}", start + ".".join(damaged)))

    keys = [public(bytes([number]) * 32) for number in range(1, 40)]
    names = {cookie_name(key): key for key in keys}
    token = bytes(range(48))
    value = base64url(token)
    cookies = [
        (f"sid={value}", token),
        (f"a=b;sid={value} ; sid=short", token),
        (f"a=b; sid={value}|c=d", token),
        (f"sid={value}; sid={value}", None),
        (f"sid={value}|sid={value}", None),
        (f"SID={value}", None),
        (f"xsid={value}", None),
        (f"sid={value}=", None),
        (f"sid={value[:-2]}", None),
        (f"sid={value[:-1]}+", None),
        (f"sid={'A' * 4000}", bytes(3000)),
        (f"sid={'A' * 4001}", None),
    ]
    return dict(
        access_codes=codes,
        refused_access_codes=[dict(why=why, text=text) for why, text in refused],
        links=links,
        other_spellings=others,
        refused_links=[dict(why=why, text=text) for why, text in refused_links],
        gates=[
            dict(server_key=key, secret=secret_, **gate(key, secret_))
            for key, secret_ in ((server_key, secret), (keys[0], bytes(16)))
        ],
        cookie_names=[dict(server_key=key, name=name) for name, key in sorted(names.items())],
        cookies=[dict(name="sid", headers=headers.split("|"), token=token_) for headers, token_ in cookies],
    )
