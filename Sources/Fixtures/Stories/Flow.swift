import Callbacks

/// A lifecycle: events of the same request, template or fax over time.
package struct Flow: Hashable, Sendable {
    package var name: String
    package var description: String
    var setting: Story.Setting
    var kind: CallbackKind
    var steps: [Step]

    struct Step: Hashable, Sendable {
        enum Action: Hashable, Sendable {
            case event(Happening)
            /// `POST /signature_request/update`: makes no event of its own.
            case updateEmail(request: Int, signer: Int)
        }

        var action: Action
        /// Since the step before.
        var after: Duration
        var line: Int
    }

    /// The events in their order.
    ///
    /// - Parameters:
    ///   - seed: Fixes ids, names and papers.
    ///   - now: The time of the first step, in Unix seconds.
    ///   - apiKey: The account's key.
    /// - Returns: Signed events, each with the time since the first step.
    /// - Throws: ``FixtureError``.
    package func play(
        seed: UInt64, now: Int64, apiKey: String
    ) throws(FixtureError) -> [(event: FixtureEvent, offset: Duration, line: Int)] {
        var story = Story(setting, now: now, generator: SeededGenerator(seed: seed))
        var played: [(event: FixtureEvent, offset: Duration, line: Int)] = []
        var offset = Duration.zero
        for step in steps {
            offset += step.after
            story.now = now + offset.components.seconds
            switch step.action {
            case .event(let happening):
                let payload = try story.tell(happening, kind: kind).signed(apiKey: apiKey)
                let event = FixtureEvent(eventType: happening.type, kind: kind, payload: payload)
                played.append((event, offset, step.line))
            case .updateEmail(let request, let signer):
                story.updateEmail(request: request, signer: signer)
            }
        }
        return played
    }
}
