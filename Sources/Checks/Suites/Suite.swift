package import Callbacks

/// A file of expectations: events to send to a handler, and what it should answer.
package struct Suite: Hashable, Sendable {
    /// The file that it was read from.
    package var file: String
    /// The handler's URL; `nil` leaves it to the caller.
    package var target: String?
    /// The standard rules to run before the suite's own checks; `nil` means none.
    package var rules: Selection?
    package var checks: [SuiteCheck]

    package init(
        file: String, target: String? = nil, rules: Selection? = nil, checks: [SuiteCheck] = []
    ) {
        self.file = file
        self.target = target
        self.rules = rules
        self.checks = checks
    }
}

/// One event and what is expected of the answer.
package struct SuiteCheck: Hashable, Sendable {
    package var name: String
    package var place: Place
    package var eventType: EventType
    package var kind: CallbackKind
    /// The form of the body; `nil` means the one that the run is configured for.
    package var form: BodyForm?
    package var hash: Hash
    package var edits: [SuiteEdit]
    /// How many times the event is sent, one after another; each answer is judged.
    package var count: Int
    package var expectation: Expectation

    /// What hash an event is sent with.
    package enum Hash: String, Hashable, Sendable, CaseIterable {
        case right, wrong, missing
    }

    package init(
        name: String, place: Place, eventType: EventType, kind: CallbackKind = .account,
        form: BodyForm? = nil, hash: Hash = .right, edits: [SuiteEdit] = [], count: Int = 1,
        expectation: Expectation = Expectation()
    ) {
        self.name = name
        self.place = place
        self.eventType = eventType
        self.kind = kind
        self.form = form
        self.hash = hash
        self.edits = edits
        self.count = count
        self.expectation = expectation
    }
}

/// A change of a payload, and the line that asks for it.
package struct SuiteEdit: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        case override(JSONValue)
        case add(JSONValue)
        case remove
    }

    package var path: String
    package var action: Action
    package var place: Place

    package init(path: String, action: Action, place: Place) {
        self.path = path
        self.action = action
        self.place = place
    }
}

/// Something in a suite's file that is wrong.
package struct SuiteDiagnostic: Error, Hashable, Sendable, CustomStringConvertible {
    package let place: Place
    package let message: String

    /// As compilers write it: `file:line: error: message`.
    package var description: String { "\(place): error: \(message)" }
}
