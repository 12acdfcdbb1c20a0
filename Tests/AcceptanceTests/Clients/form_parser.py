"""Reads requests through Werkzeug's form parser and Python's json, and writes each event back.

Standard input: for each request a line "LENGTH CONTENT-TYPE" and LENGTH octets of body.
Standard output: for each request a line "LENGTH" and the JSON text, encoded as PHP would.
"""

import io
import json
import re
import sys

from werkzeug.formparser import parse_form_data


def as_php(value):
    """JSON text as PHP spells it: `\\/` for a slash, and U+007F, which Python escapes, as it is."""
    text = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    return re.sub(r"\\(u007f|.)", lambda found: "\x7f" if found[1] == "u007f" else found[0], text)


requests, events = sys.stdin.buffer, sys.stdout.buffer
while head := requests.readline():
    length, content_type = head.decode().strip().split(" ", 1)
    environment = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": length,
        "wsgi.input": io.BytesIO(requests.read(int(length))),
    }
    _, form, files = parse_form_data(environment)
    assert list(form) == ["json"] and not files, (list(form), list(files))
    value = json.loads(form["json"], parse_float=str)
    text = as_php(value).encode()
    events.write(b"%d\n" % len(text) + text)
