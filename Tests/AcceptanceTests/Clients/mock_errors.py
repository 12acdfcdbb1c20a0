"""Every documented error, reached through the SDK."""

import mock_bodies as bodies
import mock_files as files
from mock_calls import authorize
from mock_session import Client

NOWHERE = "0" * 40
# Faxes that may be on their way: more than any sensible limit.
MANY_FAXES = 200
ERRORS = {
    "bad_request", "invalid_recipient", "invalid_reminder", "signature_request_cancel_failed",
    "signature_request_remove_failed", "signature_request_expired", "unauthorized",
    "payment_required", "forbidden", "team_invite_failed", "not_found", "method_not_supported",
    "conflict", "deleted", "unprocessable_entity", "exceeded_rate", "max_faxes", "unknown",
    "maintenance", "unavailable", "invalid_grant", "invalid_client"}


def arguments(world):
    """Wrong parameters, missing credentials, things that are not there."""
    refused = world.client.refused
    refused("bad_request", 400, "signature_request_send", body={"test_mode": True})
    refused("bad_request", 400, "signature_request_list", page_size=101)
    refused("invalid_recipient", 400, "fax_send", body={
        **bodies.fax(), **world.documents(), "recipient": "nonsense"})
    refused("not_found", 404, "signature_request_get", NOWHERE)
    refused("not_found", 404, "template_get", NOWHERE)
    world.client.request("PUT", "/signature_request/send", "method_not_supported", 405)
    world.client.request("GET", "/nowhere/at/all", "not_found", 404)
    Client(world.session).refused("unauthorized", 401, "account_get")
    Client(world.session, token="unknown").refused("unauthorized", 401, "account_get")


def states(world):
    """Requests that stand where the call does not fit."""
    refused = world.client.refused
    early(world)
    request = world.sent()
    identifier = request.signature_request_id
    reminder = {"email_address": bodies.signers()[0]["email_address"]}
    world.call("signature_request_remind", identifier, body=reminder, encoding="json")
    refused("invalid_reminder", 400, "signature_request_remind", identifier, body=reminder)
    refused("signature_request_remove_failed", 400, "signature_request_remove", identifier)
    world.sign(request)
    refused("signature_request_cancel_failed", 400, "signature_request_cancel", identifier)
    canceled = world.sent().signature_request_id
    world.call("signature_request_cancel", canceled)
    world.settle()
    refused("deleted", 410, "signature_request_files", canceled)
    expired = world.sent(embedded=True)
    world.control("POST", f"signature_requests/{expired.signature_request_id}/expire")
    refused(
        "signature_request_expired", 400, "embedded_sign_url", expired.signatures[0].signature_id)


def early(world):
    """Asks for files before they are there; a slow machine may need another try."""
    refusal = None
    for _ in range(5):
        request = world.unprocessed()
        refusal = refusal or world.client.attempt(
            "signature_request_files", request.signature_request_id)
    world.client.compare("signatureRequestFiles", "409 conflict", refusal)


def documents(world):
    """A template whose document cannot be read."""
    template = world.call("template_create", encoding="multipart", body={
        **bodies.bulk_template(), "files": [files.damaged()]}).template.template_id
    world.settle()
    world.client.refused("unprocessable_entity", 422, "template_files", template)


def people(world):
    """What an account without a plan, and one that is no admin, may not do."""
    colleague, stranger = world.colleagues
    theirs = world.client_of(colleague)
    theirs.refused("payment_required", 402, "signature_request_send", body={
        **world.documents(), "signers": bodies.signers()})
    world.call("team_create", body={"name": "Another team"}, encoding="json")
    for each in [colleague, stranger]:
        world.call("team_add_member", encoding="json", body={"account_id": each.account_id})
    theirs.refused("forbidden", 403, "team_update", body={"name": "Mine"})
    world.client.refused("team_invite_failed", 403, "team_add_member", body={
        "email_address": stranger.email_address})
    for each in [colleague, stranger]:
        world.call("team_remove_member", encoding="json", body={"account_id": each.account_id})
    world.call("team_delete")


def tokens(world):
    """OAuth codes and secrets that are wrong, and a token that is not allowed to do this."""
    application = {
        "client_id": world.application.client_id, "grant_type": "authorization_code",
        "client_secret": world.application.oauth.secret}
    code, state = authorize(world)
    client = Client(world.session)
    client.refused("invalid_client", 400, "oauth_token_generate", body={
        **application, "client_secret": "wrong", "code": code, "state": state})
    client.refused("invalid_grant", 400, "oauth_token_generate", body={
        **application, "code": "wrong", "state": state})
    client.refused("invalid_grant", 400, "oauth_token_refresh", body={
        "grant_type": "refresh_token", "refresh_token": "wrong"})
    token = client.call("oauth_token_generate", encoding="json", body={
        **application, "code": code, "state": state}).access_token
    Client(world.session, token=token).refused("forbidden", 403, "team_get")


def too_many(world):
    """Faxes that stay on their way, until no more may be sent."""
    theirs = world.client_of(world.colleagues[1])
    fax = {**bodies.fax(), **world.documents(), "recipient": bodies.HELD_RECIPIENT}
    for _ in range(MANY_FAXES):
        refusal = theirs.attempt("fax_send", body=fax)
        if refusal:
            theirs.compare("faxSend", "429 max_faxes", refusal)
            return
    world.session.fail("faxSend", "json", f"{MANY_FAXES} faxes on their way, and no max_faxes")


def trouble(world):
    """Errors that no state leads to; the mock makes them on request."""
    for name, status in [
        ("exceeded_rate", 429), ("unknown", 500), ("maintenance", 503), ("unavailable", 503),
    ]:
        client = Client(
            world.session, key="an-api-key", headers={"X-Countersign-Error": name})
        client.refused(name, status, "account_get")
        client.refused(name, status, "signature_request_send", body={
            **world.documents(), "signers": bodies.signers(), "test_mode": True})


STAGES = [arguments, states, documents, people, tokens, too_many, trouble]
