"""Files to send, and a server on the loopback interface that has them."""

import io
import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACKNOWLEDGEMENT = b"Hello API Event Received"
LINES = [
    "An agreement between the parties.",
    "[sig|req|signer1|Signature|signature_tag]",
    "[text|noreq|signer1|Full name|name_tag]",
]
SIGNERS = "name,email_address,pin,company_field\n" \
    "Mary,mary@example.com,gd9as5b,123 LLC\nGeorge,george@example.com,,ABC Corp\n"


class NamedFile(io.BytesIO):
    """A file as the SDK wants it: with a name."""

    def __init__(self, name, content):
        super().__init__(content)
        self.name = name


def pdf(lines=LINES):
    """A document of one page that has these lines."""
    text = "".join(f"({line}) Tj 0 -40 Td " for line in lines)
    content = f"BT /F1 12 Tf 72 720 Td {text}ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document, places = "%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(document))
        document += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    return (
        f"{document}xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(document)}\n%%EOF\n").encode()


def png():
    """A picture of one dot."""
    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0\0\xb3\xe6")) + chunk(b"IEND", b""))


def agreement():
    return NamedFile("agreement.pdf", pdf())


def damaged():
    return NamedFile("damaged.pdf", b"%PDF-1.4\nthis is no document\n")


def logo():
    return NamedFile("logo.png", png())


def signer_file():
    return NamedFile("signers.csv", SIGNERS.encode())


class FileServer(ThreadingHTTPServer):
    """Gives the agreement to whoever asks, and acknowledges events."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), FileHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class FileHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer("application/pdf", pdf())

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer("text/plain", ACKNOWLEDGEMENT)

    def answer(self, content_type, content):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
