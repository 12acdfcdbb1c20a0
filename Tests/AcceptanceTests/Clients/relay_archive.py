"""What `listen --record` writes of bodies that are no text, and that it can be read back as it was."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

from relay_handler import Server
from relay_shape import POOL
from relay_suite import Suite, case
from relay_wire import answer, post
from relay_world import DOMAIN, Child, check, folder, same

BOB = f"bob.{DOMAIN}"
KEY = "the key of a test"
BINARY = POOL[:5000]
# Octets that a reader of UTF-8 would take for others, or for none.
BODIES = {
    "random": BINARY, "one octet": b"\xff", "text in Latin-1": "Grüße".encode("latin-1"),
    "text with one bad octet": b"fine until \x80 here", "half a character": "€".encode()[:2],
    "surrogates": b"\xed\xa0\x80", "too long forms": b"\xc0\xaf", "zeros and more": b"\0\0\xfe\0"}
TEXTS = {"text": "Grüße, 你好 €\r\n\t\"quoted\" \\ \0 end", "JSON": '{"a": "ü"}', "nothing": ""}


def event(time="1700000000", kind="signature_request_sent"):
    """An event's JSON text, spaced as nobody else would."""
    digest = hmac.new(KEY.encode(), (time + kind).encode(), hashlib.sha256).hexdigest()
    return (
        '{ "event" :{"event_time":"%s",  "event_type":"%s","event_hash":"%s","event_metadata":'
        '{"related_signature_id":null, "reported_for_account_id":"abc"}}, "signature_request": '
        '{"signature_request_id":"f" ,"title":"Gr\\u00fc\\u00dfe \u4f60"} }' % (time, kind, digest)
    ).encode()


def multipart(*parts):
    """The body of a form of these fields, each a head and octets, and its type."""
    edge = b"edge-7f"
    body = b"".join(
        b"--" + edge + b"\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + data + b"\r\n"
        for head, data in parts)
    return body + b"--" + edge + b"--\r\n", f"multipart/form-data; boundary={edge.decode()}"


def recorded(world, exchanges):
    """The entries of the archive that an agent writes of requests `(type, body, answer)`."""
    path = Path(folder()) / "all.har"
    answers = iter(exchanges)
    server = Server(lambda wire, request: wire.send(answer(next(answers)[2])))
    agent = world.listen("--record", path, name="bob", target=server.target)
    for kind, body, _ in exchanges:
        found = world.relay.ask(post(BOB, body, "/hook", f"Content-Type: {kind}"))
        same(found.status, 200)
        agent.line("request")
    agent.signal()
    agent.ended()
    server.close()
    entries = json.loads(path.read_text())["log"]["entries"]
    same(len(entries), len(exchanges), "entries")
    return path, entries


def octets(content, what):
    """What a body of the archive stands for."""
    if "encoding" in content:
        same(content["encoding"], "base64", what)
        return base64.b64decode(content["text"], validate=True)
    return content["text"].encode()


@case()
def bodies_that_are_no_text(world):
    kinds = ["application/octet-stream"] * len(BODIES)
    _, entries = recorded(world, list(zip(kinds, BODIES.values(), reversed(BODIES.values()))))
    for entry, what, sent, got in zip(
            entries, BODIES, BODIES.values(), reversed(BODIES.values())):
        for content, expected, where in [
                (entry["request"]["postData"], sent, "request"),
                (entry["response"]["content"], got, "answer")]:
            same(content.get("encoding"), "base64", f"the encoding of the {where}, {what}")
            same(octets(content, what), expected, f"the {where}, {what}")
        same(entry["request"]["bodySize"], len(sent), "the size of the request's body")
        same(entry["response"]["content"]["size"], len(got), "the size of the answer's body")


@case()
def bodies_that_are_text(world):
    """They stay so, for people who read the file."""
    texts = [text.encode() for text in TEXTS.values()]
    _, entries = recorded(world, [("text/plain", text, text) for text in texts])
    for entry, (what, text) in zip(entries, TEXTS.items()):
        for content in (entry["request"]["postData"], entry["response"]["content"]):
            same((content.get("encoding"), content["text"]), (None, text), what)


def replayed(world, path, *arguments):
    """The bodies that a handler gets from `countersign replay`."""
    bodies = []

    def take(wire, request):
        bodies.append(request.body)
        wire.send(answer(b"Hello API Event Received"))

    server = Server(take)
    child = Child(
        world.program, "replay", path, "-f", server.target, "--api-key", KEY, "--ephemeral",
        "--format", "json", *arguments)
    same(child.ended(), 0, f"the exit code of 'replay': {child.error()}")
    server.close()
    return bodies


@case()
def replayed_from_a_form_with_files(world):
    """The event of a form that has octets beside it goes out again as it came."""
    text = event()
    body, kind = multipart(
        (b'name="note"', "Grüße".encode("latin-1")), (b'name="json"', text),
        (b'name="file"; filename="a.pdf"\r\nContent-Type: application/pdf', BINARY))
    path, entries = recorded(world, [(kind, body, b"\xffno text"), ("image/png", BINARY, b"")])
    same(entries[0]["request"]["postData"].get("encoding"), "base64", "the encoding")
    same(octets(entries[0]["request"]["postData"], "form"), body, "the form")
    for arguments in (["--as-recorded"], ["--as-recorded", "--body", "json"]):
        bodies = replayed(world, path, *arguments)
        same(len(bodies), 1, "events of the archive")
        check(text in bodies[0], f"other octets: {bodies[0]}")
    same(bodies[0], text, "the body as JSON")


@case()
def replayed_from_text(world):
    """An event alone, with letters of any script."""
    text = event()
    path, _ = recorded(world, [("application/json", text, b"Hello API Event Received")])
    same(replayed(world, path, "--as-recorded", "--body", "json"), [text], "the event")


@case()
def other_programs_archives(world):
    """Base64 counts where the archive says so, and an entry that is not in it is passed over."""
    text = event()

    def entry(content):
        return {"request": {"postData": {"mimeType": "application/json"} | content}}

    encoded = base64.b64encode(text).decode()
    path = Path(folder()) / "other.har"
    path.write_text(json.dumps({"log": {"entries": [
        entry({"text": encoded, "encoding": "base64"}), entry({"text": text.decode()}),
        entry({"text": encoded}), entry({"text": "%%%", "encoding": "base64"}), entry({})]}}))
    same(replayed(world, path, "--as-recorded", "--body", "json"), [text] * 2, "the events")


if __name__ == "__main__":
    Suite(__doc__).run()
