"""Answers requests with this Python's own http.server, without a socket.

In: requests on stdin, each after its length in four bytes, little-endian; the served directory as argument.
Out: the answers on stdout, framed alike. The present is always the same second.
Never: a request that would block (the directory holds no FIFO).
"""

import http.server
import io
import struct
import sys

NOW = 1_700_000_000


class Peer:
    """A connection whose other side has sent everything and shut down."""

    def __init__(self, sent):
        self.sent = io.BytesIO(sent)
        self.answer = bytearray()

    def makefile(self, *_):
        return self.sent

    def sendall(self, piece):
        self.answer += piece


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string(NOW if timestamp is None else timestamp)


def main():
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while length := requests.read(4):
        peer = Peer(requests.read(struct.unpack("<I", length)[0]))
        try:
            Handler(peer, ("127.0.0.1", 1), None, directory=sys.argv[1])
        except Exception:
            pass  # The real server's thread ends here, too, and what was written stays written.
        answers.write(struct.pack("<I", len(peer.answer)) + peer.answer)
        answers.flush()


main()
