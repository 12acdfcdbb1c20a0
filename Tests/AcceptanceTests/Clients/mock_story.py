"""The life of a signature request as the service's own article tells it, and what comes of a bad tag.

    mock_story.py PROGRAM good|malformed|missing|untested

Prints what was seen as JSON.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from mock_world import Mock, Receiver, kind, paper

PROGRAM, SCENARIO = sys.argv[1:]
TAGS = {
    "good": "[sig|req|signer1|Signature|sig1]", "untested": "[sig|req|signer1|Signature|sig1]",
    "malformed": "[sig|perhaps|signer1|Signature|sig1]",
    "missing": "[sig|req|signer3|Signature|sig1]"}


def text(pdf):
    """The words of a PDF."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.pdf"
        path.write_bytes(pdf)
        return subprocess.run(
            ["pdftotext", "-raw", path, "-"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout


def create(mock):
    fields = [
        ("client_id", "app-of-the-story"), ("title", "Agreement"), ("use_text_tags", "1"),
        ("signers[0][name]", "Ann Author"), ("signers[0][email_address]", "ann@example.com")]
    if SCENARIO != "untested":
        fields.append(("test_mode", "1"))
    return mock.create(
        "/v3/signature_request/create_embedded", fields,
        [("agreement.pdf", paper("An agreement about callbacks", TAGS[SCENARIO]))])


def refused(mock, receiver):
    """Waits for the error; nothing may have been sent."""
    events = receiver.wait(lambda events: events)
    mock.control("clock", {"advance": "1d"})
    request = events[0]["signature_request"]
    return {
        "events": [kind(event) for event in receiver.events],
        "message": events[0]["event"]["event_metadata"]["event_message"],
        "has_error": request["has_error"],
        "statuses": [signer["status_code"] for signer in request["signatures"]],
        "files": mock.call("GET", f"/v3/signature_request/files/{request['signature_request_id']}")[
            0]}


def lived(mock, receiver, answer):
    """Goes the way of the article, step by step, looking at each what is there and what is not."""
    request = answer["signature_request"]
    identifier = request["signature_request_id"]
    signature = request["signatures"][0]["signature_id"]
    files = f"/v3/signature_request/files/{identifier}"
    told = {"early_sign_url": mock.json("GET", f"/v3/embedded/sign_url/{signature}")[0]}
    told["early_files"] = mock.call("GET", files)[0]
    told["events_before"] = len(receiver.events)
    mock.control("clock", {"advance": "1s"})
    receiver.wait(lambda events: len(events) >= 1)
    status, opened = mock.json("GET", f"/v3/embedded/sign_url/{signature}")
    told["sign_url"] = status
    address = opened["embedded"]["sign_url"].removeprefix(mock.url)
    page = mock.call("GET", address + "&client_id=app-of-the-story&skip_domain_verification=1")
    told["page"] = page[0]
    receiver.wait(lambda events: len(events) >= 2)
    told["page_again"] = mock.call("GET", address)[0]
    told["draft"] = text(mock.call("GET", files)[2])
    token = address.split("token=")[1].split("&")[0]
    told["sign"] = mock.call("POST", f"/editor/act/{token}/sign", {"values": {}}, key=None)[0]
    events = receiver.wait(
        lambda events: any(kind(event) == "signature_request_all_signed" for event in events))
    told["events"] = [kind(event) for event in events]
    told["final"] = text(mock.call("GET", files)[2])
    told["states"] = [
        [event["signature_request"]["is_complete"],
         event["signature_request"]["signatures"][0]["status_code"]] for event in events]
    return told


def main():
    receiver = Receiver()
    mock = Mock(
        PROGRAM, "dev", receiver.address, "--port", "0", "--ephemeral", "--clock", "manual",
        "--text-tag-error", "file_error")
    try:
        status, answer = create(mock)
        told = {"status": status}
        if SCENARIO in ("good", "untested"):
            told |= lived(mock, receiver, answer)
        else:
            mock.control("clock", {"advance": "1s"})
            told |= refused(mock, receiver)
        print(json.dumps(told))
    finally:
        mock.end()


main()
