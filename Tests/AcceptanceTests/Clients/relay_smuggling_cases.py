"""Requests that two readers could take for different ones, and valid ones that look like them.

A case is (name, octets) or (name, octets, statuses). HOST stands for the field with the tunnel's
name, and a line's end is CR LF where nothing else is written. What follows a case on its connection is
a poison that must never reach the handler.
"""

HOST = "Host: alice.relay.test"


def post(*fields, body="hello", version="1.1", start=None):
    start = start or f"POST /bad HTTP/{version}"
    return "\r\n".join([start, *fields, "", body])


def framed(*fields, **options):
    return post(HOST, *fields, **options)


def get(*fields, start="GET /bad HTTP/1.1"):
    return "\r\n".join([start, *fields, "", ""])


def line(start):
    return get(HOST, start=start)


def chunks(body):
    return framed("Transfer-Encoding: chunked", body=body)


CHUNKS = "5\r\nhello\r\n0\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked"

# In the head: the handler must see nothing of it.
HEADS = [
    ("two lengths", framed("Content-Length: 5", "Content-Length: 6")),
    ("two equal lengths", framed("Content-Length: 5", "Content-Length: 5")),
    ("two lengths, one of them empty", framed("Content-Length: 5", "Content-Length:")),
    ("two lengths in one field", framed("Content-Length: 5, 5")),
    ("two other lengths in one field", framed("Content-Length: 5,6")),
    ("length and chunks", framed("Content-Length: 5", CHUNKED, body=CHUNKS)),
    ("chunks and length", framed(CHUNKED, "Content-Length: 5", body=CHUNKS)),
    ("length 0 and chunks", framed("Content-Length: 0", CHUNKED, body=CHUNKS)),
    ("negative length", framed("Content-Length: -1")),
    ("length with a sign", framed("Content-Length: +5")),
    ("hexadecimal length", framed("Content-Length: 0x5")),
    ("length with a space", framed("Content-Length: 5 5")),
    ("empty length", framed("Content-Length:")),
    ("endless length", framed("Content-Length: 99999999999999999999")),
    ("length beyond 64 bits", framed("Content-Length: 18446744073709551621")),
    ("length with an exponent", framed("Content-Length: 5e0")),
    ("length with a fraction", framed("Content-Length: 5.0")),
    ("length with a parameter", framed("Content-Length: 5;a=b")),
    ("quoted length", framed('Content-Length: "5"')),
    ("length of Arabic digits", framed("Content-Length: \xd9\xa5")),
    ("length with a vertical tab", framed("Content-Length: 5\x0b")),
    ("length with NUL", framed("Content-Length: 5\0")),
    ("identity", framed("Transfer-Encoding: identity", "Content-Length: 5")),
    ("identity alone", framed("Transfer-Encoding: identity")),
    ("gzip, chunked", framed("Transfer-Encoding: gzip, chunked", body=CHUNKS)),
    ("chunked, identity", framed("Transfer-Encoding: chunked, identity", body=CHUNKS)),
    ("chunked, chunked", framed("Transfer-Encoding: chunked, chunked", body=CHUNKS)),
    ("chunked twice", framed(CHUNKED, CHUNKED, body=CHUNKS)),
    ("chunked, then another", framed(CHUNKED, "Transfer-encoding: cow", body=CHUNKS)),
    ("another, then chunked", framed("Transfer-Encoding: cow", CHUNKED, body=CHUNKS)),
    ("chunked with a parameter", framed("Transfer-Encoding: chunked;q=1", body=CHUNKS)),
    ("xchunked", framed("Transfer-Encoding: xchunked", body=CHUNKS)),
    ("chunkedx", framed("Transfer-Encoding: chunkedx", body=CHUNKS)),
    ("quoted chunked", framed('Transfer-Encoding: "chunked"', body=CHUNKS)),
    ("chunked with a comma", framed("Transfer-Encoding: chunked,", body=CHUNKS)),
    ("a comma before chunked", framed("Transfer-Encoding: ,chunked", body=CHUNKS)),
    ("no encoding", framed("Transfer-Encoding:", body=CHUNKS)),
    ("chunked with a vertical tab", framed("Transfer-Encoding: \x0bchunked", body=CHUNKS)),
    ("chunked with a form feed", framed("Transfer-Encoding: chunked\x0c", body=CHUNKS)),
    ("chunked with NUL", framed("Transfer-Encoding: chunked\0", body=CHUNKS)),
    ("chunked with a no-break space", framed("Transfer-Encoding: chunked\xa0", body=CHUNKS)),
    ("chunked in HTTP/1.0", framed(CHUNKED, body=CHUNKS, version="1.0")),
    ("space before the colon", framed("Transfer-Encoding : chunked", body=CHUNKS)),
    ("tab before the colon", framed("Transfer-Encoding\t: chunked", body=CHUNKS)),
    ("NUL before the colon", framed("Transfer-Encoding\0: chunked", body=CHUNKS)),
    ("vertical tab before the name", framed("\x0bTransfer-Encoding: chunked", body=CHUNKS)),
    ("space before the length's colon", framed("Content-Length : 5")),
    ("folded first field", post(" " + CHUNKED, HOST, body=CHUNKS)),
    ("folded field", framed("X-A: b", " " + CHUNKED, body=CHUNKS)),
    ("folded by a tab", framed("X-A: b", "\t" + CHUNKED, body=CHUNKS)),
    ("folded encoding", framed("Transfer-Encoding:\r\n chunked", body=CHUNKS)),
    ("folded length", framed("Content-Length:\r\n 5")),
    ("folded empty line", framed("X-A: b\r\n \r\nContent-Length: 5")),
    ("bare LF behind the first line", "POST /bad HTTP/1.1\n" + HOST + "\r\n\r\n"),
    ("bare LF in the fields", framed("X-A: b\nContent-Length: 5")),
    ("bare LF before the empty line", f"GET /bad HTTP/1.1\r\n{HOST}\n\r\n"),
    ("bare LF as the empty line", f"GET /bad HTTP/1.1\r\n{HOST}\r\n\n"),
    ("LF alone", f"GET /bad HTTP/1.1\n{HOST}\n\n"),
    ("bare CR in a value", framed("X-A: b\rContent-Length: 5")),
    ("bare CR behind the first line", f"GET /bad HTTP/1.1\rX: y\r\n{HOST}\r\n\r\n"),
    ("two CR", f"GET /bad HTTP/1.1\r\n{HOST}\r\r\n\r\n"),
    ("CR as the empty line", f"GET /bad HTTP/1.1\r\n{HOST}\r\n\rX: y\r\n\r\n"),
    ("NUL in a value", get(HOST, "X-A: b\0c")),
    ("NUL in a name", get(HOST, "X-\0A: b")),
    ("DEL in a value", get(HOST, "X-A: b\x7f")),
    ("escape in a value", get(HOST, "X-A: \x1b[0m")),
    ("a line without a colon", get(HOST, "X-A")),
    ("an empty name", get(HOST, ": b")),
    ("a name with a space", get(HOST, "X A: b")),
    ("a name beyond ASCII", get(HOST, "X-\xe4: b")),
    ("a name with a control character", get(HOST, "X-\x01: b")),
    ("a name with a parenthesis", get(HOST, "X(A): b")),
    ("no Host", get("X-A: b")),
    ("no Host in HTTP/1.0", get(start="GET /bad HTTP/1.0")),
    ("two Hosts", get(HOST, "Host: evil.relay.test")),
    ("two equal Hosts", get(HOST, HOST)),
    ("two Hosts in one", get("Host: alice.relay.test, evil.relay.test")),
    ("Host with a space", get("Host: alice.relay.test evil")),
    ("Host with a path", get("Host: alice.relay.test/evil")),
    ("Host with a user", get("Host: evil@alice.relay.test")),
    ("Host with a query", get("Host: alice.relay.test?a")),
    ("Host with a fragment", get("Host: alice.relay.test#a")),
    ("Host with a backslash", get("Host: alice.relay.test\\a")),
    ("Host beyond ASCII", get("Host: \xe4lice.relay.test")),
    ("Host with two ports", get("Host: alice.relay.test:80:81")),
    ("Host with a port that is none", get("Host: alice.relay.test:8x")),
    ("Host with a space before the colon", get("Host : alice.relay.test")),
    ("no version", line("GET /bad")),
    ("no target", line("GET HTTP/1.1")),
    ("two spaces before the version", line("GET /bad  HTTP/1.1")),
    ("two spaces before the target", line("GET  /bad HTTP/1.1")),
    ("a tab in the first line", line("GET\t/bad HTTP/1.1")),
    ("a space in front", line(" GET /bad HTTP/1.1")),
    ("a space behind the version", line("GET /bad HTTP/1.1 ")),
    ("version in lower case", line("GET /bad http/1.1")),
    ("version 1.10", line("GET /bad HTTP/1.10")),
    ("version 11", line("GET /bad HTTP/11")),
    ("version 1,1", line("GET /bad HTTP/1,1")),
    ("version with a space", line("GET /bad HTTP/ 1.1")),
    ("version 1.2", line("GET /bad HTTP/1.2"), (400, 505)),
    ("version 2.0", line("GET /bad HTTP/2.0"), (400, 505)),
    ("version 0.9", line("GET /bad HTTP/0.9"), (400, 505)),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    ("another protocol's version", line("GET /bad ICAP/1.1")),
    ("a method that is none", line("G@T /bad HTTP/1.1")),
    ("a quoted method", line('"GET" /bad HTTP/1.1')),
    ("a method beyond ASCII", line("G\xcbT /bad HTTP/1.1")),
    ("a target with a space", line("GET /bad and worse HTTP/1.1")),
    ("a target with NUL", line("GET /bad\0 HTTP/1.1")),
    ("a target with DEL", line("GET /bad\x7f HTTP/1.1")),
    ("a target beyond ASCII", line("GET /b\xe4d HTTP/1.1")),
    ("a relative target", line("GET bad HTTP/1.1")),
    ("a star for GET", line("GET * HTTP/1.1")),
    ("CONNECT", line("CONNECT alice.relay.test:443 HTTP/1.1"), (400, 405, 501)),
    ("a URL for another host", line("GET http://evil.relay.test/bad HTTP/1.1")),
    ("a URL with a user", line("GET http://evil@alice.relay.test/bad HTTP/1.1")),
    ("a URL of another scheme", line("GET ftp://alice.relay.test/bad HTTP/1.1")),
    ("a URL without a host", line("GET http:///bad HTTP/1.1")),
    ("a handshake of TLS", "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n"),
    ("300 fields", get(HOST, *[f"X-{n}: b" for n in range(300)]), (400, 431)),
    ("a large head", get(HOST, "X-A: " + "b" * 100000), (431,)),
    ("a large first line", line("GET /" + "b" * 100000 + " HTTP/1.1"), (431, 414)),
]

# In the body: the handler has seen the head and perhaps a part, but must never see an end, or what follows.
BODIES = [
    ("no size", chunks("\r\nhello\r\n0\r\n\r\n")),
    ("a size that is none", chunks("xyz\r\nhello\r\n0\r\n\r\n")),
    ("a size with a letter", chunks("5g\r\nhello\r\n0\r\n\r\n")),
    ("a negative size", chunks("-5\r\nhello\r\n0\r\n\r\n")),
    ("a size with a sign", chunks("+5\r\nhello\r\n0\r\n\r\n")),
    ("a size with 0x", chunks("0x5\r\nhello\r\n0\r\n\r\n")),
    ("a size behind a space", chunks(" 5\r\nhello\r\n0\r\n\r\n")),
    ("a size before a space", chunks("5 \r\nhello\r\n0\r\n\r\n")),
    ("a size before a tab", chunks("5\t\r\nhello\r\n0\r\n\r\n")),
    ("a size of 17 digits", chunks("FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n")),
    ("a size that wraps", chunks("10000000000000005\r\nhello\r\n0\r\n\r\n")),
    ("a negative 64-bit size", chunks("FFFFFFFFFFFFFFFB\r\nhello\r\n0\r\n\r\n")),
    ("a size with an underscore", chunks("0_5\r\nhello\r\n0\r\n\r\n")),
    ("a size that ends in LF", chunks("5\nhello\r\n0\r\n\r\n")),
    ("a size that ends in CR", chunks("5\rhello\r\n0\r\n\r\n")),
    ("a size with NUL", chunks("5\0\r\nhello\r\n0\r\n\r\n")),
    ("more data than the size", chunks("5\r\nhello!\r\n0\r\n\r\n")),
    ("less data than the size", chunks("6\r\nhello\r\n0\r\n\r\n")),
    ("data that ends in LF", chunks("5\r\nhello\n0\r\n\r\n")),
    ("data that ends in CR", chunks("5\r\nhello\r0\r\n\r\n")),
    ("data without an end", chunks("5\r\nhello0\r\n\r\n")),
    ("an extension with CR", chunks("5;a=\rb\r\nhello\r\n0\r\n\r\n")),
    ("an extension with LF", chunks("5;a=b\nhello\r\n0\r\n\r\n")),
    ("an extension with NUL", chunks("5;a=\0\r\nhello\r\n0\r\n\r\n")),
    ("an extension with a control character", chunks("5;a=\x01\r\nhello\r\n0\r\n\r\n")),
    ("a quoted line's end", chunks('5;a="\r\nhello\r\n0\r\n\r\n"\r\nhello\r\n0\r\n\r\n')),
    ("a quoted LF", chunks('5;a="\n"\r\nhello\r\n0\r\n\r\n')),
    ("a large extension", chunks("5;" + "a" * 100000 + "\r\nhello\r\n0\r\n\r\n")),
    ("a last chunk that ends in LF", chunks("5\r\nhello\r\n0\n\r\n")),
    ("an end without CR", chunks("5\r\nhello\r\n0\r\n\n")),
    ("a trailer without a colon", chunks("0\r\nX-A\r\n\r\n")),
    ("a trailer with a space before the colon", chunks("0\r\nX-A : b\r\n\r\n")),
    ("a folded trailer", chunks("0\r\nX-A: b\r\n c\r\n\r\n")),
    ("a folded first trailer", chunks("0\r\n X-A: b\r\n\r\n")),
    ("a trailer that ends in LF", chunks("0\r\nX-A: b\n\r\n")),
    ("a trailer with CR", chunks("0\r\nX-A: b\rc\r\n\r\n")),
    ("a trailer with NUL", chunks("0\r\nX-A: b\0\r\n\r\n")),
    ("a trailer without a name", chunks("0\r\n: b\r\n\r\n")),
    ("large trailers", chunks("0\r\n" + "X-A: b\r\n" * 20000 + "\r\n")),
]

# Valid: (name, octets, the body that they carry, as it comes at the handler).
VALID = [
    ("quoted extensions", chunks('5;a="b;\\"c, d"\r\nhello\r\n0;e\r\n\r\n'),
     '5;a="b;\\"c, d"\r\nhello\r\n0;e\r\n\r\n'),
    ("sizes in any case, with zeros", chunks("00a\r\n0123456789\r\n00\r\n\r\n"),
     "00a\r\n0123456789\r\n00\r\n\r\n"),
    ("a size in capitals", chunks("A\r\n0123456789\r\n0\r\n\r\n"), "A\r\n0123456789\r\n0\r\n\r\n"),
    ("trailers", chunks("0\r\nX-A: b\r\nx-c:\r\n\r\n"), "0\r\nX-A: b\r\nx-c:\r\n\r\n"),
    ("space around the length", framed("Content-Length:\t 5 \t"), "hello"),
    ("no space before the length", framed("content-length:5"), "hello"),
    ("space around chunked", framed("Transfer-Encoding: \tchunked \t", body=CHUNKS), CHUNKS),
    ("Chunked", framed("transfer-ENCODING: Chunked", body=CHUNKS), CHUNKS),
    ("CHUNKED", framed("Transfer-encoding:CHUNKED", body=CHUNKS), CHUNKS),
    ("names like those of framing",
     framed("X-Transfer-Encoding: gzip", "Content-Length-X: 7", "TE: trailers", "Content-Length: 5",
            "XContent-Length: 8", "Transfer-Encodin: chunked"), "hello"),
    ("an empty body", framed("Content-Length: 0", body=""), ""),
    ("no body", framed(body=""), ""),
    ("a body that looks like a request",
     framed("Content-Length: 38", body="GET /inner HTTP/1.1\r\nHost: a.relay.te\r\n"[:38]),
     "GET /inner HTTP/1.1\r\nHost: a.relay.te\r\n"[:38]),
    ("a chunk that looks like an end",
     chunks("7\r\n0\r\n\r\nGE\r\n0\r\n\r\n"), "7\r\n0\r\n\r\nGE\r\n0\r\n\r\n"),
    ("a target with a version", get(HOST, start="GET /bad?HTTP/1.1 HTTP/1.1"), ""),
    ("a long method", get(HOST, start="M" * 60 + " /bad HTTP/1.1"), ""),
    ("values of all octets", get(
        HOST, "X: " + "".join(map(chr, [9, *range(32, 127), *range(128, 256)])) + "."), ""),
    ("a URL for the same host", get(
        "Host: ALICE.relay.test", start="GET http://alice.RELAY.test/bad HTTP/1.1"), ""),
    ("250 fields", get(HOST, *[f"X-{n}: b" for n in range(249)]), ""),
]
