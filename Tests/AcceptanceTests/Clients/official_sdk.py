"""Reads one event's JSON on each line and judges it with the official SDK.

usage: official_sdk.py API_KEY < events.ndjson

Prints a line for each event: type, kind, whether the hash is right with the key, and with another one.
"""

import json
import sys

from dropbox_sign import EventCallbackHelper
from dropbox_sign.models import EventCallbackRequest

key = sys.argv[1]
for line in sys.stdin:
    event = EventCallbackRequest.init(json.loads(line))
    print(
        event.event.event_type,
        EventCallbackHelper.get_callback_type(event),
        EventCallbackHelper.is_valid(key, event),
        EventCallbackHelper.is_valid(key[::-1], event),
    )
