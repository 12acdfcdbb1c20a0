"""The official OpenAPI file as a judge of answers."""

import json
import re

import jsonschema
import yaml

KEYWORDS = {
    "type", "enum", "required", "minimum", "maximum", "minLength", "maxLength", "minItems",
    "maxItems", "pattern",
}
MAGIC = {"application/pdf": b"%PDF", "application/zip": b"PK"}
RATE_HEADERS = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-Ratelimit-Reset"]


class Contract:
    """What the OpenAPI file says about the answers of each operation."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            document = yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.operations = {
            operation["operationId"]: operation
            for methods in document["paths"].values() for operation in methods.values()}
        self.definitions = {}
        for name, schema in document["components"]["schemas"].items():
            self.define(name, schema)
        self.validators = {}

    def define(self, name, schema):
        """Keeps a schema; one with a discriminator twice: as such, and with the choice it makes."""
        self.definitions[name] = {"allOf": [reference(plain(name)), choice(schema)]}
        self.definitions[plain(name)] = convert(schema)

    def faults(self, operation, status, headers, body):
        """What is wrong with an answer to an operation, one text each."""
        if status >= 400:
            return self.error_faults(headers, body)
        if operation not in self.operations:
            return []
        answer = self.operations[operation]["responses"].get(str(status))
        if answer is None:
            return [f"status {status} is not documented"]
        return list(rate_faults(headers)) + self.content_faults(answer, headers, body)

    def error_faults(self, headers, body):
        """What is wrong with a refusal."""
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
        return self.content_faults({"content": content}, headers, body)

    def content_faults(self, answer, headers, body):
        content = answer.get("content", {})
        media_type = headers.get("Content-Type", "").split(";")[0].strip().lower()
        if not body and not any(media.get("schema") for media in content.values()):
            return []
        if media_type not in content:
            documented = ", ".join(content) or "nothing"
            return [f"{len(body)} bytes of '{media_type}', not of {documented}"]
        schema = content[media_type].get("schema", {})
        if schema.get("format") == "binary":
            return magic_faults(media_type, body)
        return self.schema_faults(schema, body)

    def schema_faults(self, schema, body):
        try:
            value = json.loads(body)
        except ValueError as error:
            return [f"the body is no JSON: {error}"]
        key = json.dumps(schema)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(
                {"$defs": self.definitions, **convert(schema)})
        return [
            f"{error.json_path}: {error.message[:300]}"
            for error in self.validators[key].iter_errors(value)]


def plain(name):
    return f"{name} itself"


def reference(name):
    return {"$ref": f"#/$defs/{name.replace(' ', '%20')}"}


def convert(schema, is_base=False):
    """A schema of OpenAPI 3.0 as one of JSON Schema; `is_base`: what another one builds upon."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return reference(plain(name) if is_base else name)
    converted = {word: value for word, value in schema.items() if word in KEYWORDS}
    if "properties" in schema:
        converted["properties"] = {
            name: convert(value) for name, value in schema["properties"].items()}
    if "items" in schema:
        converted["items"] = convert(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        converted["additionalProperties"] = convert(schema["additionalProperties"])
    if "allOf" in schema:
        converted["allOf"] = [convert(part, is_base=True) for part in schema["allOf"]]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            converted[word] = [convert(part) for part in schema[word]]
    return nullable(converted) if schema.get("nullable") else converted


def nullable(schema):
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


def choice(schema):
    """The schema that the discriminator of `schema` leads to, by its value."""
    if "discriminator" not in schema:
        return {}
    member, mapping = (schema["discriminator"][word] for word in ("propertyName", "mapping"))
    branches = [
        {"if": {"required": [member], "properties": {member: {"const": value}}},
         "then": convert({"$ref": target})}
        for value, target in mapping.items()]
    return {"properties": {member: {"enum": list(mapping)}}, "allOf": branches}


def magic_faults(media_type, body):
    if body.startswith(MAGIC[media_type]):
        return []
    return [f"{media_type} that begins with {body[:8]!r}"]


def rate_faults(headers):
    for name in RATE_HEADERS:
        if not re.fullmatch(r"\d+", headers.get(name, "")):
            yield f"header {name} is '{headers.get(name, '')}', no integer"
