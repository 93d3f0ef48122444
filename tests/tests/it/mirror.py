"""Copies what a file server shows into a directory, with the times that it states: mirror.py URL DIRECTORY"""

import email.utils
import html.parser
import os
import sys
import urllib.parse
import urllib.request


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if tag == "a" and name == "href"]


def mirror(url, directory):
    os.makedirs(directory, exist_ok=True)
    links = Links()
    links.feed(urllib.request.urlopen(url).read().decode())
    for link in links.found:
        path = os.path.join(directory, urllib.parse.unquote(link))
        if link.endswith("/"):
            mirror(url + link, path)
            continue
        answer = urllib.request.urlopen(url + link)
        with open(path, "wb") as file:
            file.write(answer.read())
        modified = email.utils.parsedate_to_datetime(answer.headers["Last-Modified"]).timestamp()
        os.utime(path, (modified, modified))


mirror(sys.argv[1], sys.argv[2])
