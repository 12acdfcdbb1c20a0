"""Calls of the official SDK whose answers are kept and judged."""

import inspect
import json
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

import dropbox_sign
from dropbox_sign import ApiException
from dropbox_sign.rest import RESTResponse
from urllib3 import encode_multipart_formdata

SERVICE_HOST = "https://app.hellosign.com"


class Operation(NamedTuple):
    """A method of the SDK, and the model of the body that it takes."""

    name: str
    api: type
    body: type | None

    @property
    def identifier(self):
        """The name that the OpenAPI file has for it."""
        first, *rest = self.name.split("_")
        return first + "".join(word.capitalize() for word in rest)

    @property
    def encodings(self):
        """How the body is sent: as JSON, as the SDK's form with files, as the samples' form."""
        if self.body is None:
            return ["bare"]
        takes_files = any("io.IOBase" in types for types in self.body.openapi_types().values())
        return ["json", "multipart", "form"] if takes_files else ["json", "form"]


def discover():
    """All operations of the SDK by name."""
    found = {}
    for api in vars(dropbox_sign.api).values():
        if not (inspect.isclass(api) and api.__name__.endswith("Api")):
            continue
        for name, method in inspect.getmembers(api, inspect.isfunction):
            if name.startswith("_") or name.endswith(("_with_http_info", "_content")):
                continue
            parameters = inspect.signature(method).parameters.values()
            bodies = [
                each.annotation for each in parameters if hasattr(each.annotation, "openapi_types")]
            found[name] = Operation(name, api, bodies[0] if bodies else None)
    return found


class Stopped(Exception):
    """A call failed, and what was to follow it makes no sense."""


class Session:
    """The mock under test, what was asked of it and what went wrong."""

    def __init__(self, base, contract):
        self.base, self.contract = base.rstrip("/"), contract
        self.operations = discover()
        self.covered, self.reached = set(), set()
        self.calls, self.failures = 0, 0

    def fail(self, operation, encoding, reason):
        self.failures += 1
        print(f"FAIL {operation} {encoding}: {' '.join(str(reason).split())[:600]}", flush=True)

    def stop(self, operation, encoding, reason):
        self.fail(operation, encoding, reason)
        raise Stopped

    def judge(self, operation, encoding, response):
        """Counts an answer and holds it against the OpenAPI file."""
        self.calls += 1
        body = response.read()
        for fault in self.contract.faults(operation, response.status, response.headers, body):
            self.fail(operation, encoding, f"answer {response.status}: {fault}")
        for message in ignored(body):
            self.fail(operation, encoding, f"ignores what the SDK sends: {message}")

    def encodings(self, name):
        return self.operations[name].encodings

    def missing(self):
        """Operations and encodings of which no call succeeded."""
        return [
            (operation.identifier, encoding)
            for operation in self.operations.values() for encoding in operation.encodings
            if (operation.name, encoding) not in self.covered]

    def control(self, method, path, body=None):
        """A call of the control API; returns what it answers."""
        status, _, content = self.plain(
            method, f"/_countersign/{path}", json.dumps(body or {}), "application/json")
        if status >= 300:
            self.stop(f"control:{path}", "json", f"{status} {content.decode(errors='replace')}")
        return json.loads(content or "null")

    def plain(self, method, target, body=None, content_type=None):
        """A request without the SDK: status, headers and body of its answer."""
        parts = urlsplit(self.base if target.startswith("/") else target)
        connection = HTTPConnection(parts.hostname, parts.port, timeout=60)
        if not target.startswith("/"):
            target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": content_type} if content_type else {}
        try:
            connection.request(method, target, None if method == "GET" else body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


class Client:
    """The SDK with certain credentials and headers."""

    def __init__(self, session, key=None, token=None, headers=None, operation_servers=True):
        self.session = session
        configuration = dropbox_sign.Configuration(
            host=f"{session.base}/v3", username=key, access_token=token,
            ignore_operation_servers=not operation_servers)
        configuration.proxy = None
        self.sdk = dropbox_sign.ApiClient(configuration)
        self.sdk.default_headers |= headers or {}
        self.sdk.rest_client = RecordingClient(session, self.sdk.rest_client)

    def call(self, name, *path, body=None, encoding="bare", **query):
        """Calls an operation that must succeed; returns what the SDK read."""
        operation = self.session.operations[name]
        try:
            answer = self.send(operation, path, body, encoding, query)
        except ApiException as error:
            self.session.stop(operation.identifier, encoding, f"{error.status} {error.body}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self.session.stop(
                operation.identifier, encoding, f"the SDK fails: {type(error).__name__}: {error}")
        received = self.sdk.rest_client.received
        if answer is None and received:
            self.session.stop(operation.identifier, encoding, f"no object, but {received[:200]}")
        self.session.covered.add((name, encoding))
        return answer

    def attempt(self, name, *path, body=None, **query):
        """Calls an operation that may be refused; returns the refusal, if it is."""
        encoding = "bare" if body is None else "json"
        try:
            self.send(self.session.operations[name], path, body, encoding, query)
        except ApiException as error:
            return error
        return None

    def refused(self, error_name, status, name, *path, body=None, **query):
        """Calls an operation that must be refused so."""
        error = self.attempt(name, *path, body=body, **query)
        self.compare(self.session.operations[name].identifier, f"{status} {error_name}", error)

    def request(self, method, path, error_name, status):
        """Makes a request that no operation is there for, which must be refused so."""
        self.sdk.rest_client.operation, self.sdk.rest_client.encoding = f"{method} {path}", "bare"
        response = self.sdk.call_api(*self.sdk.param_serialize(
            method, path, header_params={"Accept": "application/json"}, auth_settings=["api_key"]))
        refusal = None
        try:
            self.sdk.response_deserialize(response, {"4XX": "ErrorResponse"})
        except ApiException as error:
            refusal = error
        self.compare(f"{method} {path}", f"{status} {error_name}", refusal)

    def compare(self, operation, expected, refusal):
        """Notes the error that was reached, if it is the expected one."""
        if refusal is None:
            self.session.fail(operation, "error", f"not refused with {expected}")
            return
        # The SDK has no model for answers of 5xx.
        read = refusal.data.error.error_name if refusal.data else name_of(refusal.body)
        if f"{refusal.status} {read}" == expected:
            self.session.reached.add(read)
        else:
            self.session.fail(
                operation, "error",
                f"refused with {refusal.status} {read}, not {expected}: {refusal.body}")

    def send(self, operation, path, body, encoding, query):
        arguments = list(path)
        if operation.body:
            arguments.append(model(operation.body, body or {}))
        elif body is not None:
            raise TypeError(f"{operation.name} takes no body")
        recorder = self.sdk.rest_client
        recorder.operation, recorder.encoding = operation.identifier, encoding
        return getattr(operation.api(self.sdk), operation.name)(*arguments, **query)


class RecordingClient:
    """Stands before the SDK's own client: sees each answer, and makes forms of JSON."""

    def __init__(self, session, client):
        self.session, self.client = session, client
        self.operation, self.encoding, self.received = "", "bare", b""

    def request(self, method, url, headers=None, body=None, post_params=None, **options):
        url = url.replace(SERVICE_HOST, self.session.base)
        if self.encoding == "form" and body:
            response = self.request_form(method, url, headers, list(brackets(body)))
        elif self.encoding == sent_as(body, post_params):
            response = self.client.request(
                method, url, headers=headers, body=body, post_params=post_params, **options)
        else:
            raise TypeError(f"{self.operation} was to be sent as {self.encoding}")
        self.received = response.read()
        self.session.judge(self.operation, self.encoding, response)
        return response

    def request_form(self, method, url, headers, fields):
        body, content_type = encode_multipart_formdata(fields)
        return RESTResponse(self.client.pool_manager.request(
            method, url, body=body, headers={**headers, "Content-Type": content_type},
            preload_content=False))


def sent_as(body, post_params):
    return "json" if body is not None else "multipart" if post_params else "bare"


def brackets(value, name=""):
    """The fields that the documented samples have for a JSON value."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from brackets(member, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            is_deep = isinstance(element, (dict, list))
            yield from brackets(element, f"{name}[{index}]" if is_deep else f"{name}[]")
    elif isinstance(value, bool):
        yield name, str(int(value))
    else:
        yield name, str(value)


def model(kind, body):
    """A body of the SDK; its own reader would pass over a name that it does not know."""
    unknown = set(body) - set(kind.openapi_types())
    if unknown:
        raise TypeError(f"{kind.__name__} has no {', '.join(unknown)}")
    return kind.init(body)


def ignored(body):
    """The warnings about parameters that the mock does not know."""
    try:
        warnings = json.loads(body)["warnings"]
    except (ValueError, KeyError, TypeError):
        return []
    return [each["warning_msg"] for each in warnings if each["warning_name"] == "parameter_ignored"]


def name_of(body):
    try:
        return json.loads(body)["error"]["error_name"]
    except (ValueError, KeyError, TypeError):
        return "without an error_name"
