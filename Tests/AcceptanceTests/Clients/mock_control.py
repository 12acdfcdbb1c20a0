"""What the control API, the settings and the clock of the mock do, each as a scenario.

    mock_control.py PROGRAM SCENARIO FOLDER

Prints what was seen as JSON.
"""

import hashlib
import hmac
import http.client
import json
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

from mock_world import KEY, Mock, Receiver, kind, paper

PROGRAM, SCENARIO, FOLDER = sys.argv[1:]
SEND = "/v3/signature_request/send"
SIGNER = [("signers[0][name]", "Ann"), ("signers[0][email_address]", "ann@example.com")]
FIELDS = SIGNER + [("test_mode", "1"), ("title", "Control")]
FILES = [("a.pdf", paper("Hello"))]


def start(receiver, *arguments):
    target = ["dev", receiver.address] if receiver else ["mock"]
    return Mock(PROGRAM, *target, "--port", "0", *arguments)


def ephemeral(receiver, *arguments):
    return start(receiver, "--ephemeral", "--clock", "manual", *arguments)


def send(mock, fields=FIELDS, **options):
    status, answer = mock.create(SEND, fields, FILES)
    assert status == 200, answer
    return answer["signature_request"]


def sent(mock, **options):
    request = send(mock, **options)
    mock.control("clock", {"advance": "1s"})
    return request


def signature(request):
    return request["signatures"][0]["signature_id"]


def faults():
    """Each fault of a delivery, by what the handler sees of three events."""
    told = {}
    for name, rule in [
            ("duplicate", {"duplicate": True}), ("drop", {"drop": True}),
            ("delay", {"delay": "1h"}), ("reorder", {"reorder": True, "count": 1}),
            ("truncate", {"truncate": 10, "count": 1})]:
        receiver = Receiver()
        mock = ephemeral(receiver)
        mock.control("faults", {"on": "deliveries", "event_type": "signature_request_s*"} | rule)
        request = sent(mock)
        mock.control(f"signatures/{signature(request)}/view")
        receiver.wait(lambda events: any(
            kind(event) == "signature_request_viewed" for event in events))
        mock.control("clock", {"advance": "2s"})
        if name == "duplicate":
            receiver.wait(lambda events: len(events) == 3)
        if name == "reorder":
            receiver.wait(lambda events: len(events) == 2)
        told[name] = [kind(event).removeprefix("signature_request_") for event in receiver.events]
        if name in ("delay", "truncate"):
            mock.control("clock", {"advance": "1h"})
            receiver.wait(lambda events: len(events) == 2)
            told[name + "_later"] = len(receiver.events)
        if name == "drop":
            listed = mock.control("deliveries?status=failed", method="GET")["deliveries"]
            told["drop_states"] = [delivery["state"] for delivery in listed]
        mock.end()
    return told


def trouble():
    """Faults of the API: by rule, with a count, and by header."""
    mock = ephemeral(None)
    rule = mock.control("faults", {"operation": "account*", "error": "maintenance", "count": 2})
    statuses = [mock.json("GET", "/v3/account")[0] for _ in range(3)]
    listed = mock.control("faults", method="GET")["faults"]
    mock.control(f"faults/{rule['fault']['id']}", method="DELETE")
    mock.control("faults", {"operation": "accountGet", "reset": True})
    try:
        mock.json("GET", "/v3/account")
        closed = False
    except (ConnectionError, http.client.HTTPException, OSError):
        closed = True
    mock.control("faults", method="DELETE")
    delayed = mock.control("faults", {"operation": "accountGet", "delay": "50ms"})
    after = mock.json("GET", "/v3/account")[0]
    mock.end()
    return {
        "statuses": statuses, "left": listed[0]["count"], "closed": closed, "after": after,
        "delay": delayed["fault"]["delay"]}


def outcomes():
    """A header decides what the processing ends in."""
    receiver = Receiver()
    mock = ephemeral(receiver)
    from mock_world import form
    request = urllib.request.Request(
        mock.url + SEND, data=form(FIELDS, FILES), method="POST", headers={
            "Authorization": "Basic a2V5Og==", "X-Countersign-Outcome": "unknown_error",
            "Content-Type": "multipart/form-data; boundary=edge"})
    urllib.request.urlopen(request).read()
    mock.control("clock", {"advance": "1s"})
    events = receiver.wait(lambda events: events)
    mock.end()
    return {"events": [kind(event) for event in events]}


def retries():
    """The whole schedule by the clock alone, and what waits is told."""
    receiver = Receiver(answer=lambda event: 500)
    mock = ephemeral(receiver)
    send(mock)
    start = mock.control("clock", {"advance": "1s"})["now"]
    due = len(mock.control("clock", {"advance": "5m"})["due"])
    seen = [len(receiver.events)]
    mock.control("clock", {"advance": "2d"})
    seen.append(len(receiver.events))
    delivery = mock.control("deliveries/1", method="GET")
    times = [attempt["started_at"] for attempt in delivery["attempt_list"]]
    mock.end()
    return {
        "due": due, "seen": seen, "state": delivery["state"],
        "waits": [(later - earlier) // 60_000 for earlier, later in zip(times, times[1:])]}


def wait():
    """The call that waits: for what comes, and with what is missing when it does not."""
    receiver = Receiver()
    mock = ephemeral(receiver)
    request = sent(mock)
    found = {}

    def ask():
        found["answer"] = mock.json(
            "GET", "/_countersign/deliveries/wait?event_type=signature_request_all_signed"
            "&timeout=20s", key=None)

    thread = threading.Thread(target=ask)
    thread.start()
    mock.control(f"signatures/{signature(request)}/sign")
    thread.join()
    late = mock.json(
        "GET", "/_countersign/deliveries/wait?event_type=signature_request_declined&count=2"
        "&timeout=100ms", key=None)
    mock.end()
    return {
        "status": found["answer"][0],
        "events": [entry["event_type"] for entry in found["answer"][1]["deliveries"]],
        "late": late[0], "missing": late[1]["error"]["error_msg"]}


def history(mock, receiver):
    """One run of some calls; returns what the journal and the handler have of it."""
    request = sent(mock)
    mock.control(f"signatures/{signature(request)}/sign")
    receiver.wait(lambda events: len(events) == 4)
    mock.settle()
    listed = mock.control("deliveries", method="GET")["deliveries"]
    payloads = [
        mock.control(f"deliveries/{entry['id']}", method="GET")["payload"] for entry in listed]
    return [request["signature_request_id"], [entry["created_at"] for entry in listed]] + [
        payload.replace(mock.url.replace("/", "\\/"), "") for payload in payloads]


def seeds():
    """Equal seeds give equal journals, also behind a reset; other seeds do not."""
    runs = []
    for seed in ["7", "7", "8"]:
        receiver = Receiver()
        mock = ephemeral(receiver, "--seed", seed)
        runs.append(history(mock, receiver))
        if len(runs) == 1:
            mock.control("reset")
            empty = mock.control("deliveries", method="GET")["deliveries"]
            mock.control("clock", method="GET")
            receiver.events.clear()
            again = history(mock, receiver)
        mock.end()
    return {
        "equal": runs[0] == runs[1], "differ": runs[0] != runs[2], "empty": empty,
        "same_ids_behind_reset": again[0] == runs[0][0]}


def keys():
    """Events are signed with the key of the call; with a key set, others are refused."""
    receiver = Receiver()
    mock = ephemeral(receiver)
    sent(mock)
    event = receiver.wait(lambda events: events)[0]["event"]
    text = (event["event_time"] + event["event_type"]).encode()
    signed = hmac.new(KEY.encode(), text, hashlib.sha256).hexdigest() == event["event_hash"]
    anonymous = mock.json("GET", "/v3/account", key=None)
    mock.end()
    mock = ephemeral(None, "--api-key", "the-right-key")
    right = mock.json("GET", "/v3/account", key="the-right-key")[0]
    wrong = mock.json("GET", "/v3/account", key="another")
    mock.end()
    return {
        "signed": signed, "right": right, "wrong": wrong[0],
        "error": wrong[1]["error"]["error_name"],
        "anonymous": [anonymous[0], anonymous[1]["error"]["error_msg"]]}


def accounts():
    """Several accounts of countersign.yaml, each with its key and its handler."""
    first, second = Receiver(), Receiver()
    Path(FOLDER, "two.yaml").write_text(
        "accounts:\n"
        "  - email: a@example.com\n    api-keys: [key-a]\n"
        f"    callback-url: {first.address}\n"
        "  - email: ann@example.com\n    api-keys: [key-b]\n"
        f"    callback-url: {second.address}\n    plan: free\n")
    mock = ephemeral(None, "--config", str(Path(FOLDER, "two.yaml")))
    from mock_world import form
    status, _ = mock.json(
        "POST", SEND, form(FIELDS, FILES), content_type="multipart/form-data; boundary=edge",
        key="key-a")
    unpaid = mock.json(
        "POST", SEND, form(SIGNER, FILES), content_type="multipart/form-data; boundary=edge",
        key="key-b")
    mock.control("clock", {"advance": "1s"})
    # The second account signs the request, so its handler is told as well.
    own = first.wait(lambda events: events)[0]["event"]["event_metadata"]
    other = second.wait(lambda events: events)[0]["event"]["event_metadata"]
    unknown = mock.json("GET", "/v3/account", key="key-c")[0]
    mock.end()
    return {
        "status": status, "unpaid": [unpaid[0], unpaid[1]["error"]["error_name"]],
        "unknown": unknown,
        "reported_apart": own["reported_for_account_id"] != other["reported_for_account_id"]}


def apps():
    """An app's own URL gets the events of its requests; the switch decides about the account's."""
    told = {}
    for reporting in ["both", "account", "app"]:
        account, app = Receiver(), Receiver()
        mock = ephemeral(account, "--reporting", reporting)
        status, made = mock.json("POST", "/v3/api_app", {
            "name": "An app", "domains": ["localhost"], "callback_url": app.address})
        assert status == 201, made
        mock.create(
            "/v3/signature_request/create_embedded",
            FIELDS + [("client_id", made["api_app"]["client_id"])], FILES)
        mock.control("clock", {"advance": "1s"})
        (app if reporting == "app" else account).wait(lambda events: events)
        if reporting == "both":
            app.wait(lambda events: events)
        mock.settle()
        told[reporting] = [len(account.events), len(app.events)]
        mock.end()
    return told


def restart():
    """The state, a template and what was to be done later go on behind a clean end."""
    receiver = Receiver()
    data = ["--data", FOLDER, "--processing", "1s"]
    mock = start(receiver, *data)
    identifier = send(mock)["signature_request_id"]
    mock.end()
    second = start(receiver, *data)
    crowd = subprocess.run(
        [PROGRAM, "mock", "--port", "0", "--data", FOLDER], capture_output=True, text=True)
    receiver.wait(lambda events: events)
    status, answer = second.json("GET", f"/v3/signature_request/{identifier}")
    second.end()
    return {
        "status": status, "title": answer["signature_request"]["title"],
        "crowd": [crowd.returncode, crowd.stderr[:14]]}


def limits():
    """Rate limits are enforced when asked for, and the headers always there."""
    free = ephemeral(None)
    head = free.call("GET", "/v3/account")[1]
    free.end()
    mock = ephemeral(None, "--rate-limits")
    statuses = [mock.json("GET", "/v3/account")[0] for _ in range(102)]
    last = mock.call("GET", "/v3/account")[1]
    mock.control("clock", {"advance": "1m"})
    later = mock.json("GET", "/v3/account")[0]
    mock.end()
    return {
        "header": head["X-RateLimit-Limit"], "good": statuses.count(200),
        "refused": statuses.count(429), "remaining": last["X-RateLimit-Remaining"],
        "later": later}


def guarded():
    """Pages of other sites may not control the mock, nor may names that were turned to it."""
    mock = ephemeral(None)
    host, port = mock.url.removeprefix("http://").split(":")

    def status(headers):
        connection = http.client.HTTPConnection(host, int(port))
        connection.request("POST", "/_countersign/reset", headers=headers)
        return connection.getresponse().status

    told = {
        "own": status({}), "own_origin": status({"Origin": mock.url}),
        "origin": status({"Origin": "http://evil.example"}),
        "host": status({"Host": "evil.example"})}
    mock.end()
    mock = ephemeral(None, "--control-token", "a-long-token")
    told["without_token"] = mock.json("GET", "/_countersign/health", key=None)[0]
    request = urllib.request.Request(
        mock.url + "/_countersign/health", headers={"Authorization": "Bearer a-long-token"})
    told["with_token"] = urllib.request.urlopen(request).status
    mock.end()
    return told


def secrets():
    """No key and no token is in an exchange, a delivery or a line of output."""
    receiver = Receiver()
    process = subprocess.Popen(
        [PROGRAM, "dev", receiver.address, "--port", "0", "--ephemeral"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    line = next(line for line in process.stdout if "/v3" in line)
    mock = Mock.__new__(Mock)
    mock.url = line.split()[1].removesuffix("/v3")
    send(mock)
    receiver.wait(lambda events: events)
    exchanges = json.dumps(mock.control("exchanges", method="GET"))
    process.terminate()
    output = process.stdout.read()
    return {"exchanges": KEY in exchanges or "YS1rZXk" in exchanges, "output": KEY in output,
            "events": json.loads(exchanges)["exchanges"][0]["events"]}


def stream():
    """The stream tells of calls and attempts as they happen."""
    receiver = Receiver()
    mock = ephemeral(receiver)
    stream = urllib.request.urlopen(mock.url + "/_countersign/stream")
    assert stream.readline() == b": open\n"
    sent(mock)
    names = []
    while not {"exchange", "attempt", "clock"} <= set(names):
        line = stream.readline()
        if line.startswith(b"event: "):
            names.append(line[7:].strip().decode())
    code = mock.end()
    return {"names": names, "exit": code, "rest": stream.read().count(b"event: ")}


def reset():
    """A reset waits for the attempt under way, and what comes behind it is delivered as ever."""
    release = threading.Event()
    receiver = Receiver(answer=lambda event: release.wait(20) and 200 or 200)
    mock = ephemeral(receiver)
    send(mock)
    thread = threading.Thread(target=lambda: mock.control("clock", {"advance": "1s"}))
    thread.start()
    receiver.wait(lambda events: events)
    resetting = threading.Thread(target=lambda: mock.control("reset"))
    resetting.start()
    meanwhile = mock.create(SEND, FIELDS, FILES)[0]  # taken before the reset, or refused by it
    release.set()
    thread.join()
    resetting.join()
    sent(mock)
    events = receiver.wait(lambda events: len(events) >= 2)
    return {
        "events": [kind(event) for event in events][-1], "meanwhile": meanwhile in (200, 503),
        "exit": mock.end()}


def kept_clock():
    """Time does not go back behind a kill, and events keep their order."""
    receiver = Receiver()
    options = ["--data", FOLDER, "--clock", "manual"]
    mock = start(receiver, *options)
    request = sent(mock)
    before = mock.control("clock", {"advance": "5d"})["now"]
    mock.control(f"signatures/{signature(request)}/view")
    mock.kill()
    mock = start(receiver, *options)
    after = mock.control("clock", method="GET")["now"]
    mock.control(f"signatures/{signature(request)}/sign")
    mock.control("clock", {"advance": "1s"})
    times = [int(event["event"]["event_time"]) for event in receiver.events]
    mock.end()
    first = []
    for event in receiver.events:
        if kind(event) not in first:
            first.append(kind(event))
    return {"kept": after == before, "ordered": times == sorted(times), "events": first}


def races():
    """What signers did is not undone, and what was promised comes."""
    receiver = Receiver()
    mock = ephemeral(receiver)
    told = {}
    request = sent(mock)
    told["cancel"] = mock.json(
        "POST", f"/v3/signature_request/cancel/{request['signature_request_id']}")[0]
    told["sign_canceled"] = mock.json(
        "POST", f"/_countersign/signatures/{signature(request)}/sign", {}, key=None)[0]
    mock.control("clock", {"advance": "1s"})
    told["canceled"] = kind(receiver.events[-1])

    status, made = mock.create(
        "/v3/signature_request/create_embedded", FIELDS + [("client_id", "app")], FILES)
    mock.control("clock", {"advance": "1s"})
    identifier = made["signature_request"]["signature_request_id"]
    draft = mock.json(
        "POST", f"/v3/unclaimed_draft/edit_and_resend/{identifier}", {"client_id": "app"})[1]
    mock.control(f"signatures/{signature(made['signature_request'])}/sign")
    told["claim"] = mock.json(
        "POST", f"/_countersign/unclaimed_drafts/{identifier}/claim", {}, key=None)[0]
    told["complete"] = mock.json("GET", f"/v3/signature_request/{identifier}")[1][
        "signature_request"]["is_complete"]

    request = sent(mock)
    twins = [("signers[1][name]", "Ben"), ("signers[1][email_address]", "ann@example.com")]
    from mock_world import form
    status, edited = mock.json(
        "PUT", f"/v3/signature_request/edit/{request['signature_request_id']}",
        form(FIELDS + twins, FILES), content_type="multipart/form-data; boundary=edge")
    ids = {entry["signature_id"] for entry in edited["signature_request"]["signatures"]}
    told["twins"] = [status, len(ids), signature(request) in ids]

    field = {
        "document_index": 0, "api_id": "s1", "name": "", "type": "signature", "x": 1, "y": 1,
        "width": 100, "height": 20, "required": True, "signer": "0", "page": 1}
    template = [
        ("signer_roles[0][name]", "Signer"), ("test_mode", "1"),
        ("form_fields_per_document", json.dumps([field]))]
    status, made = mock.create("/v3/template/create", template, FILES)
    mock.control("clock", {"advance": "1s"})
    old = made["template"]["template_id"]
    status, updated = mock.create(
        f"/v3/template/update_files/{old}", [], [("bad.pdf", b"%PDF-1.4 nothing")])
    mock.control("clock", {"advance": "1s"})
    told["update"] = [status, kind(receiver.events[-1]), updated["template"]["template_id"] != old]
    told["old_template"] = mock.call("GET", f"/v3/template/files/{old}")[0]

    field["page"] = 99
    send(mock, FIELDS + [("form_fields_per_document", json.dumps([field]))])
    mock.control("clock", {"advance": "1s"})
    told["misplaced"] = kind(receiver.events[-1])
    mock.end()
    return told


def strict():
    """What the control API does not know it does not pass over."""
    mock = ephemeral(None)
    request = sent(mock)
    path = f"/_countersign/signatures/{signature(request)}/sign"
    calls = [
        ("POST", path, {"valuez": {}}), ("POST", path, {"values": {"nosuch": "x"}}),
        ("POST", "/_countersign/clock", {"foo": 1}), ("POST", "/_countersign/clock", {}),
        ("GET", "/_countersign/deliveries?bogus=1", None),
        ("POST", "/_countersign/faults", {"operation": "nosuch*", "error": "unknown"}),
        ("POST", "/_countersign/trigger", {"event_type": "signature_request_snt"}),
        ("POST", "/_countersign/clock", {"advance": "soon"}),
        ("POST", "/_countersign/signatures/none/sign", {}), ("PUT", "/_countersign/clock", {})]
    statuses = [mock.json(*call, key=None)[0] for call in calls]
    mock.end()
    return {"statuses": statuses}


print(json.dumps(globals()[SCENARIO]()))
