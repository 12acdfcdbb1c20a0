package import Callbacks

/// Makes plausible, signed events; equal seeds and clocks give equal events.
package struct EventFactory: Sendable {
    package init(seed: UInt64, now: Int64, apiKey: String) {}

    /// A complete event, signed.
    package mutating func event(
        _ type: EventType, kind: CallbackKind = .account, edits: [PayloadEdit] = []
    ) throws(FixtureError) -> FixtureEvent {
        FixtureEvent(eventType: type, kind: kind, payload: .null)
    }
}

package struct FixtureEvent: Hashable, Sendable {
    package var eventType: EventType
    package var kind: CallbackKind
    /// The whole payload with its hash.
    package var payload: JSONValue
}

package struct PayloadEdit: Hashable, Sendable {}

package struct FixtureError: Error {}
