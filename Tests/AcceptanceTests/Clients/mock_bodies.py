"""What the calls send, with every property that changes an answer's shape."""

RECIPIENT = "+1 415 555 0100"
# A fax to this number stays on its way: the mock's own convention.
HELD_RECIPIENT = "+1 415 555 0105"
REDIRECT = "https://example.com/signed"
SIGNING = {"draw": True, "type": True, "upload": True, "phone": False, "default_type": "draw"}
EDITOR = {"allow_edit_signers": True, "allow_edit_documents": False}
COLOURS = {"primary_button_color": "#00b3e6", "primary_button_text_color": "#ffffff"}
METADATA = {"custom_id": 1234, "custom_text": "NDA #9"}
ROLES = ["Client", "Witness"]
MERGE_FIELDS = [
    {"name": "Full Name", "type": "text"}, {"name": "Is Registered?", "type": "checkbox"}]
CUSTOM_FIELDS = [
    {"name": "Full Name", "value": "Jill Doe", "editor": "Client", "required": True},
    {"name": "Is Registered?", "value": "1"}]
COPIES = [{"role": "Accounting", "email_address": "accounting@example.com"}]
WORDS = {
    "title": "NDA with Acme Co.", "subject": "The NDA we talked about",
    "message": "Please sign this NDA,\nthen we can discuss more."}
FACTS = {
    "text": {
        "placeholder": "a number", "validation_type": "numbers_only", "font_family": "courier",
        "font_size": 10},
    "dropdown": {"options": ["One", "Two"], "content": "One"},
    "hyperlink": {"content": "More", "content_url": "https://example.com"},
    "checkbox": {"is_checked": True, "group": "boxes"},
    "radio": {"is_checked": False, "group": "dots"},
    "signature": {}, "date_signed": {"font_size": 12}, "initials": {},
    "text-merge": {"signer": "sender"}, "checkbox-merge": {"signer": "sender"},
}


def fields():
    """A field of every type, below one another."""
    return [
        {
            "document_index": 0, "api_id": f"{kind}_1", "name": f"The {kind}", "type": kind,
            "page": 1, "x": 110, "y": 60 + 40 * row, "width": 100, "height": 16,
            "required": kind == "signature", "signer": "0", **facts}
        for row, (kind, facts) in enumerate(FACTS.items())]


def form():
    """Fields with groups and a rule, and an attachment to ask for."""
    return {
        "form_fields_per_document": fields(),
        "form_field_groups": [
            {"group_id": "boxes", "group_label": "Boxes", "requirement": "require_0-1"},
            {"group_id": "dots", "group_label": "Dots", "requirement": "require_1"}],
        "form_field_rules": [{
            "id": "rule_1", "trigger_operator": "AND",
            "triggers": [{"id": "dropdown_1", "operator": "any", "values": ["One", "Two"]}],
            "actions": [{
                "field_id": "initials_1", "hidden": True, "type": "change-field-visibility"}]}],
        "field_options": {"date_format": "DD - MM - YYYY"},
        "attachments": [{
            "name": "Passport", "instructions": "A scan", "signer_index": 0, "required": False}],
    }


def signers():
    return [
        {"name": "Jack", "email_address": "jack@example.com", "order": 0, "pin": "d79a3td"},
        {"name": "Jill", "email_address": "jill@example.com", "order": 1}]


def groups():
    return [
        {"group": f"Group {index}", "order": index, "signers": [
            {"name": name, "email_address": f"{name.lower()}@example.com"} for name in names]}
        for index, names in enumerate([["Jack", "Jill"], ["Bob", "Charlie"]])]


def role_signers(roles=ROLES):
    return [
        {"role": role, "name": f"The {role}", "email_address": f"{role.lower()}@example.com"}
        for role in roles]


def signer_list():
    return [
        {"signers": [{"role": "Client", "name": name, "email_address": f"{name}@example.com"}],
         "custom_fields": [{"name": "company", "value": f"{name} Corp"}]}
        for name in ["george", "mary"]]


def app(name):
    return {
        "name": name, "domains": ["example.com"],
        "oauth": {
            "callback_url": "https://example.com/oauth",
            "scopes": ["basic_account_info", "request_signature"]},
        "options": {"can_insert_everywhere": True}, "white_labeling_options": COLOURS}


def request():
    """A signature request for two signers in order."""
    return {
        **WORDS, **form(), "signers": signers(), "cc_email_addresses": ["lawyer@example.com"],
        "metadata": METADATA, "signing_options": SIGNING, "allow_decline": True,
        "allow_reassign": True, "test_mode": True,
        "custom_fields": [{"name": "text-merge_1", "value": "$20,000", "editor": "sender"}]}


def template():
    return {
        **WORDS, **form(), "signer_roles": [
            {"name": name, "order": order} for order, name in enumerate(ROLES)],
        "cc_roles": ["Accounting"], "merge_fields": MERGE_FIELDS, "metadata": METADATA,
        "allow_reassign": True, "test_mode": True}


def bulk_template():
    """A template that has one role, as bulk sending wants it."""
    return {
        "title": "Purchase order", "signer_roles": [{"name": "Client"}], "cc_roles": ["Accounting"],
        "merge_fields": [{"name": "company", "type": "text"}],
        "form_fields_per_document": [
            field for field in fields() if field["type"] == "signature"], "test_mode": True}


def from_template(templates):
    return {
        **WORDS, "template_ids": templates, "signers": role_signers(), "ccs": COPIES,
        "custom_fields": CUSTOM_FIELDS, "metadata": METADATA, "signing_options": SIGNING,
        "allow_decline": True, "test_mode": True}


def bulk(template):
    return {
        **WORDS, "template_ids": [template], "ccs": COPIES, "metadata": METADATA,
        "allow_decline": True, "signing_redirect_url": REDIRECT, "test_mode": True}


def fax():
    return {
        "recipient": RECIPIENT, "sender": "+1 415 555 0199", "test_mode": True,
        "cover_page_to": "Jill", "cover_page_from": "Jack", "cover_page_message": "A fax for you",
        "title": "What it is about"}
