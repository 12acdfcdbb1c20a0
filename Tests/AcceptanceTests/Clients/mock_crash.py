"""Kills the mock in the middle of many creates and deliveries, starts it again, and looks what is left.

    mock_crash.py PROGRAM FOLDER KILL_BEHIND

KILL_BEHIND creates are acknowledged before the kill. Prints what was found as JSON.
"""

import json
import sys
import threading

from mock_world import Mock, Receiver, kind, paper, subject

PROGRAM, FOLDER, LIMIT = sys.argv[1], sys.argv[2], int(sys.argv[3])
ORDER = [
    "signature_request_sent", "signature_request_signed", "signature_request_downloadable",
    "signature_request_all_signed"]
FIELDS = [
    ("signers[0][name]", "Ann"), ("signers[0][email_address]", "ann@example.com"),
    ("test_mode", "1"), ("title", "Crash"), ("client_id", "app-of-the-crash")]


def start(receiver):
    return Mock(
        PROGRAM, "dev", receiver.address, "--port", "0", "--data", FOLDER, "--processing", "0s")


def create_until_it_ends(mock, acknowledged, lock, enough):
    while True:
        try:
            status, answer = mock.create(
                "/v3/signature_request/create_embedded", FIELDS, [("a.pdf", paper("Hello"))])
        except OSError:
            return
        if status != 200:
            return
        request = answer["signature_request"]
        with lock:
            acknowledged.append(request)
            if len(acknowledged) >= LIMIT:
                enough.set()


def sign_what_is_sent(mock, receiver, enough):
    """Signs each request as soon as the handler was told of it."""
    done = set()
    while not enough.is_set():
        with receiver.changed:
            sent = [event for event in receiver.events if kind(event) == ORDER[0]]
        for event in sent:
            signature = event["signature_request"]["signatures"][0]["signature_id"]
            if signature in done:
                continue
            done.add(signature)
            try:
                mock.control(f"signatures/{signature}/sign")
            except (OSError, AssertionError):
                return


def out_of_order(events):
    """Whether an event of a request came before one that causes it, looking at first arrivals."""
    first = {}
    for place, event in enumerate(events):
        first.setdefault(kind(event), place)
    places = [first[name] for name in ORDER if name in first]
    known = [name in first for name in ORDER]
    return places != sorted(places) or known != sorted(known, reverse=True)


def main():
    receiver = Receiver()
    mock = start(receiver)
    acknowledged, lock, enough = [], threading.Lock(), threading.Event()
    workers = [
        threading.Thread(target=create_until_it_ends, args=(mock, acknowledged, lock, enough))
        for _ in range(100)]
    workers.append(
        threading.Thread(target=sign_what_is_sent, args=(mock, receiver, enough)))
    for worker in workers:
        worker.start()
    enough.wait(90)
    mock.kill()
    for worker in workers:
        worker.join()
    seen_before = {subject(event) for event in list(receiver.events)}

    mock = start(receiver)
    wanted = {request["signature_request_id"] for request in acknowledged}
    missing = [
        identifier for identifier in wanted | seen_before
        if mock.json("GET", f"/v3/signature_request/{identifier}")[0] != 200]
    receiver.wait(lambda events: wanted <= {
        subject(event) for event in events if kind(event) == ORDER[0]})
    # What was signed before the kill is told of as well, to its end.
    complete = [
        identifier for identifier in wanted
        if mock.json("GET", f"/v3/signature_request/{identifier}")[1]["signature_request"][
            "is_complete"]]
    receiver.wait(lambda events: set(complete) <= {
        subject(event) for event in events if kind(event) == ORDER[3]})
    mock.settle()
    disordered = [
        identifier for identifier in wanted | seen_before if out_of_order(receiver.of(identifier))]
    print(json.dumps({
        "acknowledged": len(wanted), "seen": len(seen_before), "complete": len(complete), "missing": missing,
        "disordered": disordered, "exit": mock.end()}))


main()
