"""Files on their way: docs/protocol.md §14."""

from primitives import H, KDF, field, message

ID = bytes(range(0x40, 0x50))
FILE_LEN_MAX = 68_719_476_736
CHUNK_LEN_MAX = 16_000
WISH, MISMATCH, DISK, BUSY, BROKE_RULES = range(1, 6)


def private(number, *fields):
    """A step as the content of a Private, which states that five messages were published before."""
    return field(13, field(number, message(*fields), True), True) + field(14, 5) + field(15, H(b"some chain"))


def offer(name, size, digest, directory=0):
    return private(1, field(1, ID), field(2, name), field(3, size), field(4, digest), field(5, directory))


def proof(identifier, taker, giver):
    return KDF("chatter v1 file", identifier, taker, giver)


def vectors():
    taker, giver = bytes([1]) * 16, bytes([2]) * 16
    shown = proof(ID, taker, giver)
    window = lambda number, first, have, until, *more: private(number, field(1, first), field(2, have), field(3, until), *more)
    chunk = lambda offset, data: private(4, field(1, ID), field(2, offset), field(3, data))
    cancel = lambda reason: private(6, field(1, ID), field(2, reason))
    steps = dict(
        offer=offer("photo one.jpg", 300, H(b"a photo")),
        offer_of_directory=offer("things.tar", FILE_LEN_MAX, H(b"things"), 1),
        offer_of_nothing=offer("empty", 0, H(b"")),
        grant=window(2, ID, 16_000, 48_000),
        grant_first=window(2, ID, 0, 1),
        resume=window(3, shown, 100, 300),
        resume_kept=window(3, shown, 300, 300, field(4, 1)),
        chunk=chunk(16_000, bytes(range(256))),
        chunk_longest=chunk(0, b"x" * CHUNK_LEN_MAX),
        chunk_empty=chunk(300, b""),
        kept=private(5, field(1, ID)),
        cancel_wish=cancel(WISH),
        cancel_mismatch=cancel(MISMATCH),
        cancel_disk=cancel(DISK),
        cancel_busy=cancel(BUSY),
        cancel_broke_rules=cancel(BROKE_RULES),
    )
    refused = dict(
        too_long=offer("x", FILE_LEN_MAX + 1, H(b"")),
        name_too_long=offer("x" * 1025, 1, H(b"")),
        short_hash=offer("x", 1, H(b"")[:31]),
        short_id=private(5, field(1, ID[:15])),
        backward_window=window(2, ID, 2, 1),
        window_beyond=window(2, ID, 0, FILE_LEN_MAX + 1),
        short_proof=window(3, shown[:31], 0, 1),
        chunk_too_long=chunk(0, b"x" * (CHUNK_LEN_MAX + 1)),
        offset_beyond=chunk(FILE_LEN_MAX + 1, b"x"),
        no_step=field(13, b"", True),
    )
    # By §14.8, each proposal and what is left of it.
    names = {
        "photo.jpg": "photo.jpg", "Grüße, 世界.txt": "Grüße, 世界.txt", "../../etc/passwd": "passwd", "..\\..\\boot.ini": "boot.ini",
        "a\nb\r\x1b[2J": "ab[2J", "gpj\u202eexe.txt": "gpjexe.txt", "a\u200bb": "ab", ".bashrc": "bashrc", "-rf": "rf",
        "end. . ": "end", "a:stream": "a_stream", 'a?*<>|".b': "a______.b", "CON": "_CON", "nul.tar.gz": "_nul.tar.gz",
        "lpt\u00b3.x": "_lpt\u00b3.x", "COM10": "COM10", "C:\\Windows\\x.exe": "x.exe",
    }
    return dict(
        id=ID, taker=taker, giver=giver, proof=shown,
        proof_turned=proof(ID, giver, taker),
        steps=[dict(name=name, private=one) for name, one in steps.items()],
        refused=[dict(name=name, private=one) for name, one in refused.items()],
        names=[dict(proposed=proposed, tame=tame) for proposed, tame in names.items()],
    )
