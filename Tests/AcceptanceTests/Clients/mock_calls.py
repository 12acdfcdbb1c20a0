"""Every operation of the SDK, in every encoding, in an order that leaves the mock as it was."""

import time
from base64 import b64decode
from urllib.parse import parse_qs, urlencode, urlsplit

import mock_bodies as bodies
import mock_files as files
from mock_session import Client, Stopped

PAGE = {"page": 1, "page_size": 5}


class World:
    """What the calls have made so far, and short ways to make more."""

    def __init__(self, session, key="an-api-key"):
        self.session = session
        self.client = Client(session, key=key)
        self.call, self.control = self.client.call, session.control
        self.server = files.FileServer()
        self.run, self.count = f"{time.time_ns():x}", 0
        self.account, self.application, self.template, self.bulk_template = None, None, None, None
        self.colleagues = []

    def fresh(self, name):
        """A name that no other run has either."""
        self.count += 1
        return f"{name}-{self.run}-{self.count}"

    def documents(self, encoding="json"):
        if encoding == "multipart":
            return {"files": [files.agreement()]}
        return {"file_urls": [f"{self.server.address}/agreement.pdf"]}

    def later(self, days):
        """Unix seconds, so many days after the mock's own now."""
        return self.control("GET", "clock")["now"] // 1000 + days * 86400

    def settle(self):
        """Lets what is due in the next second happen."""
        self.control("POST", "clock", {"advance": "1s"})

    def each(self, name, *path, make):
        """Calls an operation in every encoding; `make` gives the body for one."""
        return [
            self.call(name, *path, body=make(encoding), encoding=encoding)
            for encoding in self.session.encodings(name)]

    def expect(self, is_true, operation, reason):
        if not is_true:
            self.session.fail(operation, "bare", reason)

    def sent(self, embedded=False, **changes):
        """A signature request that its signers can sign."""
        request = self.unprocessed(embedded, **changes)
        self.settle()
        return request

    def unprocessed(self, embedded=False, **changes):
        body = {
            **bodies.WORDS, **self.documents(), "signers": bodies.signers(), "allow_decline": True,
            "allow_reassign": True, "test_mode": True, **changes}
        if embedded:
            body["client_id"] = self.application.client_id
        name = "signature_request_create_embedded" if embedded else "signature_request_send"
        return self.call(name, body=body, encoding="json").signature_request

    def get(self, request):
        return self.call("signature_request_get", request.signature_request_id).signature_request

    def act(self, request, action, index=0, **details):
        signature = request.signatures[index].signature_id
        self.control("POST", f"signatures/{signature}/{action}", details)

    def sign(self, request):
        """Lets every signer sign, in order."""
        for index in range(len(request.signatures)):
            self.act(request, "sign", index)
        self.settle()
        return self.get(request)

    def client_of(self, account, **options):
        """The SDK with an account's own key, which only the control API shows."""
        for each in self.control("GET", "accounts")["accounts"]:
            if each["account_id"] == account.account_id:
                return Client(self.session, key=each["api_keys"][0], **options)
        raise LookupError(f"the control API does not show {account.email_address}")


def accounts(world):
    call = world.call
    world.account = call("account_get").account
    call("account_get", account_id=world.account.account_id)
    call("account_get", email_address=world.account.email_address)
    created = world.each("account_create", make=lambda _: {
        "email_address": f"{world.fresh('colleague')}@example.com", "locale": "en-US"})
    world.colleagues = [each.account for each in created]
    world.each("account_update", make=lambda _: {"locale": "en-US"})
    world.client_of(world.colleagues[0]).call("account_update", encoding="json", body={
        "callback_url": f"{world.server.address}/callbacks"})
    world.each("account_verify", make=lambda _: {"email_address": world.account.email_address})
    world.each("account_verify", make=lambda _: {"email_address": "nobody@example.com"})


def apps(world):
    def create(encoding):
        address = f"{world.server.address}/callbacks"
        return bodies.app(world.fresh("app")) | {"callback_url": address} | logo(encoding)

    def update(encoding):
        colours = {"link_color": "#0061fe"}
        return {"name": world.fresh("app"), "white_labeling_options": colours} | logo(encoding)

    def logo(encoding):
        return {"custom_logo_file": files.logo()} if encoding == "multipart" else {}

    made = [each.api_app for each in world.each("api_app_create", make=create)]
    world.application = made[0]
    world.each("api_app_update", made[1].client_id, make=update)
    world.call("api_app_get", made[1].client_id)
    world.call("api_app_list", **PAGE)
    for app in made[1:]:
        world.call("api_app_delete", app.client_id)
    customers = world.each("account_create", make=lambda _: {
        "email_address": f"{world.fresh('customer')}@example.com",
        "client_id": world.application.client_id,
        "client_secret": world.application.oauth.secret})
    for customer in customers:
        token = customer.oauth_data and customer.oauth_data.access_token
        world.expect(token, "accountCreate", "no oauth_data for an account that an app made")


def team_begins(world):
    call = world.call
    call("team_create", body={"name": "A team"}, encoding="json")
    call("team_delete")
    call("team_create", body={"name": "A team"}, encoding="form")
    world.each("team_update", make=lambda encoding: {"name": f"A team by {encoding}"})
    first, second = world.colleagues
    call("team_add_member", encoding="json", body={"email_address": first.email_address})
    call("team_add_member", encoding="form", body={
        "account_id": second.account_id, "role": "Developer"})
    newcomer = f"{world.fresh('newcomer')}@example.com"
    call("team_add_member", encoding="json", body={"email_address": newcomer})
    team = call("team_info").team
    call("team_info", team_id=team.team_id)
    call("team_get")
    call("team_invites")
    members = call("team_members", team.team_id, **PAGE).team_members
    world.expect(len(members) == 3, "teamMembers", f"{len(members)} members, not 3")
    call("team_sub_teams", team.team_id, **PAGE)
    invites = call("team_invites", email_address=newcomer).team_invites
    world.expect(len(invites) == 1, "teamInvites", f"{len(invites)} invites of a newcomer, not 1")


def team_ends(world):
    first, second = world.colleagues
    world.call("team_remove_member", encoding="json", body={"email_address": first.email_address})
    world.call("team_remove_member", encoding="form", body={"account_id": second.account_id})
    world.call("team_delete")


def templates(world):
    client = {"client_id": world.application.client_id}
    made = [each.template.template_id for each in world.each(
        "template_create",
        make=lambda encoding: bodies.template() | world.documents(encoding) | client)]
    bulk = world.call("template_create", encoding="json", body={
        **bodies.bulk_template(), **world.documents()})
    world.template, world.bulk_template = made[0], bulk.template.template_id
    world.settle()
    for template in made:
        text = world.call("template_get", template).template.documents[0].form_fields[0]
        world.expect(
            text.validation_type == "numbers_only", "templateGet",
            f"a text field that was made for numbers_only is for {text.validation_type}")
    world.call("template_list", **PAGE)
    world.call("template_list", account_id="all", query="NDA")
    template_files(world)
    for encoding in world.session.encodings("template_update_files"):
        world.call("template_update_files", made[1], encoding=encoding, body={
            **world.documents(encoding), **client, "message": "New files", "test_mode": True})
        world.settle()
    template_users(world)
    for template in made[1:]:
        world.call("template_delete", template)


def template_files(world):
    for kind in [None, "pdf", "zip"]:
        world.call("template_files", world.template, file_type=kind)
    data(world, world.call("template_files_as_data_uri", world.template))
    link = world.call("template_files_as_file_url", world.template, force_download=0)
    follow(world, "templateFilesAsFileUrl", link.file_url)


def follow(world, operation, url):
    """Opens the address of a document, as a browser does."""
    status, _, body = world.session.plain("GET", url)
    world.expect(
        status == 200 and body.startswith(b"%PDF"), operation,
        f"{url} leads to {status} and {body[:40]!r}")


def data(world, answer):
    """Looks at a document that came as a data URI."""
    kind, _, content = answer.data_uri.partition(",")
    world.expect(
        kind == "data:application/pdf;base64" and b64decode(content).startswith(b"%PDF"),
        "filesAsDataUri", f"it begins with {answer.data_uri[:60]}")


def template_users(world):
    first, second = world.colleagues
    users = {
        "json": {"email_address": first.email_address}, "form": {"account_id": second.account_id}}
    world.each("template_add_user", world.template, make=lambda encoding: {
        **users[encoding], "skip_notification": True})
    world.each("template_remove_user", world.template, make=lambda encoding: users[encoding])


def template_drafts(world):
    drafts = [each.template for each in world.each(
        "template_create_embedded_draft", make=lambda encoding: {
            **bodies.template(), **world.documents(encoding), "editor_options": bodies.EDITOR,
            "client_id": world.application.client_id, "show_preview": True})]
    for draft in drafts:
        world.control("POST", f"templates/{draft.template_id}/save")
    world.settle()
    world.call("template_get", drafts[0].template_id)
    world.each("embedded_edit_url", drafts[0].template_id, make=lambda _: {
        "test_mode": True, "cc_roles": ["Accounting"], "editor_options": bodies.EDITOR,
        "merge_fields": bodies.MERGE_FIELDS, "allow_edit_ccs": True})
    for draft in drafts:
        world.call("template_delete", draft.template_id)


def requests(world):
    """Those that make signature requests, and those that make them anew."""
    client = {"client_id": world.application.client_id}

    def described(encoding):
        return bodies.request() | world.documents(encoding) | client | {
            "expires_at": world.later(days=30)}

    def from_template(encoding):
        extra = world.documents(encoding) if encoding == "multipart" else {}
        return bodies.from_template([world.template]) | client | extra

    for name, make, embedded in [
        ("signature_request_send", described, False),
        ("signature_request_create_embedded", described, True),
        ("signature_request_send_with_template", from_template, False),
        ("signature_request_create_embedded_with_template", from_template, True),
    ]:
        made = [each.signature_request for each in world.each(name, make=make)]
        world.settle()
        for request in made:
            made_of(world, world.get(request), embedded, make is from_template)
        edit = name.replace("send", "edit").replace("create", "edit")
        world.each(edit, made[0].signature_request_id, make=make)
    in_groups(world)


def made_of(world, request, embedded, from_template):
    """Looks at what became of the parts of a request."""
    signatures = len(request.signatures)
    world.expect(signatures == 2, "signatureRequestGet", f"{signatures} signatures, not 2")
    world.expect(
        not (embedded and request.signing_url), "signatureRequestGet",
        f"an embedded request has the signing_url {request.signing_url}")
    kinds = [field.type for field in request.custom_fields]
    expected = ["text", "checkbox"] if from_template else ["text"]
    world.expect(
        kinds == expected, "signatureRequestGet", f"custom_fields of {kinds}, not {expected}")


def in_groups(world):
    for encoding in ["json", "form"]:
        body = bodies.request() | world.documents() | {"grouped_signers": bodies.groups()}
        del body["signers"]
        world.call("signature_request_send", body=body, encoding=encoding)
    world.settle()


def bulk(world):
    def make(encoding):
        signers = {"signer_list": bodies.signer_list()}
        if encoding == "multipart":
            signers = {"signer_file": files.signer_file()}
        return bodies.bulk(world.bulk_template) | signers | {
            "client_id": world.application.client_id}

    for name in [
        "signature_request_bulk_send_with_template",
        "signature_request_bulk_create_embedded_with_template",
    ]:
        jobs = [each.bulk_send_job for each in world.each(name, make=make)]
        world.settle()
        for job in jobs:
            answer = world.call("bulk_send_job_get", job.bulk_send_job_id, **PAGE)
            made = len(answer.signature_requests)
            world.expect(made == 2, "bulkSendJobGet", f"{made} requests, not 2")
    world.call("bulk_send_job_list", **PAGE)


def life(world):
    """A request from its sending to its removal."""
    request = world.sent(**bodies.form(), metadata=bodies.METADATA)
    for index, encoding in enumerate(world.session.encodings("signature_request_remind")):
        signer = bodies.signers()[index]
        reminder = {"email_address": signer["email_address"], "name": signer["name"]}
        world.call(
            "signature_request_remind", request.signature_request_id, encoding=encoding,
            body=reminder)
    request = update(world, request)
    world.act(request, "view")
    request_files(world, request)
    request = world.sign(request)
    world.expect(request.is_complete, "signatureRequestGet", "not complete when all have signed")
    world.expect(request.response_data, "signatureRequestGet", "no response_data when all signed")
    request_files(world, request)
    world.call("signature_request_list", **PAGE)
    world.call("signature_request_list", account_id="all", query="complete:true title:NDA")
    world.call("signature_request_remove", request.signature_request_id)
    canceled = world.sent()
    world.call("signature_request_cancel", canceled.signature_request_id)
    world.settle()


def update(world, request):
    changes = {
        "json": {"email_address": "jacky@example.com", "name": "Jacky"},
        "form": {"expires_at": world.later(days=20)}}
    for encoding in world.session.encodings("signature_request_update"):
        request = world.call(
            "signature_request_update", request.signature_request_id, encoding=encoding, body={
                "signature_id": request.signatures[0].signature_id, **changes[encoding]},
        ).signature_request
    return request


def request_files(world, request):
    identifier = request.signature_request_id
    for kind in [None, "pdf", "zip"]:
        world.call("signature_request_files", identifier, file_type=kind)
    data(world, world.call("signature_request_files_as_data_uri", identifier))
    link = world.call("signature_request_files_as_file_url", identifier, force_download=1)
    follow(world, "signatureRequestFilesAsFileUrl", link.file_url)


def fates(world):
    """What else signers and the service do; each leaves a request that must be readable."""
    declined = world.sent()
    world.act(declined, "decline", reason="Not like this")
    world.expect(
        world.get(declined).is_declined, "signatureRequestGet", "not declined after declining")
    reassigned = world.sent()
    world.act(
        reassigned, "reassign", email_address="joe@example.com", name="Joe", reason="On leave")
    address = world.get(reassigned).signatures[0].signer_email_address
    world.expect(
        address == "joe@example.com", "signatureRequestGet", f"reassigned, but to {address}")
    bounced = world.sent()
    world.act(bounced, "bounce")
    world.get(bounced)
    for fate in ["expire", "fail"]:
        request = world.sent(expires_at=world.later(days=10))
        world.control("POST", f"signature_requests/{request.signature_request_id}/{fate}")
        world.get(request)
    embedded = world.sent(embedded=True)
    world.call("embedded_sign_url", embedded.signatures[0].signature_id)


def unclaimed_drafts(world):
    world.each("unclaimed_draft_create", make=lambda encoding: {
        **world.documents(encoding), **bodies.form(), "subject": "A draft",
        "message": "Please sign", "type": "request_signature",
        "signers": [{"name": "Jack", "email_address": "jack@example.com", "order": 0}],
        "metadata": bodies.METADATA, "signing_redirect_url": bodies.REDIRECT, "test_mode": True})
    world.call("unclaimed_draft_create", encoding="json", body={
        **world.documents(), "type": "send_document", "test_mode": True})
    common = {
        "client_id": world.application.client_id, "test_mode": True,
        "requester_email_address": world.account.email_address,
        "requesting_redirect_url": bodies.REDIRECT, "hold_request": True}
    held = world.each("unclaimed_draft_create_embedded", make=lambda encoding: {
        **common, **world.documents(encoding), **bodies.form(), "subject": "A draft",
        "signers": [{"name": "Jack", "email_address": "jack@example.com"}],
        "is_for_embedded_signing": True, "editor_options": bodies.EDITOR})
    held += world.each("unclaimed_draft_create_embedded_with_template", make=lambda encoding: {
        **common, "template_ids": [world.template], "signers": bodies.role_signers(),
        "ccs": bodies.COPIES, "custom_fields": bodies.CUSTOM_FIELDS,
        **(world.documents(encoding) if encoding == "multipart" else {})})
    for draft in held:
        identifier = draft.unclaimed_draft.signature_request_id
        world.control("POST", f"unclaimed_drafts/{identifier}/claim")
        world.settle()
        world.call("signature_request_release_hold", identifier)
    for encoding in world.session.encodings("unclaimed_draft_edit_and_resend"):
        world.call(
            "unclaimed_draft_edit_and_resend", world.sent().signature_request_id, encoding=encoding,
            body={"client_id": world.application.client_id, "test_mode": True,
                  "requester_email_address": world.account.email_address,
                  "requesting_redirect_url": bodies.REDIRECT, "editor_options": bodies.EDITOR})


def faxes(world):
    sent = [each.fax for each in world.each(
        "fax_send", make=lambda encoding: bodies.fax() | world.documents(encoding))]
    world.settle()
    for fax in sent:
        status = world.call("fax_get", fax.fax_id).fax.transmissions[0].status_code
        world.expect(status == "success", "faxGet", f"the fax is '{status}'")
        world.call("fax_files", fax.fax_id)
    world.call("fax_list", **PAGE)
    for fax in sent:
        world.call("fax_delete", fax.fax_id)


def fax_lines(world):
    call = world.call
    codes = [
        call("fax_line_area_code_get", country, **filters).area_codes
        for country, filters in [
            ("US", {}), ("US", {"state": "CA"}), ("CA", {"province": "ON"}), ("UK", {})]]
    colleague = world.colleagues[0]
    places = {
        "json": {"country": "US", "area_code": codes[1][0], "city": "San Francisco"},
        "form": {"country": "CA", "area_code": codes[2][0], "account_id": colleague.account_id}}
    lines = [each.fax_line for each in world.each(
        "fax_line_create", make=lambda encoding: places[encoding])]
    call("fax_line_get", lines[0].number)
    call("fax_line_list", **PAGE)
    call("fax_line_list", account_id=colleague.account_id, show_team_lines=True)
    users = {
        "json": {"email_address": colleague.email_address},
        "form": {"account_id": world.colleagues[1].account_id}}
    for name in ["fax_line_add_user", "fax_line_remove_user"]:
        world.each(name, make=lambda encoding: {"number": lines[0].number, **users[encoding]})
    numbers = {"json": lines[0].number, "form": lines[1].number}
    world.each("fax_line_delete", make=lambda encoding: {"number": numbers[encoding]})


def authorize(world):
    """What a user does who allows an app to act for them: returns the code and the state."""
    redirect, state = "https://example.com/oauth", world.fresh("state")
    address = "/oauth/authorize?" + urlencode({
        "client_id": world.application.client_id, "response_type": "code", "state": state,
        "redirect_uri": redirect})
    status, headers, _ = world.session.plain("GET", address)
    world.expect(
        status == 200 and "text/html" in headers.get("Content-Type", ""), "/oauth/authorize",
        f"the page is {status} {headers.get('Content-Type')}")
    status, headers, body = world.session.plain(
        "POST", address, "decision=allow", "application/x-www-form-urlencoded")
    location = headers.get("Location", "")
    answer = parse_qs(urlsplit(location).query)
    if status != 302 or not location.startswith(redirect) or answer.get("state") != [state]:
        world.session.stop("/oauth/authorize", "form", f"{status} '{location}' {body[:200]}")
    return answer["code"][0], state


def oauth(world):
    """Tokens, of the service's own host and of the one that the SDK is set up with."""
    clients = {
        "json": Client(world.session), "form": Client(world.session, operation_servers=False)}
    for encoding, client in clients.items():
        code, state = authorize(world)
        token = client.call("oauth_token_generate", encoding=encoding, body={
            "client_id": world.application.client_id, "grant_type": "authorization_code",
            "client_secret": world.application.oauth.secret, "code": code, "state": state})
        Client(world.session, token=token.access_token).call("account_get")
        for other in clients.values():
            token = other.call("oauth_token_refresh", encoding=encoding, body={
                "grant_type": "refresh_token", "refresh_token": token.refresh_token})
            Client(world.session, token=token.access_token).call("account_get")


def others(world):
    day = time.strftime("%m/%d/%Y")
    world.each("report_create", make=lambda _: {
        "start_date": day, "end_date": day, "report_type": ["user_activity", "document_status"]})
    for mode in ["text_tags", "annotations"]:
        world.each("document_detect_fields", make=lambda encoding: {
            "detection_mode": mode, "page_range": "0-2",
            **({"file": files.agreement()} if encoding == "multipart"
               else {"file_url": f"{world.server.address}/agreement.pdf"})})


def perform(world, stages):
    """Runs the stages; one that fails leaves the others be."""
    for stage in stages:
        try:
            stage(world)
        except Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            world.session.fail(stage.__name__, "stage", f"{type(error).__name__}: {error}")


STAGES = [
    accounts, apps, team_begins, templates, template_drafts, requests, bulk, life, fates,
    unclaimed_drafts, faxes, fax_lines, oauth, others, team_ends]
