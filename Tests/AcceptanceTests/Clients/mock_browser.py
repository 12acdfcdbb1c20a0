"""The mock's pages in Chromium, most in the frame of a host page that plays the official client.

    mock_browser.py PROGRAM SCENARIO

Prints what was seen as JSON, with the checks that failed; exit code 1 with any.
"""

import json
import os
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
from fcntl import F_DUPFD_CLOEXEC, fcntl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from mock_world import Mock, Receiver, kind, paper

SECONDS_FOR_AN_ANSWER = 30
SECONDS_TO_WAIT = 10
LONGEST_ERROR = 300
# Without site isolation a frame of another site is in its tab's process, and so in its session.
ARGUMENTS = [
    "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
    "--no-first-run", "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process,HttpsUpgrades",
    "--host-resolver-rules=MAP *.example.com 127.0.0.1, MAP notexample.com 127.0.0.1"]


# The browser


class Gone(Exception):
    """What the browser was asked about is not there, or the script in it failed."""


class Browser:
    """Chromium, steered over two pipes: its descriptors 3 and 4 carry JSON, a NUL behind each."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mock_browser")
        (theirs, self.requests), (self.answers, ours) = os.pipe(), os.pipe()
        ends = [fcntl(end, F_DUPFD_CLOEXEC, 10) for end in (theirs, ours)]
        self.process = os.posix_spawn(
            shutil.which(ARGUMENTS[0]), [*ARGUMENTS, f"--user-data-dir={self.folder}"],
            {**os.environ, "HOME": self.folder, "TMPDIR": self.folder}, setpgroup=0, file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, ends[0], 3), (os.POSIX_SPAWN_DUP2, ends[1], 4)])
        for end in (theirs, ours, *ends):
            os.close(end)
        self.number, self.unread, self.tabs, self.errors = 0, b"", {}, []
        # How many events came.
        self.events = 0

    def send(self, method, session, parameters):
        """Calls the browser without waiting for the answer; returns that one's number."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.requests, json.dumps(message).encode() + b"\0")
        return self.number

    def call(self, method, session=None, **parameters):
        """Calls the browser; events that come before the answer are noted."""
        number, answer = self.send(method, session, parameters), {}
        deadline = time.monotonic() + SECONDS_FOR_AN_ANSWER
        while answer.get("id") != number:
            answer = self.read(deadline)
        if "error" in answer:
            raise Gone(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def read(self, deadline):
        """The next message; an event is noted."""
        while b"\0" not in self.unread:
            rest = max(0, deadline - time.monotonic())
            if not select.select([self.answers], [], [], rest)[0]:
                raise TimeoutError("the browser says nothing")
            received = os.read(self.answers, 1 << 20)
            if not received:
                raise EOFError("the browser has ended")
            self.unread += received
        text, self.unread = self.unread.split(b"\0", 1)
        message = json.loads(text)
        if "method" in message:
            self.events += 1
            if message.get("sessionId") in self.tabs:
                self.tabs[message["sessionId"]].note(message["method"], message["params"])
        return message

    def until(self, passes):
        """Looks whenever the browser tells of something, until it passes; returns what it gave."""
        deadline, seen = time.monotonic() + SECONDS_TO_WAIT, self.events
        while not (value := passes()):
            # What came in the midst of the look may have changed what was looked at first.
            if self.events == seen:
                self.read(deadline)
            if time.monotonic() > deadline:
                raise TimeoutError("it did not come to pass")
            seen = self.events
        return value

    def close(self):
        os.killpg(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        shutil.rmtree(self.folder, ignore_errors=True)


# Tells of whatever may change what a document shows or its scripts know, once that is done. In a
# world of its own, which no script of a page reaches.
WATCHER = """{
  let isToTell = false;
  const note = () => {
    if (isToTell) return;
    isToTell = true;
    setTimeout(() => { isToTell = false; tell(""); });
  };
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(note).observe(document, all);
  for (const type of ["load", "readystatechange"]) document.addEventListener(type, note, true);
  for (const type of ["load", "message"]) window.addEventListener(type, note, true);
}"""


class Tab:
    """A tab at an address."""

    def __init__(self, browser, address, width=900, height=800):
        self.browser, self.contexts, self.dialogs = browser, {}, []
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call(
            "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.tabs[self.session] = self
        self.own, self.inner = View(self, is_framed=False), View(self, is_framed=True)
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Runtime.addBinding", name="tell", executionContextName="watcher")
        self.call(
            "Page.addScriptToEvaluateOnNewDocument", source=WATCHER, worldName="watcher")
        self.resize(width, height)
        self.call("Page.navigate", url=address)
        self.own.wait("() => document.readyState === 'complete' && location.href !== 'about:blank'")

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def note(self, method, event):
        """Keeps the documents' contexts, and what goes wrong in them."""
        if method == "Runtime.executionContextCreated":
            context = event["context"]
            if context["auxData"].get("isDefault"):
                self.contexts[context["auxData"]["frameId"]] = context["id"]
        elif method == "Runtime.exceptionThrown":
            details = event["exceptionDetails"]
            self.complain(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "assert"):
            self.complain(str(event["args"]))
        elif method == "Log.entryAdded":
            # A message to a page of another origin than it is for is a warning about security.
            if "error" in event["entry"]["level"] or "security" in event["entry"]["source"]:
                self.complain(event["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(event["message"])
            self.browser.send("Page.handleJavaScriptDialog", self.session, {"accept": True})

    def complain(self, text):
        self.browser.errors.append(text[:LONGEST_ERROR])

    def context(self, is_framed):
        """The number of the context of the tab's document, or of the one in its frame."""
        tree = self.call("Page.getFrameTree")["frameTree"]
        frames = tree.get("childFrames", []) if is_framed else [tree]
        if not frames or frames[0]["frame"]["id"] not in self.contexts:
            raise Gone("there is no such document")
        return self.contexts[frames[0]["frame"]["id"]]

    def press(self, x, y):
        for act in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=act, x=x, y=y, button="left", clickCount=1)


PLACE = """(selector) => {
  const found = [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  if (found.length !== 1) throw new Error(`${found.length} of ${selector} can be seen`);
  if (found[0].disabled) throw new Error(`${selector} is disabled`);
  found[0].scrollIntoView({ block: "center", behavior: "instant" });
  const box = found[0].getBoundingClientRect();
  const point = [box.x + box.width / 2, box.y + box.height / 2];
  const top = document.elementFromPoint(...point);
  if (!found[0].contains(top)) throw new Error(`${selector} is covered by ${top && top.outerHTML}`);
  return point;
}"""


class View:
    """A document in a tab: the tab's own, or the one in its frame."""

    def __init__(self, tab, is_framed):
        self.tab, self.is_framed = tab, is_framed

    def run(self, function, *arguments):
        """Calls a function in the document; returns what it returns."""
        script = f"({function})({', '.join(json.dumps(each) for each in arguments)})"
        answer = self.tab.call(
            "Runtime.evaluate", expression=script, contextId=self.tab.context(self.is_framed),
            returnByValue=True, awaitPromise=True, userGesture=False)
        if "exceptionDetails" in answer:
            raise Gone(answer["exceptionDetails"]["exception"].get("description", script))
        return answer["result"].get("value")

    def look(self, function, *arguments):
        """What the function returns; `None` while there is no such document."""
        try:
            return self.run(function, *arguments)
        except Gone:
            return None

    def wait(self, function, *arguments):
        """Waits until the function gives something; returns that."""
        try:
            return self.tab.browser.until(lambda: self.look(function, *arguments))
        except TimeoutError:
            shown = self.look("() => document.body.innerText")
            raise TimeoutError(f"never: {function} {arguments}: {shown!r}") from None

    def wait_for(self, words):
        """Waits until the document shows the words; returns its text."""
        self.wait("(words) => document.body.innerText.includes(words)", words)
        return self.text()

    def wait_for_pictures(self):
        """Waits for what moves the rest of a page."""
        self.wait("""() => [...document.querySelectorAll("img[src^='/editor/page/']")]
            .every((one) => one.naturalWidth)""")

    def text(self):
        return self.run("() => document.body.innerText")

    def shows(self, selector):
        """How many of the elements can be seen."""
        return self.run("""(selector) => [...document.querySelectorAll(selector)]
            .filter((one) => one.checkVisibility()).length""", selector)

    def click(self, selector):
        """Presses the mouse on the one element that can be seen."""
        x, y = self.run(PLACE, selector)
        if self.is_framed:
            left, top = self.tab.own.run("""() => {
                const frame = document.querySelector("iframe"), box = frame.getBoundingClientRect();
                return [box.x + frame.clientLeft, box.y + frame.clientTop]; }""")
            x, y = x + left, y + top
        self.tab.press(x, y)

    def fill(self, selector, text):
        """Types into the element, in place of what it holds."""
        self.click(selector)
        self.run("() => document.activeElement.select()")
        self.tab.call("Input.insertText", text=text)


# The host page


HOST_PAGE = """<!doctype html><meta charset="utf-8"><title>Host</title>
<link rel="icon" href="data:,">
<style>body { margin: 0 } iframe { width: 100%; height: 700px; border: 0 }</style>
<script>
const seen = { messages: [], sent: [], events: [], foreign: [] };

class Client {
  constructor(options) {
    this.options = {
      allowCancel: true, debug: false, skipDomainVerification: false, testMode: false,
      timeout: 30000, ...options };
    this.isOpen = this.isReady = this.isSent = false;
    this.onMessage = (event) => this.receive(event);
    this.onUnload = (event) => { event.preventDefault(); event.returnValue = ""; };
  }

  /** The address with what the official client adds, in its order. */
  address(url) {
    const own = this.options, address = new URL(url);
    const add = (name, value) => address.searchParams.append(name, value);
    add("client_id", own.clientId);
    add("debug", own.debug ? 1 : 0);
    if ("finalButtonText" in own) add("final_button_text", own.finalButtonText);
    if ("hideHeader" in own) add("hide_header", own.hideHeader);
    if (own.locale) add("user_culture", own.locale);
    add("parent_url", own.parentURL || document.location.href);
    if ("redirectTo" in own) add("redirect_url", own.redirectTo);
    if ("requestingEmail" in own) add("requester", own.requestingEmail);
    add("skip_domain_verification", own.skipDomainVerification || own.testMode ? 1 : 0);
    add("ux_version", 2);
    add("js_version", "2.12.3");
    if ("whiteLabeling" in own) add("white_labeling_options", JSON.stringify(own.whiteLabeling));
    return address;
  }

  open(url) {
    this.url = this.address(url);
    this.element = document.createElement("div");
    this.element.className = "x-hellosign-embedded x-hellosign-embedded--in-modal";
    if (this.options.allowCancel) {
      const button = document.createElement("button");
      button.className = "x-hellosign-embedded__modal-close-button";
      button.textContent = "×";
      button.addEventListener("click", () => this.askToClose());
      this.element.append(button);
    }
    this.frame = document.createElement("iframe");
    this.frame.name = "x-hellosign-embedded";
    this.frame.src = this.url.href;
    this.element.append(this.frame);
    window.addEventListener("message", this.onMessage);
    document.body.append(this.element);
    this.isOpen = true;
    this.emit("open", { url: this.url.href });
    if (this.url.href.includes("embeddedSign")) {
      this.timer = setTimeout(() => {
        this.send("hellosign:error", { message: "App failed to initialize before timeout" });
        this.close();
      }, this.options.timeout);
    }
  }

  close() {
    if (!this.isOpen) return;
    clearTimeout(this.timer);
    window.removeEventListener("message", this.onMessage);
    window.removeEventListener("beforeunload", this.onUnload);
    this.element.remove();
    this.isOpen = this.isReady = false;
    this.emit("close");
  }

  askToClose() {
    if (this.isReady && !this.isSent) this.send("hellosign:userCancelRequest");
    else this.close();
  }

  emit(name, payload) { seen.events.push({ name, payload }); }

  send(type, payload) {
    const message = payload === undefined ? { type } : { type, payload };
    seen.sent.push(message);
    this.frame.contentWindow.postMessage(message, this.url.href);
  }

  receive({ data, origin }) {
    if (typeof data !== "object") return;
    if (origin.replace(/\\/$/, "") !== this.url.origin) {
      seen.foreign.push({ origin, data });
      return;
    }
    seen.messages.push(data);
    this.heed(data.type.replace("hellosign:", ""), data.payload);
  }

  heed(type, payload) {
    switch (type) {
      case "initialize":
        this.isReady = true;
        this.emit("ready", payload);
        this.send("hellosign:configure", { allowCancel: this.options.allowCancel });
        clearTimeout(this.timer);
        window.addEventListener("beforeunload", this.onUnload);
        break;
      case "verifyDomainRequest": this.verify(payload); break;
      case "error": this.emit("error", { ...payload, code: payload.code }); break;
      case "userSignRequest": this.sent("sign", payload); break;
      case "userSendRequest": this.sent("send", payload); break;
      case "userDeclineRequest": this.emit("decline", payload); break;
      case "userReassignRequest": this.emit("reassign", { ...payload, name: payload.name }); break;
      case "userCreateTemplate": this.emit("createTemplate", payload); break;
      case "userFinishRequest": this.emit("finish"); this.close(); break;
      case "userCancelRequest": this.emit("cancel"); this.close(); break;
    }
  }

  verify({ token }) {
    if (!this.options.keepsSilent) this.send("hellosign:verifyDomainResponse", { token });
  }

  sent(name, payload) {
    this.isSent = true;
    window.removeEventListener("beforeunload", this.onUnload);
    this.emit(name, payload);
  }
}
</script>"""


class Host(ThreadingHTTPServer):
    """The app's own pages: the host page, and any other as a place to come back to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), HostHandler)
        self.visits, self.changed = [], threading.Condition()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def address(self, path, name="127.0.0.1"):
        return f"http://{name}:{self.server_port}{path}"

    def visited(self, path):
        """Waits for a visit; returns the fields of its query."""
        with self.changed:
            visits = self.changed.wait_for(
                lambda: [each for each in self.visits if urlsplit(each).path == path],
                SECONDS_TO_WAIT)
        if not visits:
            raise TimeoutError(f"nobody came to {path}")
        return {name: values[0] for name, values in parse_qs(urlsplit(visits[-1]).query).items()}


class HostHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        with self.server.changed:
            self.server.visits.append(self.path)
            self.server.changed.notify_all()
        page = HOST_PAGE if self.path == "/host" else (
            "<!doctype html><link rel=icon href='data:,'><title>Back</title><p>You are back.")
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *arguments):
        pass


# What a scenario works with


SIGNATURE_TAG, TEXT_TAG = "[sig|req|signer1|Signature|s1]", "[text|req|signer1|Address|a1]"
# Points, as `pdftotext -bbox` has them for the page of `paper`.
TOPS_OF_TAGS = (83, 123)
SIGNER = {"signers[0][name]": "Ann Author", "signers[0][email_address]": "ann@example.com"}
WORDS = {"title": "Tenancy", "message": "Please sign soon.", "test_mode": "1"}
SENT, VIEWED, SIGNED, DECLINED, REASSIGNED, INVALID = [
    f"signature_request_{word}" for word in ("sent", "viewed", "signed", "declined", "reassigned")
] + ["sign_url_invalid"]
COMPLETED = [SIGNED, "signature_request_downloadable", "signature_request_all_signed"]


class World:
    """A mock, a handler, a host and a browser, and what was seen of them."""

    def __init__(self, program):
        self.receiver, self.host, self.browser = Receiver(), Host(), Browser()
        self.program, self.mock = program, None
        self.start()
        self.embeddings, self.texts, self.failures, self.expected_errors = [], [], [], []

    def start(self):
        self.mock = Mock(
            self.program, "dev", self.receiver.address, "--port", "0", "--ephemeral",
            "--processing", "10ms")

    def close(self):
        self.browser.close()
        self.mock.end()

    def check(self, words, is_true):
        if not is_true:
            self.failures.append(words)

    def same(self, words, found, expected):
        self.check(f"{words}: {found!r}, not {expected!r}", found == expected)

    def call(self, path, body, method="POST"):
        status, answer = self.mock.json(method, path, body)
        assert status < 300, (path, status, answer)
        return answer

    def create(self, path, fields, name="lease.pdf", lines=(SIGNATURE_TAG, TEXT_TAG)):
        status, answer = self.mock.create(path, list(fields.items()), [(name, paper(*lines))])
        assert status == 200, (path, status, answer)
        return answer

    def app(self, **more):
        """An app of any name."""
        name = f"App {time.monotonic_ns()}"
        return self.call("/v3/api_app", {"name": name, "domains": ["127.0.0.1"], **more})["api_app"]

    def request(self, app=None, path="create_embedded", **fields):
        """A signature request that was sent; embedded when there is an app."""
        body = {**WORDS, **SIGNER, "use_text_tags": "1", **fields}
        if app:
            body["client_id"] = app["client_id"]
        request = self.create(f"/v3/signature_request/{path}", body)["signature_request"]
        self.wait_until_sent(request)
        return request

    def wait_until_sent(self, request):
        """Waits for the first event about the request."""
        identifier = request["signature_request_id"]
        self.receiver.wait(lambda events: self.receiver.of(identifier))

    def sign_url(self, request):
        path = f"/v3/embedded/sign_url/{signature(request)}"
        return self.call(path, None, "GET")["embedded"]["sign_url"]

    def signers(self, request):
        path = f"/v3/signature_request/{request['signature_request_id']}"
        return self.call(path, None, "GET")["signature_request"]["signatures"]

    def embed(self, url, app, name="127.0.0.1", blocked=None, **options):
        """Opens an address in the frame of a new host page; what is blocked is not loaded."""
        return Embedding(self, url, {"clientId": app["client_id"], **options}, name, blocked)

    def sign_page(self, request, app, **options):
        """The page of the request's first signer, once it is ready."""
        embedding = self.embed(
            self.sign_url(request), app, **{"skipDomainVerification": True, **options})
        embedding.wait("initialize")
        embedding.page.wait_for_pictures()
        return embedding

    def heard(self, *kinds):
        """Checks all events that the handler got; returns the last one."""
        events = self.receiver.wait(lambda events: len(events) >= len(kinds), SECONDS_TO_WAIT)
        emitted = self.mock.control("deliveries", method="GET")["deliveries"]
        self.same("events", [kind(event) for event in events], list(kinds))
        self.same("deliveries", len(emitted), len(kinds))
        return events[-1]

    def told(self):
        return {
            "failures": self.failures, "events": [kind(event) for event in self.receiver.events],
            "hosts": [embedding.seen() for embedding in self.embeddings], "texts": self.texts,
            "errors": self.browser.errors}

    def finish(self):
        """Checks what no scenario may leave behind."""
        for error in self.browser.errors:
            if not any(words in error for words in self.expected_errors):
                self.failures.append(f"the console has: {error}")
        for embedding in self.embeddings:
            self.same("messages of another origin", embedding.seen()["foreign"], [])
            self.same("dialogs", embedding.tab.dialogs, [])


class Embedding:
    """A host page with a client that is open."""

    def __init__(self, world, url, options, name, blocked):
        self.world, self.url = world, url
        self.tab = Tab(world.browser, world.host.address("/host", name))
        if blocked:
            self.tab.call("Network.enable")
            self.tab.call("Network.setBlockedURLs", urls=[blocked])
        world.embeddings.append(self)
        self.page = self.tab.inner
        self.tab.own.run("""(url, options) => {
            window.client = new Client(options); client.open(url); }""", url, options)

    def seen(self):
        """What the host page noted."""
        return self.tab.own.run("() => window.client ? seen : { foreign: ['the page is gone'] }")

    def types(self, of="messages"):
        return [message["type"].removeprefix("hellosign:") for message in self.seen()[of]]

    def events(self):
        return [event["name"] for event in self.seen()["events"]]

    def wait(self, type):
        """Waits for the page's message; returns its payload."""
        message = self.tab.own.wait(
            "(type) => seen.messages.findLast((message) => message.type === type)",
            f"hellosign:{type}")
        return message.get("payload")

    def send(self, type, *payload):
        self.tab.own.run("(...message) => client.send(...message)", f"hellosign:{type}", *payload)

    def close(self):
        self.tab.own.click(".x-hellosign-embedded__modal-close-button")

    def is_open(self):
        return self.tab.own.run("() => client.isOpen")

    def note(self):
        """Keeps the page's text; returns it."""
        self.world.texts.append(self.page.text())
        return self.world.texts[-1]

    def sign(self, address="12 Main Street"):
        """Fills in and signs; returns the message's payload."""
        self.page.fill("[data-api-id=a1]", address)
        self.page.click("#sign")
        return self.wait("userSignRequest")

    def leave(self):
        """Presses the last button, upon which the client closes."""
        self.note()
        self.page.click("#finish")
        self.tab.own.wait("() => !client.isOpen")

    def is_refused(self, words):
        """Checks that the frame has a page that says why it is none, and says so to the host."""
        text = self.page.wait_for(words)
        self.note()
        error = self.wait("error")
        self.world.check("the refusal has a title", "cannot be shown" in text)
        self.world.same("messages of a refusal", self.types(), ["error"])
        self.world.same(
            "signatureId", error["signatureId"],
            parse_qs(urlsplit(self.url).query)["signature_id"][0])
        self.world.check(f"the error has a code: {error}", error.get("code"))
        self.world.same("buttons of a refusal", self.page.shows("button"), 0)


def signature(request):
    return request["signatures"][0]["signature_id"]


# Scenarios


PLACES = """() => {
  const [page, ...fields] = [...document.querySelectorAll(".sheet img, .sheet [data-api-id]")]
    .map((one) => one.getBoundingClientRect());
  return fields.map((field) => [
    Math.round((field.x - page.x) / page.width * 612),
    Math.round((field.y - page.y) / page.height * 792)]);
}"""


def sign(world):
    """Reads, fills in and signs."""
    app = world.app()
    request = world.request(app)
    embedding = world.sign_page(request, app)
    page = embedding.page
    text = embedding.note()
    for words in ("Tenancy", "Please sign soon.", "Ann Author", "test mode"):
        world.check(f"the page shows {words}", words.lower() in text.lower())
    places = page.run(PLACES)
    for place, top in zip(places, TOPS_OF_TAGS, strict=True):
        is_there = abs(place[0] - 72) <= 1 and abs(place[1] - top) <= 1
        world.check(f"a field covers its tag at 72, {top}, not {place}", is_there)
    world.same("own controls", page.shows("[data-opens]"), 0)
    world.same("payload", embedding.sign(), {"signatureId": signature(request)})
    page.wait_for("You have signed")
    world.check("the client stays open", embedding.is_open())
    world.same("controls of the past", page.shows("#sign, [data-deed], [data-api-id]"), 0)
    embedding.leave()
    world.same(
        "messages", embedding.types(), ["initialize", "userSignRequest", "userFinishRequest"])
    world.same("answers", embedding.types("sent"), ["configure"])
    world.same("client", embedding.events(), ["open", "ready", "sign", "finish", "close"])
    world.same("ready", embedding.wait("initialize"), {"signatureId": signature(request)})
    final = world.heard(SENT, VIEWED, *COMPLETED)["signature_request"]
    values = {field["api_id"]: field["value"] for field in final["response_data"]}
    world.same("values", values, {"s1": "Ann Author", "a1": "12 Main Street"})


def required_field(world):
    """Nothing is signed as long as a required field is empty."""
    app = world.app()
    request = world.request(app)
    embedding = world.sign_page(request, app)
    for field, words in (("a1", ""), ("s1", "Ann")):
        embedding.page.fill(f"[data-api-id={field}]", "")
        embedding.page.click("#sign")
        embedding.page.wait_for("Please fill in what is required")
        focus = embedding.page.run("() => document.activeElement.dataset.apiId")
        world.same("the focus", focus, field)
        embedding.page.fill(f"[data-api-id={field}]", words or "12 Main Street")
    world.same("messages", embedding.types(), ["initialize"])
    world.same("status", world.signers(request)[0]["status_code"], "awaiting_signature")
    embedding.sign()
    embedding.leave()
    world.heard(SENT, VIEWED, *COMPLETED)


def presets(world):
    """What the request fills in is there, and stays as long as the signer does not change it."""
    app = world.app()
    options = {"options][0": "One", "options][1": "Two"}
    fields = form_fields([
        {"api_id": "s1", "type": "signature"}, {"api_id": "t1", "type": "text", "content": "Mine"},
        {"api_id": "c1", "type": "checkbox", "is_checked": "1"},
        {"api_id": "d1", "type": "dropdown", "content": "Two", **options},
        {"api_id": "r1", "type": "radio", "is_checked": "1", "group": "g1"},
        {"api_id": "r2", "type": "radio", "is_checked": "0", "group": "g1"}])
    group = {"group_id": "g1", "group_label": "Which", "requirement": "require_1"}
    fields |= {f"form_field_groups[0][{name}]": value for name, value in group.items()}
    for chosen in ("r1", "r2"):
        before = len(world.receiver.events)
        embedding = world.sign_page(world.request(app, use_text_tags="0", **fields), app)
        if chosen == "r2":
            embedding.page.click("[data-api-id=r2]")
        embedding.page.click("#sign")
        embedding.wait("userSignRequest")
        embedding.leave()
        events = world.receiver.wait(lambda events: len(events) >= before + 5)
        answers = events[-1]["signature_request"]["response_data"]
        values = {answer["api_id"]: answer["value"] for answer in answers}
        world.same("values", values, {
            "s1": "Ann Author", "t1": "Mine", "c1": True, "d1": "Two", "r1": chosen == "r1",
            "r2": chosen == "r2"})


def form_fields(fields):
    """Fields below one another, as a form has them."""
    return {
        f"form_fields_per_document[{row}][{name}]": value
        for row, field in enumerate(fields) for name, value in {
            "document_index": 0, "name": f"The {field['type']}", "page": 1, "x": 90,
            "y": 60 + 40 * row, "width": 200, "height": 20, "required": 0, "signer": 0,
            **field}.items()}


def no_pictures(world):
    """Each field has a place of its own also as long as the pictures are not there."""
    app = world.app()
    request = world.request(app)
    embedding = world.embed(
        world.sign_url(request), app, blocked="*.png", skipDomainVerification=True)
    embedding.wait("initialize")
    embedding.page.fill("[data-api-id=s1]", "Ann")
    embedding.sign()
    embedding.leave()
    world.heard(SENT, VIEWED, *COMPLETED)
    world.expected_errors = ["ERR_BLOCKED_BY_CLIENT"]


def without_programs(world):
    """Where the mock has no programs to draw with, the page lists what there is."""
    path, world.mock = os.environ["PATH"], world.mock.end()
    os.environ["PATH"] = os.devnull
    world.start()
    os.environ["PATH"] = path
    app = world.app()
    fields = form_fields([
        {"api_id": "a1", "type": "text", "required": 1, "name": "Address"},
        {"api_id": "s1", "type": "signature", "required": 1}])
    embedding = world.sign_page(world.request(app, use_text_tags="0", **fields), app)
    text = embedding.note()
    for words in ("lease.pdf", "Address", "The signature"):
        world.check(f"the page shows {words}", words in text)
    world.same("pictures", embedding.page.shows("img"), 0)
    embedding.sign()
    embedding.leave()
    world.heard(SENT, VIEWED, *COMPLETED)
    evil_signing(world, app)


def decline(world):
    """Declines with a reason."""
    app = world.app()
    request = world.request(app, allow_decline="1")
    embedding = world.sign_page(request, app)
    world.same("ways out", embedding.page.shows("[data-opens]"), 1)
    embedding.page.click("[data-opens=decline-dialog]")
    embedding.page.fill("#decline-reason", "The price is wrong")
    embedding.page.click("[data-deed=decline]")
    payload = embedding.wait("userDeclineRequest")
    world.same("payload", payload, {
        "signatureId": signature(request), "reason": "The price is wrong"})
    embedding.page.wait_for("You have declined")
    embedding.leave()
    world.same("client", embedding.events(), ["open", "ready", "decline", "finish", "close"])
    event = world.heard(SENT, VIEWED, DECLINED)
    signer = event["signature_request"]["signatures"][0]
    world.same("reason", signer["decline_reason"], "The price is wrong")


def reassign(world):
    """Passes the request on: not to nobody, then to somebody."""
    app = world.app()
    request = world.request(app, allow_reassign="1")
    embedding = world.sign_page(request, app)
    world.same("ways out", embedding.page.shows("[data-opens]"), 1)
    pass_on(embedding, "nobody")
    embedding.page.wait_for("must be an e-mail address")
    world.same("status", world.signers(request)[0]["signer_email_address"], "ann@example.com")
    pass_on(embedding, "bob@example.com")
    payload = embedding.wait("userReassignRequest")
    world.same("payload", payload, {
        "signatureId": signature(request), "name": "Bob", "email": "bob@example.com",
        "reason": "He knows"})
    embedding.page.wait_for("bob@example.com")
    embedding.leave()
    world.same("client", embedding.events()[-3:], ["reassign", "finish", "close"])
    event = world.heard(SENT, VIEWED, REASSIGNED)
    signer = event["signature_request"]["signatures"][0]
    world.same("signer", [signer["signer_email_address"], signer["signer_name"]], [
        "bob@example.com", "Bob"])
    world.expected_errors = ["status of 400"]


def pass_on(embedding, email):
    embedding.page.click("[data-opens=reassign-dialog]")
    for field, text in (("name", "Bob"), ("email", email), ("reason", "He knows")):
        embedding.page.fill(f"#reassign-{field}", text)
    embedding.page.click("[data-deed=reassign]")


def pin(world):
    """Signs with an access code: a wrong one, then the right one."""
    app = world.app()
    request = world.request(app, **{"signers[0][pin]": "1234"})
    embedding = world.sign_page(request, app)
    embedding.page.fill("[data-api-id=a1]", "12 Main Street")
    embedding.page.fill("#pin", "4321")
    embedding.page.click("#sign")
    embedding.page.wait_for("The access code is wrong")
    embedding.note()
    world.check("nothing is signed", "userSignRequest" not in embedding.types())
    world.same("status", world.signers(request)[0]["status_code"], "awaiting_signature")
    embedding.page.fill("#pin", "1234")
    embedding.sign()
    embedding.leave()
    world.heard(SENT, VIEWED, *COMPLETED)
    world.expected_errors = ["status of 403"]


def used_link(world):
    """A link opens one page; a second time it opens the reason why not."""
    app = world.app()
    request = world.request(app)
    first = world.sign_page(request, app)
    second = world.embed(first.url, app, skipDomainVerification=True)
    second.is_refused("opened before")
    second.close()
    world.same("client", second.events(), ["open", "error", "close"])
    unknown = world.embed(first.url.replace("token=", "token=0"), app)
    unknown.is_refused("not known")
    first.sign()
    first.leave()
    world.heard(SENT, VIEWED, INVALID, INVALID, *COMPLETED)
    world.expected_errors = ["status of 410", "status of 404"]


def wrong_client_id(world):
    """Another app cannot show the page, and does not use its link up."""
    app, other = world.app(), world.app()
    request = world.request(app)
    url = world.sign_url(request)
    world.embed(url, other, skipDomainVerification=True).is_refused("client_id")
    world.heard(SENT, INVALID)
    embedding = world.embed(url, app, skipDomainVerification=True)
    embedding.wait("initialize")
    embedding.sign()
    embedding.leave()
    world.heard(SENT, INVALID, VIEWED, *COMPLETED)
    world.expected_errors = ["status of 400"]


def foreign_domain(world):
    """Of the pages on other domains, a test's alone may show the page, if it asks for that."""
    app = world.app(domains=["example.com"])
    request = world.request(app)
    url = world.sign_url(request)
    world.embed(url, app).is_refused("app's domains")
    world.embed(url, app, "notexample.com").is_refused("app's domains")
    place = f"127.0.0.1:{world.host.server_port}"
    for lie in (f"http://example.com:80@{place}/host", f"http://{place}\\.example.com/host"):
        world.embed(url, app, parentURL=lie).is_refused("app's domains")
    unmocked = world.request(app, test_mode="0")
    world.embed(world.sign_url(unmocked), app, skipDomainVerification=True).is_refused("domains")
    embedding = world.embed(url, app, testMode=True)
    embedding.wait("initialize")
    world.same("messages", embedding.types(), ["initialize"])
    embedding.sign()
    embedding.leave()
    world.heard(SENT, *[INVALID] * 4, SENT, INVALID, VIEWED, *COMPLETED)
    world.expected_errors = ["status of 403"]


def verify_domain(world):
    """A page on the app's domain shows that it is there; one that cannot is not let in."""
    app = world.app(domains=["example.com"])
    request = world.request(app)
    embedding = world.embed(world.sign_url(request), app, "app.example.com")
    embedding.wait("initialize")
    world.same("messages", embedding.types(), ["verifyDomainRequest", "initialize"])
    world.same("answers", embedding.types("sent"), ["verifyDomainResponse", "configure"])
    silent = world.embed(world.sign_url(request), app, "app.example.com", keepsSilent=True)
    token = silent.wait("verifyDomainRequest")["token"]
    silent.send("verifyDomainResponse", {"token": f"{token}0"})
    world.same("ways to sign unverified", silent.page.shows("#sign:enabled"), 0)
    # Messages keep their order: the answer to this one comes behind what the wrong token caused.
    silent.send("userCancelRequest")
    silent.wait("userCancelRequest")
    world.same("messages", silent.types(), ["verifyDomainRequest", "userCancelRequest"])
    world.expected_errors = ["does not match the recipient window's origin"]
    liar = world.embed(world.sign_url(request), app, parentURL="http://app.example.com/")
    world.browser.until(lambda: liar.seen() and world.browser.errors)
    world.same("messages to a liar", liar.seen()["messages"], [])
    world.same("ways to sign for a liar", liar.page.shows("#sign:enabled"), 0)
    embedding.sign()
    embedding.leave()
    world.heard(SENT, VIEWED, VIEWED, VIEWED, *COMPLETED)


def cancel(world):
    """The client's close button, before and after the deed."""
    app = world.app()
    request = world.request(app, allow_decline="1")
    embedding = world.sign_page(request, app)
    embedding.close()
    embedding.tab.own.wait("() => !client.isOpen")
    world.same("asked", embedding.types("sent"), ["configure", "userCancelRequest"])
    world.same("answered", embedding.types(), ["initialize", "userCancelRequest"])
    world.same("client", embedding.events(), ["open", "ready", "cancel", "close"])
    declined = world.sign_page(request, app)
    declined.page.click("[data-opens=decline-dialog]")
    declined.page.click("[data-deed=decline]")
    declined.wait("userDeclineRequest")
    declined.close()
    declined.wait("userFinishRequest")
    world.same("client", declined.events(), ["open", "ready", "decline", "finish", "close"])
    signed = world.sign_page(world.request(app), app)
    signed.sign()
    signed.send("userCancelRequest")
    signed.wait("userFinishRequest")
    world.same("client", signed.events(), ["open", "ready", "sign", "finish", "close"])
    world.heard(SENT, VIEWED, VIEWED, DECLINED, SENT, VIEWED, *COMPLETED)


def configure_no_cancel(world):
    """The page has a button to cancel, unless the client wants none."""
    app = world.app()
    request = world.request(app)
    embedding = world.sign_page(request, app)
    embedding.page.run("""() => new Promise((heard) => {
        addEventListener("message", () => heard());
        postMessage({ type: "hellosign:configure", payload: { allowCancel: false } }, "*"); })""")
    world.same("own buttons, whatever another page says", embedding.page.shows(
        "[data-deed=cancel]"), 1)
    embedding.page.click("[data-deed=cancel]")
    embedding.tab.own.wait("() => !client.isOpen")
    world.same("client", embedding.events(), ["open", "ready", "cancel", "close"])
    embedding = world.sign_page(request, app, allowCancel=False)
    world.same("payload", embedding.seen()["sent"][0]["payload"], {"allowCancel": False})
    embedding.page.wait("() => !document.querySelector('[data-deed=cancel]').checkVisibility()")
    world.check("no word of it", "Cancel" not in embedding.note())
    world.same("other buttons", embedding.page.shows("#sign"), 1)
    world.heard(SENT, VIEWED, VIEWED)


def redirect(world):
    """Afterwards the frame goes where the client says."""
    app = world.app()
    for event, deed in ((SIGNED, "userSignRequest"), (DECLINED, "userDeclineRequest")):
        request = world.request(app, allow_decline="1")
        embedding = world.sign_page(
            request, app, redirectTo=world.host.address(f"/{event}?kept=a%20b"))
        if event == SIGNED:
            embedding.sign()
        else:
            embedding.page.click("[data-opens=decline-dialog]")
            embedding.page.click("[data-deed=decline]")
            embedding.wait(deed)
        world.same("too early", [each for each in world.host.visits if event in each], [])
        embedding.page.click("#finish")
        world.same("query", world.host.visited(f"/{event}"), {
            "kept": "a b", "event": event, "signature_id": signature(request),
            "signature_request_id": request["signature_request_id"]})
        embedding.page.wait_for("You are back")
        embedding.note()
        world.same("messages", embedding.types(), ["initialize", deed])
    world.heard(SENT, VIEWED, *COMPLETED, SENT, VIEWED, DECLINED)


def template(world):
    """Saves the draft of a template."""
    app = world.app()
    made = world.create("/v3/template/create_embedded_draft", {
        **WORDS, "client_id": app["client_id"], "signer_roles[0][name]": "Tenant",
        "signer_roles[1][name]": "Landlord"})["template"]
    embedding = world.embed(made["edit_url"], app, finalButtonText="Continue")
    embedding.wait("initialize")
    text = embedding.note()
    for words in ("Tenancy", "Tenant", "Landlord", "lease.pdf", "Continue"):
        world.check(f"the page shows {words}", words in text)
    embedding.page.click("#save")
    payload = embedding.wait("userCreateTemplate")
    world.same("title", payload["title"], "Tenancy")
    world.same("message", payload["message"], "Please sign soon.")
    roles = [role["name"] for role in payload["signerRoles"]]
    world.same("roles", roles, ["Tenant", "Landlord"])
    world.same("template", payload["signatureRequestInfo"]["template_id"], made["template_id"])
    embedding.leave()
    world.same("client", embedding.events(), ["open", "ready", "createTemplate", "finish", "close"])
    event = world.heard("template_created")
    world.same("event", event["template"]["template_id"], made["template_id"])
    again = world.embed(made["edit_url"], app)
    again.page.wait_for("opened before")
    again.note()
    world.expected_errors = ["status of 410"]


def request(world):
    """Sends a draft with signers, and one whose signer the user names and that leads back."""
    app = world.app()
    for signers in (SIGNER, {}):
        back = {} if signers else {"requesting_redirect_url": world.host.address("/requested")}
        draft = world.create("/v3/unclaimed_draft/create_embedded", {
            **WORDS, **signers, **back, "client_id": app["client_id"], "type": "request_signature",
            "requester_email_address": "me@example.com"}, lines=["Lease"])["unclaimed_draft"]
        embedding = world.embed(draft["claim_url"], app)
        embedding.wait("initialize")
        if signers:
            world.check("the page shows the signer", "ann@example.com" in embedding.note())
        else:
            embedding.page.click("#send")
            embedding.page.wait_for("e-mail")
            embedding.page.fill("#signer-name", "Ann Author")
            embedding.page.fill("#signer-email", "ann@example.com")
        embedding.page.click("#send")
        payload = embedding.wait("userSendRequest")
        world.same("id", payload["signatureRequestId"], draft["signature_request_id"])
        signer = world.signers({"signature_request_id": payload["signatureRequestId"]})[0]
        world.same("signature", payload["signatureId"], signer["signature_id"])
        world.same("signer", [signer["signer_name"], signer["signer_email_address"]], [
            "Ann Author", "ann@example.com"])
        if signers:
            embedding.leave()
            world.same("client", embedding.events(), ["open", "ready", "send", "finish", "close"])
        world.wait_until_sent(draft)
    embedding.page.click("#finish")
    query = world.host.visited("/requested")
    world.same("query", [query["event"], query["signature_request_id"]], [
        SENT, draft["signature_request_id"]])
    world.heard(SENT, SENT)


def mailed(world):
    """Signs by the address of a mail, in no frame."""
    request = world.request(path="send", signing_redirect_url=world.host.address("/signed"))
    tab = Tab(world.browser, request["signing_url"])
    world.texts.append(tab.own.text())
    tab.own.click("main a")
    tab.own.wait("() => document.body.dataset.ready")
    tab.own.wait_for_pictures()
    tab.own.fill("[data-api-id=a1]", "12 Main Street")
    tab.own.click("#sign")
    world.texts.append(tab.own.wait_for("You have signed"))
    tab.own.click("#finish")
    world.same("query", world.host.visited("/signed"), {
        "event": SIGNED, "signature_id": signature(request),
        "signature_request_id": request["signature_request_id"]})
    world.heard(SENT, VIEWED, *COMPLETED)
    tab = Tab(world.browser, request["signing_url"])
    world.same("links of a signed request", tab.own.shows("main a"), 0)
    other = world.request(path="send")
    tab = Tab(world.browser, f"{other['signing_url']}/{signature(other)}")
    tab.own.click("[data-deed=cancel]")
    world.texts.append(tab.own.wait_for("Nothing was done"))
    world.same("buttons with nowhere to go", tab.own.shows("button"), 0)
    world.heard(SENT, VIEWED, *COMPLETED, SENT, VIEWED)


def oauth(world):
    """Lets an app in, and not."""
    app = world.app(oauth={
        "callback_url": world.host.address("/back?kept=1"), "scopes": ["request_signature"]})
    query = {"response_type": "code", "client_id": app["client_id"], "state": "a&b<c>"}
    answers = []
    for decision in ("allow", "deny"):
        tab = Tab(world.browser, f"{world.mock.url}/oauth/authorize?{urlencode(query)}")
        world.texts.append(tab.own.text())
        world.check("the page shows the app", app["name"] in tab.own.text())
        world.check("the page shows the scope", "request_signature" in tab.own.text())
        tab.own.click(f"[value={decision}]")
        tab.own.wait_for("You are back")
        answers.append(world.host.visited("/back"))
    code = answers[0].pop("code")
    world.same("allowed", answers[0], {"kept": "1", "state": query["state"]})
    world.same("denied", answers[1], {
        "kept": "1", "state": query["state"], "error": "access_denied"})
    tokens = world.call("/oauth/token", {
        "client_id": app["client_id"], "client_secret": app["oauth"]["secret"], "code": code,
        "grant_type": "authorization_code", "state": query["state"]})
    world.check("the code opens the API", tokens["access_token"])


EVIL = """</script><script>__hit=1</script>"'><img src=x onerror="__hit=2">&lt;b&amp;"""
REFUSED = "javascript:void(__hit=3)//"


def harmless(world, view, where, *words):
    """Checks that nothing ran, and that each of the words is shown as it is."""
    world.same(f"scripts in the {where}", view.run("() => window.__hit ?? null"), None)
    shown = view.run("""() => document.title + document.body.innerText
        + [...document.querySelectorAll("input, option")].map((one) => one.value).join()
        + [...document.querySelectorAll("*")].flatMap((one) => [
            one.ariaLabel, one.placeholder, one.alt, one.dataset.apiId]).join()""")
    for each in words:
        world.check(f"the {where} shows {each!r}", each in shown)
    world.same(f"pictures in the {where}", view.shows("img:not([src^='/editor/page/'])"), 0)


def xss(world):
    """Text of peers stays text on every page."""
    app = world.app(name=f"app {EVIL}", oauth={
        "callback_url": world.host.address("/back"), "scopes": ["request_signature"]})
    evil_signing(world, app)
    evil_editing(world, app)
    evil_addresses(world, app)
    query = {"response_type": "code", "client_id": app["client_id"]}
    tab = Tab(world.browser, f"{world.mock.url}/oauth/authorize?{urlencode(query)}")
    harmless(world, tab.own, "authorize page", f"app {EVIL}")
    tab = Tab(world.browser, world.mock.url)
    harmless(world, tab.own, "overview", f"title {EVIL}", f"name {EVIL}")
    world.expected_errors = ["status of 404"]


def evil_signing(world, app):
    """The page of a signer with fields of all types; afterwards a script as `redirect_url`."""
    fields = form_fields([
        {"type": type, "api_id": f"id {type} {EVIL}", "name": f"field {EVIL}", **more}
        for type, more in {
            "text": {"content": f"content {EVIL}", "placeholder": f"placeholder {EVIL}"},
            "dropdown": {"options][": f"option {EVIL}"}, "checkbox": {"is_checked": "0"},
            "hyperlink": {"content": "More", "content_url": "https://example.com"},
            "initials": {}, "signature": {}, "date_signed": {}}.items()])
    request = world.create("/v3/signature_request/create_embedded", {
        **fields, "client_id": app["client_id"], "title": f"title {EVIL}", "test_mode": "1",
        "message": f"message {EVIL}", "signers[0][name]": f"name {EVIL}",
        "signers[0][email_address]": "ann@example.com", "signers[0][pin]": "1234",
    }, name=file_name())["signature_request"]
    world.wait_until_sent(request)
    for target in (f"{world.host.address('/back')}?{EVIL}", REFUSED):
        embedding = world.sign_page(request, app, redirectTo=target)
        harmless(world, embedding.page, "sign page", *[
            f"{word} {EVIL}" for word in (
                "title", "message", "name", "field", "content", "placeholder", "option",
                "id text", "file")])
    embedding.page.fill("#pin", "1234")
    embedding.page.click("#sign")
    embedding.wait("userSignRequest")
    embedding.page.click("#finish")
    end = world.browser.until(
        lambda: embedding.page.look("() => window.__hit") or not embedding.is_open())
    world.same("what a script as redirect_url comes to", end, True)


def file_name():
    """The name as a form has it; quotes are escaped there."""
    return f"file {EVIL}".replace('"', '\\"')


def evil_editing(world, app):
    made = world.create("/v3/template/create_embedded_draft", {
        "client_id": app["client_id"], "title": f"title {EVIL}", "message": f"message {EVIL}",
        "signer_roles[0][name]": f"role {EVIL}", "test_mode": "1"}, name=file_name())["template"]
    embedding = world.embed(made["edit_url"], app, finalButtonText=f"button {EVIL}")
    embedding.wait("initialize")
    harmless(world, embedding.page, "template page", *[
        f"{word} {EVIL}" for word in ("title", "role", "file", "button")])
    draft = world.create("/v3/unclaimed_draft/create_embedded", {
        "client_id": app["client_id"], "subject": f"title {EVIL}", "type": "request_signature",
        "requester_email_address": "me@example.com", "test_mode": "1", **SIGNER,
        "signers[0][name]": f"name {EVIL}"}, name=file_name())["unclaimed_draft"]
    embedding = world.embed(
        draft["claim_url"], app, finalButtonText=f"button {EVIL}", redirectTo=EVIL)
    embedding.wait("initialize")
    harmless(world, embedding.page, "request page", *[
        f"{word} {EVIL}" for word in ("title", "name", "file", "button")])


def evil_addresses(world, app):
    """What an address says is text as well, also on the page that refuses it."""
    for path in (f"embeddedSign?{urlencode({'signature_id': EVIL, 'token': EVIL})}",
                 f"embeddedTemplate?{urlencode({'token': EVIL})}", f"{urlencode({'': EVIL})}"):
        embedding = world.embed(f"{world.mock.url}/editor/{path}", app, redirectTo=EVIL)
        embedding.page.wait_for("cannot be shown")
        harmless(world, embedding.page, "refusal")


SCENARIOS = [
    sign, required_field, presets, no_pictures, without_programs, decline, reassign, pin, used_link,
    wrong_client_id, foreign_domain, verify_domain, cancel, configure_no_cancel, redirect, template,
    request, mailed, oauth, xss]


def main():
    program, name = sys.argv[1:]
    scenario = {each.__name__: each for each in SCENARIOS}[name]
    start = time.monotonic()
    world = World(program)
    try:
        try:
            scenario(world)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            world.failures.append(f"{type(error).__name__}: {error}")
        world.finish()
        told = world.told() | {"seconds": round(time.monotonic() - start, 1)}
    finally:
        world.close()
    print(json.dumps(told, indent=1, ensure_ascii=False))
    sys.exit(1 if told["failures"] else 0)


if __name__ == "__main__":
    main()
