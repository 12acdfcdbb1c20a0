"""Sends hostile requests to the mock and checks that each is refused as the API documents.

    mock_hostile.py HOST:PORT COUNT SEED [FIRST]

A request is a function of SEED and its index alone: `1 SEED INDEX` sends one of them again. Refused
means 4xx with an `error` object; where the contract tells which parameter is wrong, `error_path`
has to name it, so that no refusal for another reason hides one that is missing. Requests that a
server may well take are `tolerated`: 2xx or 4xx, and JSON. One line per failure; exit code 1 with
any.
"""

import asyncio
import base64
import collections
import dataclasses
import itertools
import json
import pathlib
import random
import re
import socket
import sys
import time

CONTRACT = pathlib.Path(__file__).parents[3] / "Sources/MockAPI/Contract"
CONNECTIONS = 6
BATCH = 500
# Patience on a busy machine, where 4 s have been seen for an answer. The server itself ends idle connections
# after two minutes: what was not closed at once is still told from what was.
SECONDS_FOR_AN_ANSWER = 30
SECONDS_TO_CLOSE = 20
LONGEST_ANSWER = 64 << 10
MOST_FAILURES = 100
MOST_TOLERATED = 0.1

HOST, PORT = sys.argv[1].rsplit(":", 1)
COUNT, SEED = int(sys.argv[2]), sys.argv[3]
FIRST = int(sys.argv[4]) if len(sys.argv) > 4 else 0
AUTHORIZATION = "Basic " + base64.b64encode(b"key:").decode()
ERROR_NAMES = set(
    "bad_request invalid_recipient invalid_reminder signature_request_cancel_failed"
    " signature_request_remove_failed signature_request_expired unauthorized payment_required"
    " forbidden team_invite_failed not_found method_not_supported conflict deleted"
    " unprocessable_entity exceeded_rate max_faxes invalid_grant invalid_client invalid_request"
    " unauthorized_client unsupported_grant_type invalid_scope".split())
CLIENT_ID = "c0ffee" * 6
EMAIL = "someone@example.com"
VERIFY = {"email_address": EMAIL}
VERIFY_JSON = json.dumps(VERIFY).encode()


# The contract


@dataclasses.dataclass(frozen=True)
class Type:
    """A type of schemas.txt."""

    kind: str
    element: "Type | None" = None
    format: str | None = None
    values: tuple = ()
    least: int = 0
    most: int | None = None
    is_nullable: bool = False
    default: str | None = None


@dataclasses.dataclass(frozen=True)
class Field:
    name: str
    is_required: bool
    type: Type


@dataclasses.dataclass
class Schema:
    fields: list
    base: str | None = None
    choices: dict = dataclasses.field(default_factory=dict)
    alias: Type | None = None


@dataclasses.dataclass
class Operation:
    name: str
    method: str
    path: str
    is_open: bool
    body: str | None
    parameters: list = dataclasses.field(default_factory=list)

    def target(self, argument=None):
        return "/v3" + re.sub(r"\{.*\}", lambda _: argument or "0" * 40, self.path)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a value stands: the members that lead there, each with its schema, and its type."""

    members: tuple
    is_element: bool
    type: Type

    @property
    def path(self):
        names = [
            field.name + "[0]" * (field.type.kind == "array" and not is_last)
            for (_, field), is_last in zip(self.members, self.lasts)]
        return ".".join(names) + "[0]" * self.is_element

    @property
    def lasts(self):
        return [False] * (len(self.members) - 1) + [True]


PLANT = "here stands what is wrong"


class Contract:
    """operations.txt and schemas.txt."""

    def __init__(self, folder):
        self.schemas, self.operations = {}, []
        for is_indented, line in self.lines(folder / "schemas.txt"):
            if is_indented:
                schema.fields.append(self.field(line))
            else:
                name, schema = self.schema(line)
                self.schemas[name] = schema
        for is_indented, line in self.lines(folder / "operations.txt"):
            if is_indented:
                place, field = line.split(" ", 1)
                self.operations[-1].parameters.append((place, self.field(field)))
            else:
                self.operations.append(self.operation(line))
        self.places = {
            operation.name: list(self.below(operation.body))
            for operation in self.operations if operation.body}

    @staticmethod
    def lines(path):
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                yield line.startswith(" "), line.strip()

    @staticmethod
    def operation(line):
        words = line.split()
        body = words[words.index("takes") + 1] if "takes" in words else None
        return Operation(words[0], words[1], words[2], words[3] == "open", body)

    def schema(self, line):
        if " = " in line:
            name, text = line.split(" = ", 1)
            return name, Schema([], alias=self.type(text)[0])
        name, *words = line.split()
        base = words[1] if words[:1] == ["<"] else None
        choices = dict(word.split("=") for word in words if "=" in word)
        return name, Schema([], base, choices)

    def field(self, line):
        name, text = line.split(": ", 1)
        return Field(name.rstrip("*"), name.endswith("*"), self.type(text)[0])

    def type(self, text):
        """The type that `text` begins with, and the rest."""
        element = None
        if text.startswith("["):
            element, text = self.type(text[1:])
            kind, text = "array", text[1:]
        else:
            kind = re.match(r"\w+", text)[0]
            text = text[len(kind):]
        found = re.match(r"(~[\w-]+)?(\{[^}]*\})?(\(\d*\.\.\d*\))?(\?)?(=.*)?", text)
        form, values, length, nullable, default = found.groups()
        least, most = (length or "(..)")[1:-1].split("..")
        return Type(
            kind, element, form and form[1:], tuple(values[1:-1].split("|")) if values else (),
            int(least or 0), int(most) if most else None, bool(nullable),
            json.loads(default[1:]) if default else None), text[found.end():]

    def plain(self, kind):
        """The type itself where a schema is but a name for one."""
        schema = self.schemas.get(kind.kind)
        return schema.alias if schema and schema.alias else kind

    def fields(self, name):
        schema = self.schemas[name]
        inherited = self.fields(schema.base) if schema.base else []
        known = {field.name for field in schema.fields}
        return [field for field in inherited if field.name not in known] + schema.fields

    def below(self, name):
        """All places of a schema."""
        for variant in self.schemas[name].choices.values() or [name]:
            for field in self.fields(variant):
                step = (variant, field)
                kind = self.plain(field.type)
                yield Place((step,), False, kind)
                if kind.kind == "array":
                    kind = self.plain(kind.element)
                    yield Place((step,), True, kind)
                if kind.kind in self.schemas:
                    for place in self.below(kind.kind):
                        yield Place((step, *place.members), place.is_element, place.type)

    def value(self, kind):
        """A valid value."""
        kind = self.plain(kind)
        if kind.kind in self.schemas:
            # An empty object cannot be spelt in a form.
            first = self.fields(kind.kind)[0]
            return self.object(kind.kind) or {first.name: self.value(first.type)}
        if kind.kind == "array":
            return [self.value(kind.element)]
        if kind.kind == "string":
            text = EMAIL if kind.format else "text"
            return kind.default or (kind.values[0] if kind.values else text)
        return {"integer": 1, "number": 1, "boolean": True, "object": {}}.get(kind.kind, "text")

    def object(self, name):
        """An object with the required members alone."""
        name = next(iter(self.schemas[name].choices.values()), name)
        return {
            field.name: CLIENT_ID if field.name == "client_id" else self.value(field.type)
            for field in self.fields(name) if field.is_required}

    def planted(self, place, members=None):
        """A valid object but for PLANT, which stands at the place."""
        members = place.members if members is None else members
        (name, field), *rest = members
        value = self.planted(place, rest) if rest else PLANT
        if place.is_element and not rest or field.type.kind == "array" and rest:
            value = [value]
        return self.object(name) | {field.name: value}


contract = Contract(CONTRACT)
BODIES = [operation for operation in contract.operations if operation.body]
CLOSED_BODIES = [operation for operation in BODIES if not operation.is_open]
NEEDY = [operation for operation in CLOSED_BODIES if contract.object(operation.body)]
NAMED = {operation.name: operation for operation in contract.operations}


def any_place(chance, is_wanted=lambda kind: True, operations=CLOSED_BODIES):
    """An operation and a place of its body."""
    while True:
        operation = chance.choice(operations)
        place = chance.choice(contract.places[operation.name])
        if is_wanted(place.type):
            return operation, place


# Requests


@dataclasses.dataclass
class Case:
    """A request and what may come of it."""

    data: bytes
    # Any of 2xx and 4xx is right.
    is_tolerated: bool = False
    # What `error_path` begins with.
    path: str | None = None
    # Those that are right; empty for all of 4xx.
    statuses: tuple = ()
    # Nothing else goes over the connection.
    is_alone: bool = False
    # The client ends its side behind the request.
    is_cut: bool = False
    # The server has to close the connection.
    closes: bool = False
    least: int = 1
    most: int = 1
    # The answer has no body: HEAD.
    is_bare: bool = False
    # Seconds.
    patience: float = SECONDS_FOR_AN_ANSWER


GENERATORS = {}


def generator(weight):
    """Puts a function of a random source among the generators."""
    def register(function):
        GENERATORS[function.__name__] = (function, weight)
        return function
    return register


def octets(text):
    return text if isinstance(text, bytes) else text.encode()


def head(method, target, headers):
    lines = [octets(method) + b" " + octets(target) + b" HTTP/1.1"]
    lines += [octets(name) + b": " + octets(value) for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def request(
        method, target, body=b"", kind="application/json", authorization=AUTHORIZATION, more=()):
    headers = [("Host", f"{HOST}:{PORT}")]
    if authorization is not None:
        headers.append(("Authorization", authorization))
    if body or method not in ("GET", "DELETE"):
        headers += [("Content-Type", kind)] if kind is not None else []
        headers.append(("Content-Length", str(len(body))))
    return head(method, target, headers + list(more)) + body


def call(operation, body=b"", kind="application/json", argument=None):
    return request(operation.method, operation.target(argument), body, kind)


def verify(body, kind="application/json", more=()):
    return request("POST", "/v3/account/verify", body, kind, more=more)


def with_plant(value, raw):
    """The JSON text of `value` with `raw` in the place of PLANT."""
    return json.dumps(value).encode().replace(json.dumps(PLANT).encode(), octets(raw))


def planted_call(operation, place, raw):
    return call(operation, with_plant(contract.planted(place), raw))


BOUNDARY = "-" * 24 + "0123456789abcdef"


def part(name, content, file_name=None):
    """A part without delimiters."""
    disposition = b'Content-Disposition: form-data; name="' + octets(name) + b'"'
    if file_name:
        disposition += f'; filename="{file_name}"\r\nContent-Type: text/plain'.encode()
    return disposition + b"\r\n\r\n" + octets(content)


def multipart(parts, boundary=BOUNDARY):
    delimiter = b"--" + octets(boundary)
    return b"".join(delimiter + b"\r\n" + each + b"\r\n" for each in parts) + delimiter + b"--\r\n"


MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
URLENCODED = "application/x-www-form-urlencoded"


def percent(text):
    return "".join(
        chr(octet) if chr(octet).isalnum() and octet < 128 else f"%{octet:02X}"
        for octet in octets(text)).encode()


def form(chance, fields):
    """A form's body and content type; `fields` are pairs of a name and a text."""
    if chance.random() < 0.5:
        return multipart(part(name, text) for name, text in fields), MULTIPART
    return b"&".join(percent(name) + b"=" + percent(text) for name, text in fields), URLENCODED


def form_text(value):
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return {True: "1", False: "0"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def bracketed(name, value):
    """The pairs that spell a value with brackets."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from bracketed(f"{name}[{key}]" if name else key, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from bracketed(f"{name}[{index}]", inner)
    else:
        yield name, form_text(value)


# Values of wrong types


def wrong_lengths(kind):
    """Strings and arrays that are too long or too short, as JSON."""
    if kind.kind == "string":
        if kind.most:
            yield json.dumps("x" * (kind.most + 1))
            yield json.dumps("é" * (kind.most * 3))
        if kind.least:
            yield json.dumps("x" * (kind.least - 1))
    if kind.kind == "array":
        element = json.dumps(contract.value(kind.element))
        if kind.most:
            yield "[" + ",".join([element] * (kind.most + 1)) + "]"
        if kind.least:
            yield "[]"


def wrong_strings(kind):
    """Texts that are no value of a type, whether they come in JSON or in a form."""
    if kind.format == "email":
        yield from ["plain", "a@b@c.de", "@", "a@", "@b.de", "a b@c.de", "x" * 400 + "@b.de", ""]
    if kind.values:
        yield from ["no such value", kind.values[0] + " ", kind.values[-1] + "\0", "null"]
    if kind.kind == "integer":
        yield from [
            "abc", "1.5", "1e999", "9" * 40, "NaN", " 1", "1 ", "0x10", "１", "1_000", "--1", "1,0",
            "9223372036854775808", "-9223372036854775809", "1\0"]
    if kind.kind == "boolean":
        yield from ["maybe", "2", "-1", "tru", "yes please", "1e0", "00", "true\0"]
    if kind.kind in contract.schemas or kind.kind == "object":
        yield from ["abc", "5", "[1]", '{"a":', "{", "{}{}", "[" * 200, "{'a':1}"]


def wrong_json(kind, is_form=False):
    """JSON texts that are no value of a type; in a form, a text may stand for more."""
    for text in wrong_strings(kind):
        yield json.dumps(text)
    yield from wrong_lengths(kind) if kind.kind == "string" else []
    if kind.kind == "string":
        yield from ["true", "false", "[]", "{}", '["a"]', '{"a":"b"}', "[null]"]
        if kind.format or kind.values:
            yield from ["5", "-1e999", "9" * 40]
    elif kind.kind in ("integer", "number"):
        yield from ["true", "[]", "{}", "[1]", '{"0":1}']
        yield from ["1.5", "1e999", "-1e999", "9" * 40, "1e-5"] if kind.kind == "integer" else []
    elif kind.kind == "boolean":
        yield from ["2", "-1", "[]", "{}", "[true]", "1e999", "0.5", "9" * 40]
    elif kind.kind == "array":
        yield from ["5", "true", "1e999", '{"a":"b"}', '{"0":{"0":0},"x":1}']
        if not is_form:
            yield from ['"abc"', "{}", '{"0":"a"}', '""', '"[]"']
            yield from wrong_lengths(kind)
    elif kind.kind in contract.schemas or kind.kind == "object":
        yield from ["5", "true", "[1]", "1e999", "[[]]", '[{"a":"b"}]']


def has_wrong_json(kind):
    return next(wrong_json(kind), None) is not None


def has_wrong_strings(kind):
    return next(wrong_strings(kind), None) is not None


@generator(20)
def wrong_type_in_json(chance):
    operation, place = any_place(chance, has_wrong_json)
    raw = chance.choice(list(wrong_json(place.type)))
    return Case(planted_call(operation, place, raw), path=place.path)


@generator(6)
def wrong_type_in_json_of_form(chance):
    """Objects and arrays as JSON text in one field, as the SDKs send them."""
    operation, place = any_place(chance, has_wrong_json)
    while len(place.members) == 1 and not place.is_element:
        operation, place = any_place(chance, has_wrong_json)
    raw = chance.choice(list(wrong_json(place.type, True)))
    fields = [
        (name, with_plant(value, raw) if isinstance(value, (dict, list)) else form_text(value))
        for name, value in contract.planted(place).items()]
    return Case(call(operation, *form(chance, fields)), path=place.path)


@generator(6)
def wrong_text_in_form(chance):
    operation, place = any_place(chance, has_wrong_strings)
    text = chance.choice(list(wrong_strings(place.type)))
    fields = [
        (name, text if value == PLANT else value)
        for name, value in bracketed("", contract.planted(place))]
    return Case(call(operation, *form(chance, fields)), path=place.path)


@generator(2)
def brackets_for_a_text(chance):
    operation, place = any_place(
        chance, lambda kind: kind.kind in ("string", "integer", "boolean"))
    if place.path == "file_url":
        # Old samples write `file_url[]` for `file_urls`.
        return brackets_for_a_text(chance)
    fields = [
        (name + "[a]" if value == PLANT else name, value)
        for name, value in bracketed("", contract.planted(place))]
    return Case(call(operation, *form(chance, fields)), path=place.path)


@generator(6)
def missing_member(chance):
    """A required member is left out, or null."""
    while True:
        operation, place = any_place(chance)
        if place.members[-1][1].is_required and not place.is_element:
            break
    text = with_plant(contract.planted(place), "null")
    if chance.random() < 0.5:
        name = json.dumps(place.members[-1][1].name).encode()
        text = text.replace(name + b": null", b'"unknown_member": 1', 1)
    return Case(call(operation, text), path=place.path)


@generator(2)
def null_for_an_element(chance):
    operation, place = any_place(chance)
    while not place.is_element or place.type.kind == "file":
        operation, place = any_place(chance)
    return Case(planted_call(operation, place, "null"), path=place.path)


@generator(1)
def json_for_a_file(chance):
    operation, place = any_place(chance, lambda kind: kind.kind == "file")
    raw = chance.choice(["5", "true", "{}", "[[]]", '{"name":"a.pdf"}'])
    return Case(planted_call(operation, place, raw), path=place.members[0][1].name)


@generator(3)
def no_object(chance):
    """JSON, but no object, or an object and more."""
    operation = chance.choice(CLOSED_BODIES)
    text = json.dumps(contract.object(operation.body))
    return Case(call(operation, octets(chance.choice([
        "[]", "5", "null", "true", '"text"', f"[{text}]", json.dumps(text), text + text,
        text + "x", text + "]", text + "\0", "   ", "\n", "{}{}", "-0", "1e999", "[null]",
        text + ",", "," + text, text[:-1], text[1:]]))))


def wrong_query_values(field):
    yield from wrong_strings(contract.plain(field.type))
    if field.name == "page":
        yield from ["0", "-1", "99999999999", "-9223372036854775808", "9223372036854775807"]
    if field.name == "page_size":
        yield from ["0", "-1", "101", "1000000", "9223372036854775807"]


@generator(6)
def wrong_query(chance):
    while True:
        operation = chance.choice(contract.operations)
        fields = [field for place, field in operation.parameters if place == "query"]
        if not fields:
            continue
        wrong = chance.choice(fields)
        values = list(wrong_query_values(wrong))
        if values:
            break
    pairs = {field.name: form_text(contract.value(field.type)) for field in fields
             if field.is_required} | {wrong.name: chance.choice(values)}
    query = b"&".join(percent(name) + b"=" + percent(text) for name, text in pairs.items())
    if chance.random() < 0.15:
        query = query.replace(wrong.name.encode() + b"=", wrong.name.encode() + b"[a][]=")
    body = json.dumps(contract.object(operation.body)).encode() if operation.body else b""
    target = octets(operation.target()) + b"?" + query
    return Case(request(operation.method, target, body), path=wrong.name)


# JSON


@generator(0.6)
def deep_nesting(chance):
    operation, place = any_place(chance)
    opening, closing = chance.choice([("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
    depth = chance.choice([200, 1000, 10_000, 10_000])
    inner = chance.choice(["1", "", "[]"])
    raw = opening * depth + inner + chance.choice([closing * depth, "", closing * (depth - 1)])
    if chance.random() < 0.3:
        return Case(call(operation, octets(raw)))
    if chance.random() < 0.3:
        return Case(call(operation, b'{"unknown": ' + octets(raw) + b"}"))
    return Case(planted_call(operation, place, raw))


@generator(2)
def huge_number(chance):
    operation, place = any_place(
        chance, lambda kind: kind.kind not in ("string", "file", "any") or kind.format)
    raw = chance.choice([
        "1e999", "-1e999", "9" * 40, "-" + "9" * 40, "1e" + "9" * 400, "0." + "9" * 4000,
        "9" * 100_000, "1e-99999999", "18446744073709551616", "9223372036854775808"])
    return Case(planted_call(operation, place, raw), path=place.path)


@generator(0.5)
def huge_string(chance):
    operation, place = any_place(
        chance,
        lambda kind: kind.kind != "string" and has_wrong_json(kind) or kind.most or kind.format)
    text = chance.choice(["x", "é", "👩‍👩‍👧", "e\u0301", " ", '"', "\\", "[", "\0", "@"])
    raw = json.dumps(text * chance.choice([30_000, 100_000]), ensure_ascii=chance.random() < 0.5)
    return Case(planted_call(operation, place, raw), path=place.path)


@generator(0.2)
def huge_body(chance):
    """Much for an address that is not there, or from nobody."""
    body = VERIFY_JSON + b" " * (2 << 20)
    if chance.random() < 0.5:
        return Case(request("POST", "/v3/nowhere", body), is_alone=True)
    return Case(request("POST", "/v3/account/verify", body, authorization=None), is_alone=True)


BROKEN_VALUES = [
    "NaN", "Infinity", "-Infinity", "01", "-", ".5", "5.", "+1", "1e", "1e+", "0x1F", "tru", "nul",
    "True", "None", "undefined", "'a'", '"\\x41"', '"\\u12"', '"\\u12G4"', '"\\"', '"a', '"a\n"',
    '"a\0"', '"\x1f"', "[1,]", "[,1]", "[1 2]", '{"a"}', "{1:2}", '{"a":1,}', '{"a":1 "b":2}',
    '{"a":}', '{"a"::1}', "{,}", "[", "{", "]", "}", ":", ",", "", "/**/1", "1//", "#", "`a`",
    "\x0b1", "\u00a01", "\u20281", "\ufeff1", "1n", "--1", "1-", "1.2.3", '"a""b"', "\\u0031",
    "\x001"]


@generator(4)
def broken_json(chance):
    operation, place = any_place(chance)
    return Case(planted_call(operation, place, chance.choice(BROKEN_VALUES)))


@generator(1)
def json_in_another_encoding(chance):
    text = json.dumps(VERIFY)
    encoding = chance.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "utf-7"])
    if encoding == "utf-7":
        return Case(verify(text.replace("{", "+AHs-").encode(), "application/json; charset=utf-7"))
    kind = chance.choice(["application/json", f"application/json; charset={encoding}"])
    return Case(verify(text.encode(encoding), kind))


BAD_UTF8 = [
    b"\xff", b"\xfe\xff", b"\xc0\x80", b"\xc1\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\xf8\x88\x80\x80\x80", b"\xc3(", b"\xf0\x9f\x98"]


@generator(3)
def bad_utf8_in_json(chance):
    operation, place = any_place(chance, lambda kind: kind.kind == "string")
    bad = chance.choice(BAD_UTF8)
    if chance.random() < 0.2:
        text = json.dumps(contract.object(operation.body)).encode()[:-1]
        text += (b"," if len(text) > 1 else b"") + b'"' + bad + b'": 1}'
        return Case(call(operation, text))
    return Case(planted_call(operation, place, b'"a' + bad + b'@example.com"'))


@generator(2)
def lone_surrogate(chance):
    operation, place = any_place(chance, lambda kind: kind.kind == "string")
    escape = chance.choice([
        "\\ud800", "\\udc00", "\\ud800\\ud800", "\\ud800x", "\\ud83d\\u0041", "\\ude00\\ud83d",
        "\\udfff\\n", "\\ud800\\", "\\uD800\\uDBFF", "\\ud800\\u", "\\ud800\\udc0"])
    return Case(planted_call(operation, place, f'"a@b{escape}"'))


@generator(1.5)
def odd_json(chance):
    """JSON that a parser may take."""
    members = ", ".join(f'"member{index}": {index}' for index in range(1500))
    return Case(is_tolerated=True, data=verify(octets(chance.choice([
        '{"email_address":"a@b.de","email_address":"c@d.de"}',
        '{"email_address":5,"email_address":"c@d.de"}',
        '{"email_address":"c@d.de","email_address":[]}',
        '{"email_address":"a@b.de",' + ",".join(['"x":1'] * 1000) + "}",
        '{"email_address":"a\\u0000@b.de"}', '{"email_address":"\\u0000@\\u0000"}',
        '{"email_address":"\\uffff@\\ufdd0"}', '{"email_address":"a@b.de\\u202e"}',
        '{"email_address":"\\ud83d\\ude00@b.de"}',
        '{"email_address\\u0000":1,"email_address":"a@b"}', '\ufeff{"email_address":"a@b.de"}',
        " " * 5000 + '{"email_address":"a@b.de"}\r\n\t ',
        '{"__proto__":{"a":1},"constructor":2,"email_address":"a@b.de"}',
        '{"email_address":"a@b.de","":1}', '{"email_address":"a@b.de","x":1e999}',
        '{"email_address":"a@b.de","x":' + "9" * 5000 + "}",
        '{"email_address":"a@b.de","x":' + "[" * 100 + "]" * 100 + "}",
        '{"email_address":"a@b.de","x":' + "[" * 128 + "]" * 128 + "}",
        '{"email_address":"a@b.de","' + "x" * 50_000 + '":1}',
        '{"email_address":"a@b.de", ' + members + "}",
        '{"e\\u0301":1,"\\u00e9":2,"email_address":"a@b.de"}',
        '{"email_address":"\'; DROP TABLE accounts; --@b.de"}'.replace(" ", ""),
        '{"email_address":"<script>@b.de"}', '{"email_address":"%s%n%x@b.de"}']))))


@generator(0.05)
def many_duplicates(chance):
    """Many names, and each of them again: work for a parser that looks for the first ones."""
    names = [f'"{chance.random()}":{index}' for index in range(24_000)]
    text = "{" + ",".join(names + names) + ',"email_address":"a@b.de"}'
    # Half a second where the time grows with their number; more than this where it grows with the square.
    return Case(verify(text.encode()), is_tolerated=True, patience=15)


# Forms


@generator(2.5)
def bad_utf8_in_form(chance):
    bad = chance.choice(BAD_UTF8)
    if chance.random() < 0.5:
        return Case(verify(*form(chance, [("email_address", b"a" + bad + b"@b.de")])))
    fields = [("client_id", CLIENT_ID), ("metadata[key]", b"a" + bad), ("signers[0][name]", bad)]
    return Case(call(NAMED["signatureRequestSend"], *form(chance, fields)))


@generator(1)
def bad_utf8_in_names(chance):
    bad = chance.choice(BAD_UTF8)
    name = chance.choice([b"email_address" + bad, bad, b"a[" + bad + b"]", bad + b"[0]"])
    return Case(verify(*form(chance, [(name, EMAIL)])))


@generator(1.5)
def bad_percent(chance):
    junk = chance.choice(["%", "%4", "%zz", "%u0041", "%%", "%-1", "% 41", "%\0", "%é"])
    body = chance.choice(["email_address={}", "{}=a", "{}", "email_address{}=a"]).format(junk)
    return Case(verify(octets(body), URLENCODED))


@generator(1)
def odd_form(chance):
    """Forms that a parser may take."""
    kind = URLENCODED
    body = chance.choice([
        b"email_address=a%00@b.de", b"email_address=a@b.de&email_address=c@d.de",
        b"&&&email_address=a@b.de&&&", b"email_address=a@b.de&=&==&===",
        b"email_address=a@b.de&%00=1", b"email_address=a@b.de&" + b"&" * 10_000,
        b"email_address=a@b.de;x=1", b"\n", b"email_address=a@b.de&email_address[]=1",
        b"email_address=a@b.de&email_address[a][b]=1",
        b"email_address[]=a@b.de&email_address=a@b.de", b"email_address=a@b.de&x]=1&x[a]b=1&[x]=2"])
    if chance.random() < 0.5:
        twice = [part("email_address", EMAIL), part("email_address", "a\0@b.de")]
        body, kind = chance.choice([
            (multipart(twice), MULTIPART), (multipart(twice[1:]), MULTIPART),
            (b"preamble\r\n" + multipart(twice) + b"epilogue", MULTIPART),
            (multipart([part("email_address", EMAIL, "name.txt")] + twice), MULTIPART),
            (multipart([part("", EMAIL)] + twice), MULTIPART),
            (multipart(twice, "a b"), 'multipart/form-data; boundary="a b"'),
            (multipart(twice, "x" * 2000), "multipart/form-data; boundary=" + "x" * 2000),
            (multipart(twice), f"Multipart/Form-Data; Boundary={BOUNDARY}")])
    return Case(verify(body, kind), is_tolerated=True)


GOOD_PART = part("email_address", EMAIL)
GOOD_FORM = multipart([GOOD_PART])
OTHER_FORM = multipart([part("name", "text")])


def long_boundary():
    return "x" * 5000


def broken_forms():
    """Bodies and content types; a good field is in those alone that cannot be read."""
    delimiter = b"--" + BOUNDARY.encode()
    disposition = b'Content-Disposition: form-data; name="email_address"'
    end = delimiter + b"--\r\n"
    for body in [
        GOOD_FORM[: -len(end)], GOOD_FORM[:-60], GOOD_FORM[: len(delimiter) + 20], delimiter,
        delimiter + b"\r\n", delimiter + b"\r\n\r\n", end, end + GOOD_FORM, b"\r\n", b"x",
        delimiter * 3, GOOD_FORM.replace(b"\r\n", b"\n"), GOOD_FORM.replace(b"\r\n\r\n", b"\r\n"),
        GOOD_FORM.replace(delimiter, delimiter + b"x"),
        GOOD_FORM.replace(delimiter, b"-" + delimiter[2:]), multipart([EMAIL.encode()]),
        multipart([b"\r\n" + EMAIL.encode()]),
        multipart([b"Content-Disposition: form-data\r\n\r\n" + EMAIL.encode()]),
        multipart([b"Content-Disposition: attachment; filename=a\r\n\r\nx"]),
        multipart([b"Content-Type: text/plain\r\n\r\nx"]),
        multipart([disposition + b"\r\nno colon\r\n\r\n" + EMAIL.encode()]),
        multipart([b"X-Long: " + b"x" * 20_000 + b"\r\n" + part("name", "text")]),
        multipart([b"X: y\r\n" * 3000 + part("name", "text")]),
        multipart([part('a"; name="b', "text")]), multipart([part("a\r\nX: y", "text")]),
        multipart([part("a\0b", "text")]), multipart([part('a\\', "text")]),
        multipart([b'Content-Disposition: form-data; name="name\r\n\r\ntext']),
        multipart([b"Content-Disposition: form-data; name=\r\n\r\ntext"]),
        multipart([b"Content-Disposition: form-data; name*=UTF-8''%ff\r\n\r\ntext"]),
        multipart([b"Content-Transfer-Encoding: base64\r\n" + part("name", "dGV4dA")]),
        multipart([b"Content-Disposition: form-data; " + b";" * 5000 + b"\r\n\r\ntext"]),
        multipart([part("name", multipart([part("inner", "text")]))]),
        multipart([
            b"Content-Type: multipart/mixed; boundary=y\r\n"
            + part("files", "--y\r\n\r\nx\r\n--y--")]),
    ]:
        yield body, MULTIPART
    for kind in [
        "multipart/form-data", "multipart/form-data;", "multipart/form-data; boundary",
        "multipart/form-data; boundary=", 'multipart/form-data; boundary=""', "multipart/mixed",
        "multipart/form-data; boundary=other", "multipart/form-data; boundaries=" + BOUNDARY,
        f"multipart/mixed; boundary={BOUNDARY}", "multipart/form-data; boundary=\t",
    ]:
        yield GOOD_FORM, kind
    for kind in [
        f"multipart/form-data; boundary=a; boundary={BOUNDARY}", f"{MULTIPART}; boundary=a",
        f'multipart/form-data; boundary="{BOUNDARY}', f"multipart/form-data; boundary='{BOUNDARY}'",
        "multipart/form-data; boundary=" + long_boundary(),
        f"multipart/form-data, boundary={BOUNDARY}", "multipart/form-data; boundary=é",
        b"multipart/form-data; boundary=\xff", "multipart/form-data" + "; a=b" * 3000,
        'multipart/form-data; boundary="' + "\\" * 4001,
    ]:
        yield OTHER_FORM, kind
    yield multipart([part("name", "text")], long_boundary()), (
        "multipart/form-data; boundary=" + long_boundary())


BROKEN_FORMS = list(broken_forms())


@generator(4)
def broken_multipart(chance):
    return Case(verify(*chance.choice(BROKEN_FORMS)))


def bracket_names():
    signer = "signers[0]"
    return [
        "a[[[", "a[b", "signers[99999999999][name]", "signers[-1]", "signers[-1][name]",
        "signers[0", "signers[0][name", "signers]0[", "[", "]", "[]", "[a]", "[[]]",
        "signers[0]]name", "signers[][]", "signers[a][name]", "signers[1e3]", "signers[ 0 ][name]",
        "signers[0][__proto__]", "signers[9223372036854775807][name]",
        "signers[9223372036854775808][name]", "signers[-9223372036854775808][name]", "signers[\0]",
        "signers[\0][name]", "signers[0][name][x]", "signers[name]", "signers[][name]",
        "signers[0].name", "signers[0][email_address][]", "metadata[]", "metadata[[]]",
        "metadata[a][b][c][d]", "metadata[é]", "files[0]", "file[0]", "files[99999999999999999999]",
        "a" + "[b]" * 20, "signers" + "[0]" * 20, "a" + "[]" * 200, "a" + "[" * 50_000,
        "a" + "[]" * 25_000, "a" + "]" * 50_000, "[" * 50_000, "a[" + "b" * 50_000,
        signer + "[form_fields_per_document][0][type]", "form_fields_per_document[0][type]",
        "form_fields_per_document[0][document_index]", "custom_fields[0][name][0]", "", "\n",
        "a[\n]"]


@generator(4)
def bracket_name(chance):
    """To an operation that needs a file, and gets none."""
    names = chance.sample(bracket_names(), chance.randint(1, 3))
    names += chance.choice([[], ["signers"], ["signers[0]", "signers[0][name]"], ["metadata"]])
    fields = [(name, chance.choice(["text", "5", "", "{}", "[]", "null"])) for name in names]
    chance.shuffle(fields)
    return Case(call(NAMED["signatureRequestSend"], *form(chance, fields)))


@generator(0.15)
def many_fields(chance):
    name = chance.choice(["a", "email_address", "a[]", "a[b]", "a[%d]", "a%d"])
    names = (name.replace("%d", str(index)) for index in itertools.count())
    if chance.random() < 0.5:
        body = b"&".join(percent(each) + b"=1" for each in itertools.islice(names, 100_000))
        return Case(verify(body, URLENCODED))
    parts = [part(each, "1") for each in itertools.islice(names, 10_000)]
    return Case(verify(multipart(parts), MULTIPART))


@generator(0.2)
def nearly_too_many_fields(chance):
    """As many as a form may have, all in one place; still without what is required."""
    name = chance.choice([
        "domains[]", "domains[{}]", "oauth[scopes][]", "x{}", "x[{}][{}]", "x[][a]"])
    fields = [(name.replace("{}", str(index)), "1") for index in range(1900)]
    return Case(call(NAMED["apiAppCreate"], *form(chance, fields)))


@generator(2)
def wrong_content_type(chance):
    pair = b"email_address=someone%40example.com"
    body, kind = chance.choice([
        (VERIFY_JSON, "text/plain"), (VERIFY_JSON, "application/xml"), (VERIFY_JSON, "text/html"),
        (VERIFY_JSON, "application/octet-stream"), (VERIFY_JSON, "image/png"), (VERIFY_JSON, "*/*"),
        (VERIFY_JSON, ";"), (VERIFY_JSON, "x"), (VERIFY_JSON, "text/plain; charset=utf-8"),
        (VERIFY_JSON, "multipart/form-data"), (VERIFY_JSON, MULTIPART), (VERIFY_JSON, URLENCODED),
        (VERIFY_JSON, "x" * 10_000), (VERIFY_JSON, "application/é"), (VERIFY_JSON, b"\xff/\xfe"),
        (GOOD_FORM, "application/json"), (GOOD_FORM, URLENCODED), (pair, "application/json"),
        (pair, MULTIPART), (pair, "text/plain"), (b"<a/>", "application/xml"),
        (b"\0" * 100, "application/json"),
        (VERIFY_JSON, "application/x-www-form-urlencoded; charset=utf-16")])
    return Case(verify(body, kind))


# Meaning


@dataclasses.dataclass
class Made:
    """What was made before the hostile requests, for them to name."""

    app: str = "0" * 32
    template: str = "0" * 40


made = Made()
FILE = ("file.txt", b"A document of one page.\n")


def with_file(operation, fields, name="files[0]"):
    parts = [part(key, text) for key, text in fields] + [part(name, FILE[1], FILE[0])]
    return call(operation, multipart(parts), MULTIPART)


def bulk(content, is_embedded=False):
    fields = [
        ("test_mode", "1"), ("client_id", CLIENT_ID), ("template_ids[0]", made.template)]
    name = "signatureRequestBulk" + ("CreateEmbedded" if is_embedded else "Send") + "WithTemplate"
    parts = [part(key, text) for key, text in fields] + [part("signer_file", content, "a.csv")]
    return call(NAMED[name], multipart(parts), MULTIPART)


def bad_tables():
    columns = "name,email_address"
    row = f"\nSomeone,{EMAIL}"
    return [
        "", "\n", "\n\n\n", " ", ",", "\0", "\"", "\"\n", ",,,,\n,,,,", columns, columns + "\n",
        "name" + row, "email_address" + row, "Name,E-Mail" + row,
        columns + "\nSomeone,plain", columns + "\nSomeone,",
        columns + "\nSomeone", columns + "\n,,,,,", columns + row * 251,
        columns + '\n"Someone,' + EMAIL, columns + row + '\n"', columns + '\n"a"b,c',
        columns + "\n" + "x" * 200_000, columns + "\n" + "," * 20_000, "," * 20_000 + row,
        columns + row + "\nSomeone,a@b@c", columns + ",pin" + row + ",1",
        columns + ",pin" + row + "," + "1" * 50, columns + ",sms_phone_number" + row + ",abc",
        columns + "\x00" + row, '"' * 10_001, columns + "\n" + '"\n' * 2001 + ",",
        "name,name" + row, "\r" + columns, columns + "\nSomeone\0,\0@", json.dumps([VERIFY]),
        "%PDF-1.4", "PK\x03\x04", columns.encode("utf-16"), columns.encode() + b"\n\xff,a@b.de",
        b"\xff\xfe", b"\x80" * 1000, (columns + row).encode("utf-16"),
        columns.encode() + b"\n\xc3(,a@b.de"]


@generator(3)
def bad_table(chance):
    """CSV that is none, or has wrong rows, for bulk sending."""
    return Case(bulk(octets(chance.choice(bad_tables())), chance.random() < 0.5))


SIGNER = [("signers[0][name]", "Someone"), ("signers[0][email_address]", EMAIL)]


def signer_changes():
    """Fields of a signer and others that the API's texts rule out, though the types are right."""
    box = {
        "document_index": 0, "api_id": "a", "height": 1, "width": 1, "x": 1, "y": 1,
        "required": True, "signer": "0", "type": "text", "page": 1}
    largest = str(2**63 - 1)
    yield from [
        ("signers[0][pin]", "1"), ("signers[0][pin]", "1" * 50),
        ("signers[0][sms_phone_number]", "abc"), ("signers[0][sms_phone_number]", "+"),
        ("signers[0][sms_phone_number]", "+½½½½½½½½½½"), ("expires_at", "1"),
        ("expires_at", largest), ("expires_at", "-" + largest), ("expires_at", str(-(2**63))),
        ("grouped_signers", json.dumps([{"group": "a", "signers": [{"name": "a", **VERIFY}]}])),
        ("metadata", json.dumps({str(index): "a" for index in range(11)})),
        ("metadata", json.dumps({"x" * 41: "a"})), ("metadata", json.dumps({"a": "x" * 1001})),
        ("metadata", json.dumps({"a": {str(index): 1 for index in range(51)}})),
        ("attachments", json.dumps([{"name": "a", "signer_index": 9}])),
        ("attachments", json.dumps([{"name": "a", "signer_index": -1}])),
        ("attachments", json.dumps([{"name": "a", "signer_index": 2**63 - 1}])),
        ("form_fields_per_document", json.dumps([box, box]))]
    for change in [
        {"document_index": 1}, {"document_index": -1}, {"document_index": 2**63 - 1},
        {"signer": "1"}, {"signer": "-1"}, {"signer": ""}, {"signer": "9" * 40}, {"type": "none"},
        {"type": ""},
    ]:
        yield "form_fields_per_document", json.dumps([box | change])


SIGNER_CHANGES = list(signer_changes())


@generator(1.5)
def wrong_request(chance):
    """A signature request that is right but for one thing."""
    name, text = chance.choice(SIGNER_CHANGES)
    fields = [("client_id", CLIENT_ID)] + SIGNER + [(name, text)]
    operation = NAMED[chance.choice(["signatureRequestSend", "signatureRequestCreateEmbedded"])]
    return Case(with_file(operation, fields), path=name.replace("][", ".").split("[")[0])


def wrong_date(chance):
    dates = [
        "13/01/2020", "00/01/2020", "01/32/2020", "1/1/2020", "2020-01-01", "", "//", "01/01/99999",
             "+1/01/2020", "01/+1/2020", "０１/01/2020", "02/30/2020", "04/31/2020", "01/01/-999",
             "ab/cd/efgh", "\0", "/" * 10_000]
    days = ["01/01/2020", "12/31/2020"]
    days[chance.randrange(2)] = chance.choice(dates)
    return days


@generator(1)
def wrong_report(chance):
    days = chance.choice([
        wrong_date(chance), wrong_date(chance), ["12/31/2020", "01/01/2020"],
        ["01/01/1990", "01/01/2020"]])
    body = {"start_date": days[0], "end_date": days[1], "report_type": ["user_activity"]}
    return Case(call(NAMED["reportCreate"], json.dumps(body).encode()))


@generator(1)
def wrong_recipient(chance):
    recipient = chance.choice([
        "abc", "+", "123", "1" * 16, "½½½½½½½½", "٣٣٣٣٣٣٣٣", "+1+4155550100", "@", "a@b@c", "",
        "\0", "1" * 50_000, "().-().-", "Ⅷ" * 8, "1415555010x"])
    fields = [("test_mode", "1"), ("recipient", recipient)]
    return Case(with_file(NAMED["faxSend"], fields), path="recipient")


@generator(0.5)
def wrong_number_range(chance):
    body = {"country": chance.choice(["US", "CA", "UK"]), "area_code": chance.choice(
        [0, -1, 1, 999_999, 2**63 - 1, -(2**63), "+1", "1\u0660"])}
    return Case(call(NAMED["faxLineCreate"], json.dumps(body).encode()), path="area_code")


@generator(1)
def wrong_pages(chance):
    pages = chance.choice([
        "x", "1-", "-1", "1-2-3", "", ",", "1,,2", "99999999999999999999", "+1", "1-+2", "１", "1;2",
        "\0", "all,1", "1-99999999999"])
    fields = [("detection_mode", "text_tags"), ("page_range", pages)]
    data = with_file(NAMED["documentDetectFields"], fields, "file")
    return Case(data, path="page_range")


@generator(0.5)
def wrong_search(chance):
    query = chance.choice([
        "nosuchfield:a", ":", "::", "-:a", '"a:b', "a:" * 20,
        " ".join(f"w{number}" for number in range(33)), "title:a " * 40, "\0:\0", "é:é"])
    target = b"/v3/signature_request/list?query=" + percent(query)
    return Case(request("GET", target), path="query")


WRONG_ADDRESSES = [
    "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)", "no address", "http:",
    "http://", "//a/b", "http://a b/", "http://\0/", "/etc/passwd", "ftp://a/", "data:,a",
    "https://a.example/\r\nX: y", "http:///a", "http://[::1", "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/", "http://[::1]:80x/"]


@generator(1)
def wrong_address(chance):
    address = chance.choice(WRONG_ADDRESSES)
    if chance.random() < 0.7:
        operation, argument = chance.choice([
            (NAMED["accountUpdate"], None), (NAMED["apiAppUpdate"], made.app)])
        body = json.dumps({"callback_url": address}).encode()
        return Case(call(operation, body, argument=argument), path="callback_url")
    body = {"file_urls": [address], "signers": [{"name": "a", **VERIFY}], "test_mode": True}
    return Case(call(NAMED["signatureRequestSend"], json.dumps(body).encode()), path="file_urls")


def odd_ids():
    return [
        "0", "null", "undefined", "None", "-1", "a" * 40, "A" * 40, "g" * 40, "0" * 39, "0" * 41,
        "%00", "%20", "%ff", "%C0%80", "%ed%a0%80", "%zz", "%", "%4", "%25s%25n", "%2F",
        "%2e%2e%2f%2e%2e", "..", ".", "...", "~", "'%20OR%201=1--", "$(id)", "`id`", "{}", "{id}",
        "[]", "*", "=", "&", "=x", "&&", "+", "a+b", "a;b=c", "a,b", "a=b&c=d", "%0d%0aX:%20y",
        "%F0%9F%98%80", "%E2%80%AE", "x" * 10_000, "%61" * 5000, "a%00b", ":", "@", "!", "%26",
        "%3D", "%23", "0x10", "1e999", "9" * 400, "true", "a/b", "a/../b", "//"]


@generator(4)
def odd_id(chance):
    operation = chance.choice([each for each in contract.operations if "{" in each.path])
    body = json.dumps(contract.object(operation.body)).encode() if operation.body else b""
    return Case(call(operation, body, argument=chance.choice(odd_ids())))


@generator(0.7)
def nearly_an_id(chance):
    """An id that is there, and something more."""
    identifier, path = chance.choice([(made.app, "/v3/api_app/"), (made.template, "/v3/template/")])
    more = chance.choice([
        "=", "=x", "&", "&x=y", "%00", "%20", "+", "%0a", ";", "%2f", "/x", ",", "%C2%AD", "%cc%81",
        "x"])
    changed = chance.choice([
        identifier + more, identifier + more, identifier + more, more.strip("/") + identifier,
        identifier.upper() + "X", identifier[:-1]])
    return Case(request("GET", path + changed))


# Credentials


def bad_credentials():
    def basic(text):
        return "Basic " + base64.b64encode(octets(text)).decode()
    return [
        None, "", " ", "Basic", "Basic ", "Basic !!!", "Basic a", "Basic ====", "Basic \u00e9",
        basic(""), basic(":"), basic("key"), basic(":key"), basic(b"\xff:"), basic(b"\xc0\x80:"),
        "Basic " + "A" * 20_001, basic("::"), "Bearer", "Bearer ", "Bearer x",
        "Bearer " + "x" * 20_000, "Bearer a b c", "Bearer \t", "Bearer ====", "Bearer null",
        "Bearer eyJhbGciOiJub25lIn0.e30.", "bearer x", "Digest username=\"key\"", "Negotiate x",
        "key:", "key", "Token key", "Basic,", "Basic=" + basic("key:")[6:], b"Bearer \xff\xfe",
        "Bearer ${jndi:ldap://a}", basic("key:")[6:], "Basic " + basic("key:")[6:] + " extra",
        "Basic\u00a0" + basic("key:")[6:], ", ".join([basic(":")] * 3)]


@generator(3)
def bad_authorization(chance):
    names = ["accountGet", "accountVerify", "templateList", "faxList", "signatureRequestSend"]
    operation = NAMED[chance.choice(names)]
    if chance.random() < 0.5:
        operation = chance.choice([each for each in contract.operations if not each.is_open])
    body = json.dumps(contract.object(operation.body)).encode() if operation.body else b""
    credentials = chance.choice(bad_credentials())
    data = request(operation.method, operation.target(), body, authorization=credentials)
    return Case(data, statuses=(400, 401))


# Targets and methods


def wrong_targets():
    return [
        "/v3", "/v3/", "/v3/nowhere", "/v4/account", "/V3/account", "/v3/ACCOUNT", "/v3/account%00",
        "/v3/%00", "/v3/account%2f", "/v3%2faccount", "/v3/account%20", "/v3/signature_request/%ff",
        "/v3/signature_request/%zz", "/v3/signature_request/", "/v3/..%2f..%2fetc%2fpasswd",
        "/../../etc/passwd", "/v3/../../etc/passwd", "/v3/account/../../../etc/passwd", "/v3/.env",
        "/v3/account;x=y", "/v3/account%3fx", "/v3/account\\", "/v3\\account", "/v3/api_app/{}",
        "/v3/template/{}", "/v3/{}", "/v3/signature_request/{signature_request_id}",
        "/v3/acc\u00f6unt", b"/v3/\xff", b"/v3/account\xff", "/v3/account\x7f",
        "/v3/signature_request/\u00e9\u4e2d", "/v3/signature_request/%C3%A9", "/v3/account/account",
        "/v3/v3/account", "/v3/account.json", "/v3/%", "/v3/%%%", "/v3/%u0061ccount",
        "/v3/" + "a/" * 15_000, "/v3/" + "a" * 30_000, "/v3/" + "%00" * 10_000,
        "/v3/signature_request/" + "%ff" * 10_000, "/v3/" + "../" * 10_000 + "etc/passwd",
        "/v3/" + "//" * 10_000 + "x", "/v3/fax_line/list?page=%zz", "/v3/fax_line/list?page=%",
        "/v3/fax_line/list?page[=1", "/v3/fax_line/list?page[[[", "/v3/fax_line/list?page[a]=1",
        "/v3/fax_line/list?page" + "[a]" * 20 + "=1", "/v3/fax_line/list?page=1%00",
        "/v3/fax_line/list?page=%ff", b"/v3/fax_line/list?page=\xff",
        "/v3/fax_line/list?" + "x=1&" * 15_000]


@generator(5)
def wrong_target(chance):
    method = chance.choice(["GET", "GET", "GET", "POST", "PUT", "DELETE"])
    target = chance.choice(wrong_targets())
    if b"fax_line/list" in octets(target):
        method = "GET"
    return Case(request(method, target), is_alone=True)


@generator(1)
def malformed_target(chance):
    target = chance.choice([
        "v3/account", "account", "", "\\v3\\account", "?", "#", "://", "http:",
        "http:/v3/account", "http://[::1", "http://:x/v3/account", "/v3/account /v3/account",
        "/v3/account\t", "/v3\0/account", "/v3/account\x01", "%2fv3%2faccount", "//",
        "http:///v3/account", "*"])
    return Case(request("GET", target, authorization=None), is_alone=True)


@generator(1)
def same_target(chance):
    """Other spellings of an address, which a server may know."""
    target = chance.choice([
        "/v3/../v3/account", "/v3/%2e%2e/v3/account", "//v3//account", "/v3//account",
        "/v3/./account", "/v3/account/", "/v3/%61ccount", "/%76%33/account",
        f"http://{HOST}:{PORT}/v3/account", "http://elsewhere.example/v3/account",
        "https://a@b.example:1/v3/account", "/v3/account#fragment", "/v3/x/../account",
        "/v3/account/.", "/v3/account/x/..", "HTTP://A/v3/account"])
    return Case(request("GET", target), is_tolerated=True, is_alone=True)


@generator(0.6)
def odd_query(chance):
    """Queries that say nothing, at length."""
    query = chance.choice([
        "?" * 20_000, "&" * 20_000, "=" * 20_000, "&=" * 10_000, "?a=1?b=2", "a", "a=%00", "%00=a",
        "a[b]=1&a=2&a[]=3", "?" * 3, "x" * 20_000, "x=" + "y" * 20_000, "a=1&" * 1900,
        "x[]=1&" * 1500, "%C3%A9=%C3%A9", "\u00e9=1", "%ff=1", "a=%ff", "<>\"{}|^`"])
    return Case(request("GET", f"/v3/account?{query}"), is_tolerated=True, is_alone=True)


METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


@generator(0.3)
def wrong_wish(chance):
    """Headers of the mock's own, with values that they do not have."""
    name = chance.choice(["X-Countersign-Error", "X-Countersign-Outcome"])
    value = chance.choice(["", "nonsense", "\u00e9", b"\xff", "x" * 20_000, "bad_request, unknown"])
    return Case(request("GET", "/v3/account", more=[(name, value)]))


@generator(2)
def wrong_method(chance):
    """The path of an operation with a method that it has not."""
    operation = chance.choice(contract.operations)
    known = {each.method for each in contract.operations if each.path == operation.path}
    method = chance.choice([each for each in METHODS if each not in known])
    return Case(request(method, operation.target(), b"{}" if method != "GET" else b""))


@generator(1.5)
def odd_method(chance):
    target = chance.choice(["/v3/account", "/v3/account/verify", "/v3/fax/send", "/v3/nowhere"])
    method, target = chance.choice([
        ("OPTIONS", "*"), ("OPTIONS", target), ("TRACE", target), ("CONNECT", f"{HOST}:{PORT}"),
        ("CONNECT", "/v3/account"), ("CONNECT", "*"), ("PATCH", target), ("PROPFIND", target),
        ("PURGE", target), ("SEARCH", target), ("MKCOL", target), ("get", target), ("Get", target),
        ("post", target), ("gET", target), ("BREW", target), ("GETGET", target), ("-", target),
        ("x" * 5000, target)])
    return Case(request(method, target), is_alone=True)


@generator(0.5)
def head_of_nothing(chance):
    target = chance.choice(["/v3/account/verify", "/v3/nowhere", "/v3/template/" + "0" * 40])
    return Case(request("HEAD", target, kind=None), is_alone=True, is_bare=True)


@generator(1)
def malformed_method(chance):
    method = chance.choice([
        "", " ", "G ET", "G\0ET", "GET\t", "\u00c9", "(GET)", "GE:T", "\x16\x03\x01",
        "\x80", "GET,POST", "\"GET\""])
    return Case(request(method, "/v3/account", kind=None), is_alone=True, closes=True)


# HTTP itself


def raw_head(*lines, body=b""):
    """A request from lines as they are, with good credentials."""
    lines = [octets(line) for line in lines] + [f"Authorization: {AUTHORIZATION}".encode()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


GET_LINE = "GET /v3/account HTTP/1.1"
POST_LINE = "POST /v3/account/verify HTTP/1.1"
HOST_LINE = f"Host: {HOST}:{PORT}"
TYPE_LINE = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"


def raw_post(*lines, body):
    return raw_head(POST_LINE, HOST_LINE, TYPE_LINE, *lines, body=body)


@generator(1.5)
def malformed_request_line(chance):
    line = chance.choice([
        "GET /v3/account HTTP/9.9", "GET /v3/account HTTP/1.1.1", "GET /v3/account HTTP/x.y",
        "GET /v3/account HTTX/1.1", "GET /v3/account http/1.1", "GET /v3/account HTTP/11",
        "GET /v3/account HTTP/ 1.1", "GET /v3/account HTTP/1.", "GET", "GET /v3/account HTTP/-1.1",
        "/v3/account HTTP/1.1", "GET /v3/account HTTP/1.1 x", "GET\t/v3/account\tHTTP/1.1", "{}",
        "\0", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "PRI * HTTP/2.0", "HTTP/1.1 200 OK",
        ": : :", "GET /v3/account SIP/2.0", "GET  HTTP/1.1",
        "\ufeffGET /v3/account HTTP/1.1", "SSH-2.0-x", "<html>", "\x05\x01\x00"])
    return Case(raw_head(line, HOST_LINE), is_alone=True, closes=True)


@generator(0.1)
def old_version(chance):
    """HTTP/1.0, where a connection ends with its answer unless the client wants to keep it."""
    method, target = chance.choice(["GET", "POST"]), chance.choice(["/v3/account", "/v3/nowhere"])
    data = raw_head(f"{method} {target} {chance.choice(['HTTP/1.0', 'RTSP/1.0'])}")
    return Case(data, is_tolerated=True, is_alone=True, closes=True)


@generator(2)
def malformed_header(chance):
    line = chance.choice([
        "no colon", ": no name", "X Y: z", "X\t: y", "X : y", "X\0: y", "X: y\0z", "X: y\x01z",
        "X: y\x7fz", "X: y\rz", "(X): y", "X\u00e9: y", b"X\xff: y",
        "Content-Type : application/json", " X: y", "\tX: y", "X[]: y", "\"X\": y", "X/Y: z",
        "X@Y: z", "Host : a", "{X}: y", "X=Y", "=", "\x0b", "X,Y: z", ":", "::"])
    return Case(raw_head(GET_LINE, line, HOST_LINE), is_alone=True, closes=True)


@generator(1)
def odd_header(chance):
    """Headers that a server may take."""
    lines = chance.choice([
        [], [HOST_LINE, HOST_LINE], [HOST_LINE, "Host: elsewhere.example"], ["Host:"],
        ["Host: a b"], ["Host: \u00e9"], [HOST_LINE, "X: a", " folded"], [HOST_LINE, "X: \u00e9"],
        [HOST_LINE, b"X: \xff"], [HOST_LINE, "X:"],
        [HOST_LINE] + [f"X-{number}: y" for number in range(3000)], [HOST_LINE] + ["X: y"] * 5000,
        [HOST_LINE, "X: " + "y" * 30_000], [HOST_LINE, "x" * 30_000 + ": y"],
        [HOST_LINE, "Expect: nonsense"], [HOST_LINE, "Connection: nonsense"],
        [HOST_LINE, "Connection: close, keep-alive"],
        [HOST_LINE, "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AA"],
        [HOST_LINE, "Upgrade: websocket", "Connection: Upgrade"], [HOST_LINE, "Range: bytes=9-1"],
        [HOST_LINE, "Accept: image/png"], [HOST_LINE, "Accept-Encoding: " + "gzip;q=9," * 500],
        [HOST_LINE, "Content-Encoding: gzip"], [HOST_LINE, "X-HTTP-Method-Override: DELETE"],
        [HOST_LINE, "Authorization: Basic x"], [HOST_LINE, "Cookie: " + "a=b;" * 3000],
        [HOST_LINE, "If-None-Match: *"], [HOST_LINE, "TE: x"]])
    data = raw_head(GET_LINE, *lines)
    if chance.random() < 0.1:
        data = raw_head(GET_LINE, HOST_LINE).replace(b"\r\n", b"\n")
    return Case(data, is_tolerated=True, is_alone=True)


@generator(1.5)
def wrong_length(chance):
    length = len(VERIFY_JSON)
    lines = chance.choice([
        ["Content-Length: -1"], ["Content-Length: abc"], ["Content-Length:"],
        [f"Content-Length: 0x{length:x}"], ["Content-Length: 1e2"],
        ["Content-Length: 18446744073709551616"],
        [f"Content-Length: {length}", f"Content-Length: {length + 1}"],
        [f"Content-Length: {length}, {length + 1}"], [f"Content-Length: {length} {length}"],
        [f"Content-Length: {length}.0"], ["Content-Length: " + "9" * 400],
        [f"Content-Length: +{length}"], [f"Content-Length: -{length}"], ["Content-Length: \u0661"],
        [f"Content-Length: {length}", "Content-Length: 0"]])
    return Case(raw_post(*lines, body=VERIFY_JSON), is_alone=True, closes=True)


@generator(1)
def too_short_length(chance):
    """What is left over is no request."""
    length = chance.randrange(1, len(VERIFY_JSON) - 1)
    data = raw_post(f"Content-Length: {length}", body=VERIFY_JSON)
    return Case(data, is_alone=True, closes=True, most=2)


@generator(1.5)
def cut_short(chance):
    """The client ends before its request does."""
    length = len(VERIFY_JSON)
    excess = chance.choice([1, 100, 70 << 20, 2**40, 2**63 - 1])
    data = chance.choice([
        raw_post(f"Content-Length: {length + excess}", body=VERIFY_JSON),
        raw_post(CHUNKED, body=b"20\r\n" + VERIFY_JSON),
        raw_post(CHUNKED, body=b"%x\r\n%b\r\n" % (length, VERIFY_JSON)),
        verify(GOOD_FORM, MULTIPART)[:-20], verify(VERIFY_JSON)[: chance.randrange(1, 60)], b"\r\n",
        b"\r\n" * 100, b"\0"])
    return Case(data, is_alone=True, is_cut=True, least=0)


def chunk_cases():
    length, json_text = len(VERIFY_JSON), VERIFY_JSON
    good = b"%x\r\n%b\r\n" % (length, json_text)
    return [
        b"zz\r\n" + json_text, b"-1\r\n" + json_text, b"f" * 17 + b"\r\n" + json_text,
        b"\r\n" + good, b"0x5\r\nhello\r\n0\r\n\r\n", b"%x\r\n%bxx0\r\n\r\n" % (length, json_text),
        b"%x\r\n%b0\r\n\r\n" % (length, json_text), good + b"zz\r\n", good + b"-0\r\n\r\n",
        b"%x \x00\r\n%b\r\n0\r\n\r\n" % (length, json_text), b";a=b\r\n" + good, b"\xff\r\n",
        good + b"0\r\nno colon\r\n\r\n", good + b"0\r\nX Y: z\r\n\r\n",
        b"5;a\x00b\r\nhello\r\n0\r\n\r\n", b"5 5\r\nhello\r\n0\r\n\r\n", b"0" * 1000 + b"g\r\n",
        b"%x\r\r\n%b\r\n0\r\n\r\n" % (length, json_text)]


@generator(1.5)
def bad_chunks(chance):
    data = raw_post(CHUNKED, body=chance.choice(chunk_cases()))
    return Case(data, is_alone=True, closes=True)


@generator(1)
def bad_coding(chance):
    """Transfer codings that nobody knows; the JSON lacks what is required."""
    coding = chance.choice([
        "gzip", "identity", "xchunked", "chunkedx", "chunked, gzip", "chunked, chunked",
        "chunked;q=1", "", ",", "\u00e9", "chunked\x0b", "x" * 5000, "identity, identity",
        "deflate"])
    body = b"2\r\n{}\r\n0\r\n\r\n"
    return Case(raw_post(f"Transfer-Encoding: {coding}", body=body), is_alone=True, most=2)


@generator(1.5)
def two_lengths(chance):
    """Both lengths, and a second request that only one of them leaves outside."""
    smuggled = raw_head(GET_LINE, HOST_LINE)
    body = b"0\r\n\r\n" + smuggled
    length = chance.choice([len(body), 5, 0, len(body) + 10, 3])
    lines = ["Transfer-Encoding: chunked", f"Content-Length: {length}"]
    chance.shuffle(lines)
    if chance.random() < 0.3:
        lines[0] = lines[0].replace(":", ":\t").swapcase()
    return Case(raw_post(*lines, body=body), is_alone=True, closes=True)


@generator(0.3)
def over_long(chance):
    """More than a server reads of a head; it may well close before all was sent."""
    data = chance.choice([
        request("GET", "/v3/" + "a" * 102_400), request("GET", "/v3/account?" + "?" * 102_400),
        request("GET", "/v3/signature_request/" + "0" * 102_400),
        request("GET", "/v3/account", authorization="Basic " + "A" * (1 << 20)),
        request("GET", "/v3/account", authorization="Bearer " + "x" * (1 << 20)),
        request("GET", "/v3/account", more=[("X", "y" * (1 << 20))]),
        request("GET", "/v3/account", more=[("X" * (1 << 20), "y")]),
        request("GET", "/v3/account", more=[(f"X-{number}", "y" * 50) for number in range(10_000)]),
        b"G" * (1 << 20), b"\0" * 200_000, verify(VERIFY_JSON, more=[("X", "y" * 200_000)])])
    return Case(data, is_alone=True, closes=True, least=0)


PIPELINED = [wrong_type_in_json, missing_member, broken_json, bad_percent, wrong_method]


@generator(1)
def pipelined(chance):
    """Several at once."""
    count = chance.randint(2, 4)
    data = b"".join(chance.choice(PIPELINED)(chance).data for _ in range(count))
    return Case(data, is_alone=True, least=count, most=count)


# Answers


class Broken(Exception):
    """The answer is no HTTP, or does not come."""


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close"

    @property
    def text(self):
        return f"{self.status} {self.body[:200]}"


class Connection:
    """A connection that reads while it writes: a server may answer before it has read all."""

    def __init__(self):
        self.socket, self.buffer, self.has_ended, self.is_new = None, b"", False, True

    async def open(self):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(self.socket, (HOST, int(PORT)))
        return self

    def close(self):
        self.socket.close()

    async def send(self, data):
        try:
            await asyncio.get_running_loop().sock_sendall(self.socket, data)
        except OSError:
            pass

    def end(self):
        """Ends this side."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    async def more(self):
        try:
            data = await asyncio.get_running_loop().sock_recv(self.socket, 1 << 16)
        except ConnectionError:
            data = b""
        self.has_ended = not data
        self.buffer += data

    async def take(self, count):
        while len(self.buffer) < count and not self.has_ended:
            await self.more()
        if len(self.buffer) < count:
            raise Broken(f"an answer ends in the middle: {self.buffer[:100]!r}")
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    async def take_until(self, mark):
        while mark not in self.buffer and not self.has_ended:
            await self.more()
        if mark not in self.buffer:
            raise Broken(f"an answer ends in the middle: {self.buffer[:100]!r}")
        taken, _, self.buffer = self.buffer.partition(mark)
        return taken

    async def answer(self, is_bare=False):
        """The next answer; None when the connection ends."""
        while not self.buffer and not self.has_ended:
            await self.more()
        if not self.buffer:
            return None
        head = await self.take_until(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.[01] (\d{3})( .*)?", line)
        if not found or not all(re.match(r"[\w-]+:", each) for each in lines):
            raise Broken(f"no HTTP: {head[:100]!r}")
        pairs = (each.split(":", 1) for each in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        status = int(found[1])
        if status == 100:
            return await self.answer(is_bare)
        body = b"" if is_bare or status in (101, 204, 304) else await self.body(headers)
        return Answer(status, headers, body)

    async def body(self, headers):
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self.chunks()
        if "content-length" in headers:
            return await self.take(int(headers["content-length"]))
        while not self.has_ended:
            await self.more()
        return await self.take(len(self.buffer))

    async def chunks(self):
        body = b""
        while size := int(await self.take_until(b"\r\n"), 16):
            body += await self.take(size)
            await self.take(2)
        while await self.take_until(b"\r\n"):
            pass
        return body

    async def rest(self, case, answers):
        """Reads on until the server closes the connection."""
        try:
            async with asyncio.timeout(SECONDS_TO_CLOSE):
                while answer := await self.answer(case.is_bare):
                    answers.append(answer)
        except TimeoutError:
            raise Broken("the connection stays open")

    async def exchange(self, case, answers):
        """Sends a request and puts what comes of it into `answers`."""
        sending = asyncio.create_task(self.send(case.data))
        try:
            if case.is_cut:
                await sending
                self.end()
            while len(answers) < max(1, case.least) and (answer := await self.answer(case.is_bare)):
                answers.append(answer)
            if not case.is_alone:
                return
            if not case.closes:
                await sending
                self.end()
            await self.rest(case, answers)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


def json_of(answer):
    if answer.headers.get("content-type", "").split(";")[0] != "application/json":
        raise Broken(f"the content type is {answer.headers.get('content-type')!r}")
    try:
        return json.loads(answer.body.decode())
    except ValueError as error:
        raise Broken(f"the body is no JSON: {error}")


def check_error(answer, path):
    """That the body is the documented error, about the parameter at `path` when that is known."""
    value = json_of(answer)
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict) or set(value) != {"error"}:
        raise Broken("the body is not an object with 'error' alone")
    if not {"error_msg", "error_name"} <= set(error) <= {"error_msg", "error_name", "error_path"}:
        raise Broken(f"'error' has {sorted(error)}")
    if not all(isinstance(text, str) and text for text in error.values()):
        raise Broken("the members of 'error' are not texts")
    if error["error_name"] not in ERROR_NAMES:
        raise Broken(f"'{error['error_name']}' is no documented name of an error")
    if path and answer.status == 400 and not error.get("error_path", "").startswith(path):
        raise Broken(f"error_path is {error.get('error_path')!r}, though {path!r} is wrong")


def check_answer(case, answer):
    if len(answer.body) > LONGEST_ANSWER:
        raise Broken(f"{len(answer.body)} octets in an answer")
    if answer.status // 100 == 4:
        if case.is_bare:
            return
        check_error(answer, case.path)
        if case.statuses and answer.status not in case.statuses:
            raise Broken(f"{answer.status}")
    elif not case.is_tolerated or answer.status // 100 != 2:
        raise Broken(f"{answer.status}")
    elif answer.body or answer.status == 200:
        json_of(answer)


def check(case, answers):
    if not case.least <= len(answers) <= case.most:
        raise Broken(f"{len(answers)} answers")
    for answer in answers:
        check_answer(case, answer)


# The run


@dataclasses.dataclass
class Tally:
    """What came of the requests of one generator."""

    count: int = 0
    tolerated: int = 0
    unanswered: int = 0
    seconds: float = 0
    slowest: tuple = (0, 0)
    statuses: collections.Counter = dataclasses.field(default_factory=collections.Counter)


class Gone(Exception):
    """Nothing listens any more, or too much failed."""


tallies = collections.defaultdict(Tally)
failures = 0
stale = 0


def shortened(data):
    """The beginning of a request, without the headers that most have."""
    for line in HOST_LINE, f"Authorization: {AUTHORIZATION}":
        data = data.replace(line.encode() + b"\r\n", b"", 1)
    return data[:200]


def fail(name, index, reason, data, answers=()):
    global failures
    failures += 1
    shown = answers[0].text if answers else "none"
    print(f"{name} {index}: {reason}; request {shortened(data)}; answer {shown}", flush=True)
    if failures >= MOST_FAILURES:
        raise Gone(f"{failures} failures are enough")


def generate(index):
    chance = random.Random(f"{SEED}:{index}")
    names = list(GENERATORS)
    name = chance.choices(names, [GENERATORS[each][1] for each in names])[0]
    return name, GENERATORS[name][0](chance)


async def attempt(connection, case, answers):
    """What comes over a connection, or over a new one when the server left the old one."""
    global stale
    if case.is_alone and not connection.is_new:
        connection.close()
        connection = await Connection().open()
    was_new, connection.is_new = connection.is_new, False
    await connection.exchange(case, answers)
    if not answers and not was_new and not case.is_alone:
        stale += 1
        connection.close()
        connection = await Connection().open()
        connection.is_new = False
        await connection.exchange(case, answers)
    if not case.is_alone and connection.buffer:
        raise Broken(f"more than one answer: {connection.buffer[:100]!r}")
    return connection


async def send_case(connection, index):
    """Sends a request, judges the answers, and gives a connection for the next."""
    name, case = generate(index)
    tally = tallies[name]
    tally.count += 1
    tally.tolerated += case.is_tolerated
    answers, begin = [], time.monotonic()
    try:
        async with asyncio.timeout(case.patience):
            connection = await attempt(connection, case, answers)
        check(case, answers)
    except TimeoutError:
        fail(name, index, f"no end after {case.patience} s", case.data, answers)
        connection.has_ended = True
    except Broken as reason:
        fail(name, index, reason, case.data, answers)
        connection.has_ended = True
    seconds = time.monotonic() - begin
    tally.seconds += seconds
    tally.slowest = max(tally.slowest, (seconds, index))
    tally.unanswered += not answers
    tally.statuses.update(answer.status for answer in answers)
    if answers and not answers[-1].closes and not case.is_alone and not connection.has_ended:
        return connection
    connection.close()
    return await Connection().open()


async def work(indices):
    connection = await Connection().open()
    for index in indices:
        connection = await send_case(connection, index)
        if index % BATCH == BATCH - 1:
            await check_health(index)
    connection.close()


async def single(data):
    """The answer to one request over a connection of its own."""
    connection, answers = await Connection().open(), []
    try:
        async with asyncio.timeout(SECONDS_FOR_AN_ANSWER):
            await connection.exchange(Case(data), answers)
    finally:
        connection.close()
    if not answers:
        raise Broken("no answer")
    return answers[0]


async def expect_good(name, data):
    """That a good request is taken: the hostile ones are like it but for one thing."""
    try:
        answer = await single(data)
        if answer.status // 100 != 2:
            fail(name, "-", f"{answer.status} for a good request", data, [answer])
            return {}
        return json_of(answer)
    except (Broken, TimeoutError) as reason:
        fail(name, "-", f"{reason!r} for a good request", data)
        return {}


async def prepare():
    """Sends good requests, and keeps what they make."""
    await expect_good("verify as JSON", verify(VERIFY_JSON))
    await expect_good("verify as multipart", verify(GOOD_FORM, MULTIPART))
    await expect_good("verify as urlencoded", verify(b"email_address=a%40b.de", URLENCODED))
    sent = await expect_good(
        "send",
        with_file(NAMED["signatureRequestSend"], SIGNER + [("test_mode", "1")]))
    name = f"App {SEED} {time.time()}"
    app = await expect_good(
        "make an app",
        call(NAMED["apiAppCreate"], json.dumps({"name": name, "domains": ["localhost"]}).encode()))
    made.app = app.get("api_app", {}).get("client_id", made.app)
    template = await expect_good("make a template", with_file(NAMED["templateCreate"], [
        ("test_mode", "1"), ("signer_roles[0][name]", "Signer"),
        ("form_fields_per_document", "[]")]))
    made.template = template.get("template", {}).get("template_id", made.template)
    await expect_good("let the template be processed", request(
        "POST", "/_countersign/clock", b'{"advance": "1s"}'))
    await expect_good("send in bulk", bulk(f"name,email_address\nSomeone,{EMAIL}\n"))


async def check_health(sent):
    """That the mock still works."""
    data = request("GET", "/v3/account")
    try:
        answer = await single(data)
        if answer.status != 200 or "account" not in json_of(answer):
            fail("health", sent, f"{answer.status}", data, [answer])
    except (Broken, TimeoutError) as reason:
        fail("health", sent, repr(reason), data)


async def run():
    await prepare()
    indices = iter(range(FIRST, FIRST + COUNT))
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(work(indices))
    await check_health(FIRST + COUNT)


def report():
    for name, tally in sorted(tallies.items()):
        if tally.seconds > 1:
            slowest, index = tally.slowest
            print(
                f"{name}: {tally.count} took {tally.seconds:.1f} s,"
                f" the slowest {slowest:.2f} s at {index}")
        if tally.tolerated:
            found = sorted(tally.statuses.items())
            found = ", ".join(f"{status} {count} times" for status, count in found)
            print(f"{name}: tolerated {found}")
        if tally.unanswered:
            print(f"{name}: {tally.unanswered} of {tally.count} were not answered")
    if stale:
        print(f"{stale} connections ended without 'Connection: close'")


def main():
    global failures
    try:
        asyncio.run(run())
    except* (Gone, ConnectionError) as group:
        failures += 1
        print(f"given up: {group.exceptions[0]!r}")
    report()
    total = sum(tally.count for tally in tallies.values())
    tolerated = sum(tally.tolerated for tally in tallies.values())
    if tolerated > total * MOST_TOLERATED + 10:
        failures += 1
        print(f"over {MOST_TOLERATED:.0%} are tolerated")
    print(f"{total} requests, {tolerated} tolerated, {failures} failures")
    sys.exit(1 if failures else 0)


main()
