"""TLS of the relay and of the agent against `openssl s_client`, `openssl s_server` and curl.

    relay_tls.py PROGRAM [CASE ...]

Prints a line for each case.
"""

import contextlib
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

from relay_certificates import Authority
from relay_handler import Server
from relay_wire import SECONDS, Ended, Wire, answer, connect, get, post
from relay_world import DOMAIN, Child, Relay, check, eventually, folder, run, same

PROGRAM, WANTED = sys.argv[1], sys.argv[2:]
HOST = f"alice.{DOMAIN}"
NAMES = [DOMAIN, f"*.{DOMAIN}", "localhost", "127.0.0.1"]
AGENTS = "countersign-tunnel/1"  # ALPN of the agents' side
# Debian's configuration of OpenSSL would keep s_client itself from old versions.
OLD = {"OPENSSL_CONF": "/dev/null", "PATH": "/usr/bin:/bin"}
OLD_CIPHERS = ["-cipher", "DEFAULT@SECLEVEL=0"]
PAST, LATE = ("20200101000000Z", "20200201000000Z"), ("20900101000000Z", "20910101000000Z")
CASES = []


def case(function):
    CASES.append((function.__name__, function))
    return function


# What they stand on: certificates, a relay with TLS, an agent, a handler.

ROOT = Authority(folder(), "Root")
MIDDLE = ROOT.issuer("Middle")
FOREIGN = Authority(folder(), "Somebody else")
CERTIFICATE = MIDDLE.certificate("relay", NAMES)
HANDLER = Server(lambda wire, request: wire.send(answer(b"seen " + request.target.encode())))


def start_relay(certificate=CERTIFICATE, *arguments, **options):
    return Relay(PROGRAM, "--open", *arguments, plain=False, certificate=certificate, **options)


@contextlib.contextmanager
def listening(relay, *arguments, target=None, name="alice", ca=ROOT.file, address=None, **options):
    """Lends an agent that is ready."""
    words = ["--relay-ca", ca] if ca else []
    agent = Child(
        PROGRAM, "listen", target or HANDLER.target, "--relay", address or relay.agents, "--name",
        name, "--format", "json", "--ephemeral", *words, *arguments, **options)
    try:
        agent.line("ready")
        yield agent
    finally:
        agent.kill()


def local(address):
    return address.replace("127.0.0.1", "localhost")


RELAY = start_relay(CERTIFICATE, "--head-timeout", "3s")
RELAY.ca = ROOT.file
AGENTS_OF_ALL = contextlib.ExitStack()
AGENTS_OF_ALL.enter_context(listening(RELAY))


def s_client(address, *arguments, data=b"", name=HOST, ca=ROOT.file, env=None, seconds=SECONDS):
    """What `openssl s_client` says; it waits for the end of the connection when it sends."""
    words = ["openssl", "s_client", "-connect", address, "-CAfile", ca, *arguments]
    words += ["-servername", name, "-verify_hostname", name] if name else ["-noservername"]
    if data:
        words += ["-ign_eof"]
    done = subprocess.run(
        list(map(str, words)), input=data, capture_output=True, timeout=seconds, env=env)
    return (done.stdout + done.stderr).decode(errors="replace")


def has(text, pattern, what="what was said"):
    found = re.search(pattern, text, re.I | re.S)
    check(found, f"no {pattern!r} in {what}: {text[-1500:]}")
    return found


def ask_once(target="/"):
    return get(HOST, target, "Connection: close")


def both(call):
    """Does it for the public side and for the agents'."""
    call(RELAY.public)
    call(RELAY.agents)


def curl(relay, path, *arguments):
    address = relay.public.rsplit(":", 1)
    done = subprocess.run(
        ["curl", "-sS", "--cacert", ROOT.file, "--resolve",
         f"{HOST}:{address[1]}:{address[0]}", *arguments, f"https://{HOST}:{address[1]}{path}"],
        capture_output=True, timeout=SECONDS)
    return done.returncode, done.stdout, done.stderr.decode()


# The relay's side


@case
def chain_is_whole():
    """The certificate comes with its issuer, and holds for the names."""
    for name in [HOST, DOMAIN, "localhost"]:
        both(lambda address: has(
            s_client(address, "-verify_return_error", name=name), "Verification: OK"))
    found = s_client(RELAY.public, "-showcerts")
    same(found.count("BEGIN CERTIFICATE"), 2, "certificates")


@case
def certificate_without_sni():
    both(lambda address: has(s_client(address, name=None), r"Verify return code: 0 \(ok\)"))
    both(lambda address: has(
        s_client(address, name="stranger.example"), "hostname mismatch"))


@case
def small_records():
    """A peer that wants records of 512 octets gets all of an answer, and waits for nothing behind it."""
    server = Server(lambda wire, request: wire.send(answer(b"x" * int(request.target[1:]))))
    with listening(RELAY, target=server.target, name="bob"):
        for count in range(12_000, 33_000, 300):
            client = subprocess.Popen(
                ["openssl", "s_client", "-quiet", "-maxfraglen", "512", "-connect", RELAY.public],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            client.stdin.write(get(f"bob.{DOMAIN}", f"/{count}"))
            client.stdin.flush()
            found = b""
            while len(found.partition(b"\r\n\r\n")[2]) < count:
                if not select.select([client.stdout], [], [], 5)[0]:
                    break
                found += client.stdout.read1(65_536)
            client.kill()
            client.wait()
            same(len(found.partition(b"\r\n\r\n")[2]), count, "octets of an answer")
    server.close()


@case
def versions():
    """1.2 and 1.3 with forward secrecy, nothing older."""
    for version, name in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")]:
        def look(address):
            found = s_client(address, version, "-verify_return_error")
            cipher = has(found, rf"New, {name}, Cipher is (\S+)")[1]
            check(re.match(r"ECDHE-.*(GCM|POLY1305)|TLS_", cipher), cipher)
            has(found, r"Server Temp Key|Peer Temp Key")
        both(look)
    for version in ["-tls1_1", "-tls1"]:
        # What our client can is shown by a server that takes it.
        with s_server(*CERTIFICATE, version, *OLD_CIPHERS, env=OLD) as old:
            has(s_client(old, version, *OLD_CIPHERS, env=OLD), r"New, TLSv1\S*, Cipher is ECDHE")
        both(lambda address: has(
            s_client(address, version, *OLD_CIPHERS, env=OLD), "alert protocol version"))


@case
def ciphers():
    """Nothing anonymous, nothing without encryption, no static RSA."""
    for name in ["aNULL", "eNULL", "kRSA", "RC4:3DES:DES"]:
        both(lambda address: has(
            s_client(address, "-tls1_2", "-cipher", f"{name}@SECLEVEL=0", env=OLD),
            "handshake failure|no cipher match|no ciphers available"))


@case
def renegotiation():
    """A client cannot make the relay shake hands again and again on one connection."""
    with Interactive("openssl", "s_client", "-connect", RELAY.public, "-tls1_2") as client:
        client.until("Verify return code")
        client.send("R\n")
        client.until("RENEGOTIATING")
        has(client.rest(), "no renegotiation|handshake failure|no_renegotiation")


@case
def application_protocols():
    has(s_client(RELAY.public, "-alpn", "h2,http/1.1"), "ALPN protocol: http/1.1")
    has(s_client(RELAY.public), "No ALPN negotiated")
    found = s_client(RELAY.public, "-alpn", "h2")
    check("ALPN protocol: h2" not in found, "h2 was agreed on")
    has(s_client(RELAY.agents, "-alpn", AGENTS), f"ALPN protocol: {AGENTS}")


@case
def public_side_answers():
    for version in ["-tls1_2", "-tls1_3"]:
        for protocols in [[], ["-alpn", "h2,http/1.1"]]:
            found = s_client(RELAY.public, version, *protocols, data=ask_once("/here"))
            has(found, "HTTP/1.1 200 OK.*seen /here")


@case
def resumption():
    """Sessions are taken up again, whichever name they were for, with both versions."""
    sessions = Path(folder()) / "session"
    for version in ["-tls1_2", "-tls1_3"]:
        first = s_client(RELAY.public, version, "-sess_out", sessions, data=ask_once())
        has(first, "New, TLSv1")
        second = s_client(RELAY.public, version, "-sess_in", sessions, data=ask_once("/again"))
        has(second, "Reused, TLSv1")
        has(second, "seen /again")
    same(s_client(RELAY.public, "-tls1_2", "-reconnect").count("Reused, TLSv1.2"), 5)


@case
def resumption_with_another_relay():
    """A session that a relay does not know is no error: hands are shaken anew."""
    sessions = Path(folder()) / "session"
    other = start_relay()
    for version in ["-tls1_2", "-tls1_3"]:
        s_client(RELAY.public, version, "-sess_out", sessions, data=ask_once())
        found = s_client(
            other.public, version, "-sess_in", sessions, "-verify_return_error", data=ask_once())
        has(found, "New, TLSv1.*HTTP/1.1 503")
    other.kill()


@case
def end_is_told():
    """The relay says close_notify, for an answer with a length and for one that ends so."""
    endless = Server(lambda wire, request: [
        wire.send(b"HTTP/1.1 200 OK\r\n\r\nall of it"), "close"][1])
    with listening(RELAY, target=endless.target, name="endless"):
        for name, data in [
            ("alice", ask_once()), ("endless", get(f"endless.{DOMAIN}", "/", version="1.0")),
            ("alice", b"NONSENSE\r\n\r\n"),
        ]:
            wire = RELAY.connect(name)
            wire.send(data)
            found, how = wire.to_end()
            same(how, "end", f"how the connection ends behind {found[:40]}")
    endless.close()


@case
def cut_is_told():
    """A handler's answer that is cut must not look whole to an HTTP/1.0 sender."""
    broken = Server(lambda wire, request: [
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        "close"][1])
    with listening(RELAY, target=broken.target, name="broken"):
        for version in ["1.0", "1.1"]:
            wire = RELAY.connect("broken")
            wire.send(get(f"broken.{DOMAIN}", "/", version=version))
            found, how = wire.to_end()
            is_open = b"chunked" in found and not found.endswith(b"0\r\n\r\n")
            check(how != "end" or is_open, f"a whole {found!r} for HTTP/{version}")
    broken.close()


@case
def sender_is_cut():
    """A request that ends with the connection, with close_notify or without, is not passed as whole."""
    ends = []

    def take(wire, request):
        ends.append("whole")
        wire.send(answer(b"seen"))

    handler = Server(take)
    with listening(RELAY, target=handler.target, name="half"):
        for is_told in [True, False]:
            wire = RELAY.connect("half")
            wire.send(post(f"half.{DOMAIN}", b"x" * 1000)[:-500])
            if is_told:
                with contextlib.suppress(OSError):
                    wire.connection.unwrap()
            wire.close()
        wire = RELAY.connect("half")
        same(wire.ask(get(f"half.{DOMAIN}")).status, 200)
        wire.close()
        same(ends, ["whole"], "requests that reached the handler as a whole")
    handler.close()


@case
def sender_ends_its_side():
    """close_notify behind a request ends the sender's side only: the answer still comes."""
    with Interactive(
        "openssl", "s_client", "-connect", RELAY.public, "-servername", HOST, "-quiet",
        "-CAfile", ROOT.file, "-no_ign_eof"
    ) as client:
        client.send(get(HOST, "/half-closed").decode())
        client.until("seen /half-closed")


@case
def slow_handshake():
    """A handshake that comes octet by octet works; one that never comes is ended."""
    left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=ROOT.file)
    session = context.wrap_bio(left, right, server_hostname=HOST)
    connection = raw(RELAY.public)
    while True:
        try:
            session.do_handshake()
            break
        except ssl.SSLWantReadError:
            for octet in right.read():
                connection.sendall(bytes([octet]))
            left.write(connection.recv(65536))
    session.write(ask_once("/slowly"))
    connection.sendall(right.read())
    received = b""
    while b"seen /slowly" not in received:
        data = connection.recv(65536)
        check(data, f"the connection ended behind {received!r}")
        left.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            while data := session.read(65536):
                received += data
    connection.close()
    silent = [raw(RELAY.public), raw(RELAY.agents)]
    silent[1].sendall(b"\x16\x03\x01")
    for connection in silent:
        same(connection.recv(100), b"", "what a silent client gets")
        connection.close()


@case
def nonsense():
    """What is no TLS gets at most an alert, and harms nobody."""
    for data in [
        get(HOST), b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"\xff" * 70000, b"SSH-2.0-x\r\n",
        bytes.fromhex("160301000401000000"), b"\x80\x2e\x01\x03\x01" + b"\0" * 60,
        b"\x15\x03\x01\x00\x02\x02\x28", b"\x17\x03\x03\x00\x01x",
    ]:
        def say(address):
            connection = raw(address)
            with contextlib.suppress(OSError):
                connection.sendall(data)
                found = b"".join(iter(lambda: connection.recv(65536), b""))
                check(len(found) <= 7, f"{found[:100]!r} for {data[:20]!r}")
            connection.close()
        both(say)
    has(s_client(RELAY.public, data=ask_once()), "HTTP/1.1 200 OK")


@case
def many_handshakes_left_alone():
    """Connections that end in the middle of a handshake leave nothing behind."""
    before = RELAY.descriptors
    hello = hello_of(HOST)
    for _ in range(200):
        for address in [RELAY.public, RELAY.agents]:
            connection = raw(address)
            connection.sendall(hello)
            connection.recv(10)
            connection.close()
    eventually(lambda: RELAY.descriptors <= before + 2, lambda: (before, RELAY.descriptors))


@case
def large_records():
    """Megabytes through TLS in both directions, with records of any size."""
    echo = Server(lambda wire, request: wire.send(answer(request.body)))
    body = bytes(range(256)) * 12345
    with listening(RELAY, target=echo.target, name="echo"):
        for size in [1, 37, 16384, len(body)]:
            wire = RELAY.connect("echo")
            data = post(f"echo.{DOMAIN}", body if size > 1 else body[:3000])
            # One after the other: Python's TLS takes no two threads.
            for place in range(0, len(data), size):
                wire.send(data[place:place + size])
            found = wire.answer()
            check(data.endswith(found.body), f"another body with records of {size}")
            wire.close()
    echo.close()


@case
def agents_port_is_for_agents():
    """The agents' side tells nobody else anything."""
    found = s_client(RELAY.agents, data=ask_once())
    check("HTTP/1" not in found, f"it answered: {found[-500:]}")


@case
def one_port():
    """With one address for both, ALPN tells agents and senders apart."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = f"127.0.0.1:{free.getsockname()[1]}"
    relay = start_relay(ports=(port, port, "127.0.0.1:0"))
    with listening(relay):
        for protocols in [[], ["-alpn", "h2,http/1.1"], ["-alpn", "http/1.1"]]:
            has(s_client(relay.public, *protocols, data=ask_once("/one")), "seen /one")
        same(curl(relay, "/curl")[1], b"seen /curl")
    relay.kill()


@case
def by_curl():
    for arguments in [
        ["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"], ["--http2"], ["--http1.1"], ["--http1.0"],
    ]:
        same(curl(RELAY, "/curl", *arguments), (0, b"seen /curl", ""), arguments)
    code, _, error = curl(RELAY, "/", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
    check(code == 35, f"curl with TLS 1.1: {code} {error}")
    code, _, error = curl(RELAY, "/", "--cacert", FOREIGN.file)
    same(code, 60, f"curl with another authority: {error}")
    twice = curl(RELAY, "/{one,two}", "-w", "%{num_connects} ")
    same(twice[1], b"seen /one1 seen /two0 ", "two requests on one connection")


@case
def certificate_is_read_again():
    """A new certificate serves new connections within 5 s, on SIGHUP at once; a broken one does not."""
    home = Path(folder())
    paths = home / "cert.pem", home / "key.pem"

    def install(certificate, places=paths):
        for source, place in zip(certificate, places):
            shutil.copy(source, home / "new")
            (home / "new").rename(place)

    install(CERTIFICATE)
    relay = start_relay(paths)
    relay.ca = ROOT.file
    serial = certificate_of(relay.public)
    kept = relay.connect()
    install(ROOT.certificate("second", NAMES))
    eventually(lambda: certificate_of(relay.public) != serial, "the second certificate", 7)
    same(certificate_of(relay.agents), certificate_of(relay.public), "both sides' certificates")
    same(kept.ask(get(HOST)).status, 503, "on a connection from before")
    serial = certificate_of(relay.public)
    install((ROOT.certificate("third", NAMES)[0], ROOT.certificate("fourth", NAMES)[1]))
    relay.signal(signal.SIGHUP)
    while "stays" not in relay.line("note", 7)["text"]:
        pass
    same(certificate_of(relay.public), serial, "the certificate, when the new one fits no key")
    install(ROOT.certificate("fifth", NAMES))
    relay.signal(signal.SIGHUP)
    eventually(lambda: certificate_of(relay.public) != serial, "the fifth certificate", 1.5)
    same(relay.signal().ended(), 143, "exit code")


@case
def certificate_behind_links():
    """A link that stays as it is while what it leads to changes, as in a mounted volume."""
    home = Path(folder())
    for name in ["one", "two"]:
        (home / name).mkdir()
        certificate = ROOT.certificate(f"link-{name}", NAMES)
        for source, place in zip(certificate, ["cert.pem", "key.pem"]):
            shutil.copy(source, home / name / place)
    (home / "now").symlink_to("one")
    for place in ["cert.pem", "key.pem"]:
        (home / place).symlink_to(f"now/{place}")
    relay = start_relay((home / "cert.pem", home / "key.pem"))
    serial = certificate_of(relay.public)
    (home / "next").symlink_to("two")
    (home / "next").rename(home / "now")
    eventually(lambda: certificate_of(relay.public) != serial, "the second certificate", 7)
    relay.kill()


@case
def relay_with_unusable_certificate():
    """It does not start, and says why."""
    home = Path(folder())
    other = FOREIGN.certificate("other", NAMES)
    (home / "nonsense").write_text("no certificate")
    (home / "locked").write_bytes(subprocess.run(
        ["openssl", "pkey", "-in", CERTIFICATE[1], "-aes256", "-passout", "pass:secret"],
        capture_output=True, check=True).stdout)
    for certificate, reason in [
        ((CERTIFICATE[0], other[1]), "key|match"), ((home / "none", CERTIFICATE[1]), "none"),
        ((home / "nonsense", CERTIFICATE[1]), "nonsense"),
        ((CERTIFICATE[0], home / "nonsense"), "nonsense"),
        ((CERTIFICATE[0], home / "locked"), "locked|pass|encrypt"),
    ]:
        relay = Child(
            PROGRAM, "relay", "--domain", DOMAIN, "--public", "127.0.0.1:0", "--agents",
            "127.0.0.1:0", "--data", folder(), "--cert", certificate[0], "--key", certificate[1])
        same(relay.ended(), 2, f"exit code for {certificate}: {relay.error()}")
        has(relay.error(), reason)
        has(relay.error(), r"CS-\d{4}")


@case
def self_signed_pair():
    """What --self-signed makes holds for what it is for."""
    relay = Relay(PROGRAM, plain=False)
    for name in [HOST, DOMAIN, "localhost"]:
        has(s_client(relay.public, "-verify_return_error", name=name, ca=relay.ca),
            "Verification: OK")
    has(s_client(
        relay.public, "-verify_return_error", "-verify_ip", "127.0.0.1", name=None, ca=relay.ca),
        r"Verification: OK")
    for path in Path(relay.data).rglob("*"):
        if path.is_file() and b"PRIVATE KEY" in path.read_bytes():
            same(oct(path.stat().st_mode & 0o077), "0o0", f"who may read {path}")
    before = Path(relay.ca).read_bytes()
    relay.kill()
    again = Relay(PROGRAM, plain=False, data=relay.data)
    same(Path(again.ca).read_bytes(), before, "the authority at the second start")
    again.kill()


# The agent's side


@contextlib.contextmanager
def s_server(certificate, key, *arguments, env=None):
    """Runs `openssl s_server`, and lends its address."""
    words = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key]
    with Interactive(*words, *arguments, env=env) as server:
        found = server.until(r"ACCEPT 127\.0\.0\.1:(\d+)")
        yield f"localhost:{found[1]}"


def dial(address, *arguments, ca=ROOT.file, env=None):
    """An agent for a relay that is none; how it ends, and what it says."""
    words = ["listen", HANDLER.target, "--relay", address, "--name", "alice", "--ephemeral"]
    words += ["--relay-ca", ca] if ca else []
    options = {"env": {"PATH": "/usr/bin:/bin", **env}} if env else {}
    agent = Child(PROGRAM, *words, *arguments, **options)
    code = agent.ended()
    return code, agent.error() + "".join(map(str, agent.all_lines))


def self_signed():
    """A certificate that is nobody's but its own."""
    home = Path(folder())
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", home / "key", "-out", home / "cert", "-days", "30", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1"],
        check=True, capture_output=True)
    return home / "cert", home / "key"


LOCAL = ["localhost", "*.localhost", "127.0.0.1"]
BAD = {
    "expired": (ROOT.certificate("expired", LOCAL, PAST), "expired"),
    "not_yet_valid": (ROOT.certificate("early", LOCAL, LATE), "not yet valid"),
    "wrong_name": (ROOT.certificate("wrong", ["relay.example"]), "host ?name|no name|not for"),
    "self_signed": (self_signed(), "self-signed|self signed"),
    "foreign_authority": (FOREIGN.certificate("foreign", LOCAL), "issuer|authority|unknown"),
    "wrong_purpose": (
        ROOT.certificate("purpose", LOCAL, usage="clientAuth"), "purpose"),
}


@case
def agent_refuses_certificates():
    """At once, with the reason, exit 2."""
    for kind, (certificate, reason) in BAD.items():
        with s_server(*certificate, "-alpn", AGENTS) as relay:
            start = time.monotonic()
            code, said = dial(relay)
            same(code, 2, f"exit code for {kind}: {said}")
            has(said, reason, f"what is said of {kind}")
            has(said, r"CS-\d{4}")
            check(time.monotonic() - start < 5, f"{kind} took {time.monotonic() - start:.1f} s")


@case
def agent_skips_verification():
    """With --relay-skip-verify the same certificates serve; --skip-verify is for handlers alone."""
    with s_server(*BAD["self_signed"][0], "-alpn", AGENTS) as relay:
        code, said = dial(relay, "--skip-verify", ca=None)
        same(code, 2, said)
        has(said, BAD["self_signed"][1])
    for kind, (certificate, _) in BAD.items():
        if kind == "wrong_purpose":
            continue
        relay = start_relay(certificate)
        with listening(relay, "--relay-skip-verify", ca=None):
            wire = connect(relay.public)
            wire.connection = insecure().wrap_socket(wire.connection, server_hostname=HOST)
            same(wire.ask(get(HOST, f"/{kind}")).body, f"seen /{kind}".encode())
            wire.close()
        relay.kill()


@case
def agent_takes_certificates():
    """For NAME.HOST or for HOST, and for an address."""
    for names, is_local in [
        (["localhost"], True), (["127.0.0.1"], False), (["alice.localhost"], True),
    ]:
        relay = start_relay(ROOT.certificate("names", names))
        with listening(relay, address=local(relay.agents) if is_local else relay.agents):
            pass
        relay.kill()


@case
def agent_trusts_the_system():
    """Without --relay-ca the system's authorities count, wherever OpenSSL is told to find them."""
    relay = start_relay()
    with listening(relay, ca=None, env={"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": str(ROOT.file)}):
        pass
    code, said = dial(relay.agents, ca=None)
    same(code, 2, "exit code when nobody is trusted")
    has(said, "issuer|authority")
    relay.kill()


@case
def agent_refuses_old_versions():
    certificate = ROOT.certificate("old", LOCAL)
    with s_server(*certificate, "-tls1_1", *OLD_CIPHERS, env=OLD) as relay:
        code, said = dial(relay)
        same(code, 2, said)
        has(said, "version|protocol")


@case
def agent_dials_by_name():
    """The agent asks for NAME.HOST, and for its protocol."""
    seen = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ROOT.certificate("fake", LOCAL))
    context.set_alpn_protocols([AGENTS, "http/1.1"])
    context.sni_callback = lambda connection, name, _: seen.append(name)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(SECONDS)
    agent = Child(
        PROGRAM, "listen", HANDLER.target, "--relay", f"localhost:{listener.getsockname()[1]}",
        "--name", "alice", "--relay-ca", ROOT.file, "--ephemeral")
    connection = context.wrap_socket(listener.accept()[0], server_side=True)
    same(connection.selected_alpn_protocol(), AGENTS)
    same(connection.version(), "TLSv1.3")
    same(seen, ["alice.localhost"], "SNI")
    header = connection.recv(12)
    same((header[0], header[4:8]), (0, b"\0\0\0\1"), f"a frame of stream 1: {header!r}")
    agent.kill()
    connection.close()
    listener.close()


@case
def relay_that_is_none():
    """TLS is well and nobody speaks behind it: an error in words, not a wait without end."""
    certificate = ROOT.certificate("none", LOCAL)
    for arguments in [["-www"], ["-www", "-alpn", "h2"], ["-alpn", AGENTS, "-naccept", "1"]]:
        with s_server(*certificate, *arguments) as relay:
            code, said = dial(relay)
            same(code, 2, f"exit code with {arguments}: {said}")
            has(said, r"CS-\d{4}")
    with silent() as address:
        code, said = dial(address)
        same(code, 2, f"exit code with a relay that says nothing: {said}")
    code, said = dial("localhost:1")
    same(code, 2, said)
    has(said, "refused|nothing listens")
    with plain() as address:
        code, said = dial(address)
        same(code, 2, said)
        has(said, r"CS-\d{4}")


@case
def agent_resumes():
    """The second connection to the relay begins with the first one's session."""
    proxy = Cuts(RELAY.agents)
    with listening(RELAY, address=f"localhost:{proxy.port}", name="resumes") as agent:
        proxy.cut()
        eventually(lambda: proxy.pairs, "a second connection")
        wire = RELAY.connect("resumes")
        same(eventually_answered(wire, "resumes"), 200)
        wire.close()
        same(proxy.certificates, 1, "handshakes with a certificate")
        agent.line("disconnected")
        agent.line("reconnected")


def eventually_answered(wire, name):
    return eventually(
        lambda: (status := wire.ask(get(f"{name}.{DOMAIN}")).status) != 503 and status,
        "an agent")


# Handlers with HTTPS


TRUST = {"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": str(ROOT.file)}


def verdict(handler, *arguments, name="https", env=None):
    """What a sender gets from a handler at this address, and what the agent says of it."""
    with listening(
        RELAY, *arguments, target=f"https://{handler}/", name=name, env=env
    ) as agent:
        wire = RELAY.connect(name)
        try:
            return wire.ask(get(f"{name}.{DOMAIN}")), agent.line("request")
        finally:
            wire.close()


def refused(found, line, reason, what):
    same((found.status, found.error), (502, "handler-tls"), f"{what}: {found.body[:300]}")
    has(found.body.decode(), reason, f"what the sender is told of {what}")
    same(line["outcome"], "tls_failure", line)


@case
def handler_with_https():
    """`openssl s_server -www` ends its answer with close_notify, and waits for ours."""
    with s_server(*ROOT.certificate("handler", LOCAL), "-www") as handler:
        for arguments in [{"env": TRUST}, {}]:
            found, line = verdict(handler, *([] if arguments else ["--ca", ROOT.file]), **arguments)
            same(found.status, 200, found.body[:300])
            check(b"s_server -accept" in found.body and b"</pre>" in found.body, found.body[-200:])
            same(line["status"], 200)


@case
def handler_with_bad_certificate():
    """502 with the reason; with --skip-verify it serves."""
    for kind, (certificate, reason) in BAD.items():
        with s_server(*certificate, "-HTTP") as handler:
            refused(*verdict(handler, "--ca", ROOT.file), reason, kind)
            found, _ = verdict(handler, "--skip-verify")
            check(found.error is None, f"{kind} with --skip-verify: {found.error} {found.body[:300]}")


@case
def handler_with_old_version():
    with s_server(
        *ROOT.certificate("handler", LOCAL), "-www", "-tls1_1", *OLD_CIPHERS, env=OLD
    ) as handler:
        refused(*verdict(handler, "--ca", ROOT.file), "version|protocol", "TLS 1.1")


@case
def handler_that_speaks_no_tls():
    with plain() as handler:
        refused(*verdict(handler), "wrong version|TLS", "a handler without TLS")


@case
def handler_that_says_nothing():
    """A handshake that gets no answer is bounded as the connection is."""
    listener = socket.create_server(("127.0.0.1", 0))
    found, _ = verdict(
        f"localhost:{listener.getsockname()[1]}", "--timeout", "2s")
    same((found.status, found.error), (504, "handler-timeout"), found.body[:300])
    listener.close()


@case
def handler_cut_without_close_notify():
    """An answer without a length that ends without close_notify is cut, and must not look whole."""
    for is_told, status in [(True, "whole"), (False, "cut")]:
        handler = Endless(ROOT.certificate("endless", LOCAL), is_told)
        with listening(
            RELAY, "--ca", ROOT.file, target=f"https://localhost:{handler.port}", name="cut"
        ):
            wire = RELAY.connect("cut")
            wire.send(get(f"cut.{DOMAIN}"))
            try:
                same(("whole", wire.answer().body), (status, b"all there is"))
            except Ended as reason:
                same("cut", status, f"an answer that ended with close_notify ({reason})")
            wire.close()
        handler.listener.close()


# Tools


class Interactive:
    """A program that is talked to."""

    def __init__(self, *words, env=None):
        self.process = subprocess.Popen(
            list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=env)
        self.text, self.changed, self.is_over = "", threading.Condition(), False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while data := self.process.stdout.read1():
            with self.changed:
                self.text += data.decode(errors="replace")
                self.changed.notify_all()
        with self.changed:
            self.is_over = True
            self.changed.notify_all()

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def until(self, pattern):
        with self.changed:
            self.changed.wait_for(
                lambda: re.search(pattern, self.text) or self.is_over, timeout=SECONDS)
            return has(self.text, pattern)

    def rest(self, seconds=SECONDS):
        with self.changed:
            self.changed.wait_for(lambda: self.is_over, timeout=seconds)
            return self.text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Endless:
    """A server with TLS whose answer ends with the connection, with close_notify or without."""

    def __init__(self, certificate, is_told):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.is_told = self.listener.getsockname()[1], is_told
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            wire = Wire(self.context.wrap_socket(self.listener.accept()[0], server_side=True))
            wire.request()
            wire.send(b"HTTP/1.1 200 OK\r\n\r\nall there is")
            if self.is_told:
                wire.connection.unwrap()
            else:
                # Not by close(), which would say close_notify.
                wire.connection.shutdown(socket.SHUT_RDWR)
            wire.close()


class Cuts:
    """A proxy that can cut what goes through it, and counts certificates that go by."""

    def __init__(self, target):
        self.target = target.rsplit(":", 1)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.octets, self.certificates = self.listener.getsockname()[1], 0, 0
        self.pairs = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            inner = self.listener.accept()[0]
            outer = socket.create_connection((self.target[0], int(self.target[1])))
            self.pairs.append((inner, outer))
            threading.Thread(target=self.pass_on, args=(inner, outer, False), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(outer, inner, True), daemon=True).start()

    def pass_on(self, source, target, is_relay):
        count = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_relay and count < 5000:
                    # The first flight of a server that sends its chain is larger than 700 octets.
                    if count == 0 and len(data) > 700:
                        self.certificates += 1
                    count += len(data)
                    self.octets += len(data)
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for each in pair:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def plain():
    """A server that knows no TLS, and says so."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection = listener.accept()[0]
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    yield f"localhost:{listener.getsockname()[1]}"
    listener.close()


@contextlib.contextmanager
def silent():
    """A server with TLS that reads and says nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ROOT.certificate("silent", LOCAL))
    context.set_alpn_protocols([AGENTS])
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection = context.wrap_socket(listener.accept()[0], server_side=True)
                while connection.recv(1000):
                    pass

    threading.Thread(target=serve, daemon=True).start()
    yield f"localhost:{listener.getsockname()[1]}"
    listener.close()


def raw(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=SECONDS)


def insecure():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def hello_of(name):
    """The first flight of a client."""
    left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = insecure().wrap_bio(left, right, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return right.read()


def certificate_of(address):
    with insecure().wrap_socket(raw(address), server_hostname=HOST) as connection:
        return connection.getpeercert(binary_form=True)


run([each for each in CASES if not WANTED or each[0] in WANTED])
