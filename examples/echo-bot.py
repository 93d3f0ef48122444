#!/usr/bin/env python3
"""Answers whoever says something that begins with its name: `echo: hi` is answered by `anna: hi`.

Usage: echo-bot.py chatter-client join @link.txt --nick echo
The arguments are the command that joins; --json is added. docs/json.md explains the lines.
"""
import json
import subprocess
import sys

NICK = "echo"


def main(command):
    client = subprocess.Popen(command + ["--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(**request):
        print(json.dumps(request), file=client.stdin, flush=True)

    for line in client.stdout:
        event = json.loads(line)
        if event["event"] == "message" and event["text"].startswith(NICK + ":"):
            said = event["text"].removeprefix(NICK + ":").strip()
            ask(request="say", text=f"{event['from']}: {said}")
        elif event["event"] == "private":
            ask(request="private", to=event["from"], text=event["text"])
    return client.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
