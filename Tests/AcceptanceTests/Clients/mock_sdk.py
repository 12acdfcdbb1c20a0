"""Calls every operation of the mock with the official SDK, and judges every answer.

    mock_sdk.py BASE_URL OPENAPI_FILE|-

Each operation is called in each encoding that it takes, each documented error is reached, and every
answer must be read by the SDK and be valid by the OpenAPI file. Prints a line for each failure and
a sum; the exit code is 1 when anything failed. A run leaves no team, so another one can follow.
"""

import sys

import mock_calls
import mock_errors
from mock_contract import Contract
from mock_session import Session


class Unjudged:
    """In the place of the OpenAPI file where that is not there: the SDK alone judges."""

    def faults(self, *answer):
        return []


def main(base, openapi_file):
    session = Session(base, Unjudged() if openapi_file == "-" else Contract(openapi_file))
    world = mock_calls.World(session)
    mock_calls.perform(world, mock_calls.STAGES + mock_errors.STAGES)
    for operation, encoding in session.missing():
        session.fail(operation, encoding, "was not called with success")
    for name in sorted(mock_errors.ERRORS - session.reached):
        session.fail(name, "error", "was not reached")
    print(
        f"{len(session.operations)} operations, {session.calls} calls, "
        f"{len(session.reached & mock_errors.ERRORS)} errors reached, {session.failures} failures")
    return 1 if session.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
