"""A mock, a handler and a caller in one test: what the scripts about the mock's stories share."""

import base64
import json
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACKNOWLEDGEMENT = b"Hello API Event Received"
KEY = "a-key-of-the-app"


class Receiver(ThreadingHTTPServer):
    """A handler that notes each event before it answers."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answer=lambda event: 200):
        super().__init__(("127.0.0.1", 0), Inbox)
        self.answer = answer
        self.events = []
        self.changed = threading.Condition()
        self.address = f"http://127.0.0.1:{self.server_port}/callbacks"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A caller that goes away is part of the tests."""

    def wait(self, passes, seconds=90):
        """Waits until the events pass; returns them."""
        with self.changed:
            if not self.changed.wait_for(lambda: passes(self.events), timeout=seconds):
                kinds = [kind(event) for event in self.events]
                raise TimeoutError(f"only {kinds[-50:]} came")
            return list(self.events)

    def of(self, identifier):
        with self.changed:
            return [event for event in self.events if subject(event) == identifier]


class Inbox(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        start = body.index(b"\r\n\r\n") + 4
        event = json.loads(body[start:body.rindex(b"\r\n--")])
        with self.server.changed:
            self.server.events.append(event)
            self.server.changed.notify_all()
        status = self.server.answer(event)
        self.send_response(status)
        self.send_header("Content-Length", str(len(ACKNOWLEDGEMENT)))
        self.end_headers()
        self.wfile.write(ACKNOWLEDGEMENT)

    def log_message(self, *arguments):
        pass


def kind(event):
    return event["event"]["event_type"]


def subject(event):
    return event.get("signature_request", {}).get("signature_request_id")


class Mock:
    """A running mock."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen(
            [program, *arguments, "--format", "json"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.stderr.read())
        self.url = json.loads(line)["url"]
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.terminate()
        return self.process.wait()

    def call(self, method, path, body=None, content_type="application/json", key=KEY):
        """Calls the mock; returns status, headers and body."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=body, method=method)
        if key:
            token = base64.b64encode(f"{key}:".encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        if body is not None:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def json(self, method, path, body=None, **options):
        status, _, answer = self.call(method, path, body, **options)
        return status, json.loads(answer or b"{}")

    def control(self, path, body=None, method="POST"):
        status, answer = self.json(method, f"/_countersign/{path}", body or {}, key=None)
        assert status == 200, (path, status, answer)
        return answer

    def settle(self):
        """Returns when all that is due is done: jobs, and the deliveries that they cause."""
        self.control("clock", {"advance": "0s"})

    def create(self, path, fields, files):
        """Makes a signature request by a form; returns the status and the answer."""
        return self.json(
            "POST", path, form(fields, files), content_type="multipart/form-data; boundary=edge")


def form(fields, files):
    """A multipart body as curl writes it."""
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields]
    for index, (name, content) in enumerate(files):
        head = f'name="files[{index}]"; filename="{name}"\r\nContent-Type: application/pdf'
        parts.append(
            f"--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content
            + b"\r\n")
    return b"".join(parts) + b"--edge--\r\n"


def paper(*lines):
    """A PDF of one page with lines of text."""
    text = "".join(
        f"BT /F1 12 Tf 72 {700 - 40 * row} Td ({line}) Tj ET\n" for row, line in enumerate(lines))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R"
        " /Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream"]
    body, offsets = "%PDF-1.4\n", []
    for number, item in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{item}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        f"{body}xref\n0 6\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n").encode()
