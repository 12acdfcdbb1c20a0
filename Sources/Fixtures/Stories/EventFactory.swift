package import Callbacks

/// Makes plausible, signed events; equal seeds and clocks give equal events.
///
/// Each event is of a request of its own, in the state in which such an event finds it. For events of
/// one request over time see ``Flow``.
package struct EventFactory: Sendable {
    var generator: SeededGenerator
    private let now: Int64
    private let apiKey: String

    /// A factory.
    ///
    /// - Parameters:
    ///   - seed: Fixes ids, names and papers.
    ///   - now: The time of the events, in Unix seconds.
    ///   - apiKey: The account's key; signs the events.
    package init(seed: UInt64, now: Int64, apiKey: String) {
        generator = SeededGenerator(seed: seed)
        self.now = now
        self.apiKey = apiKey
    }

    /// A complete event, signed.
    ///
    /// - Parameters:
    ///   - type: Also one that is not known: it is told of a signature request.
    ///   - kind: Which URL it is reported to.
    ///   - edits: Changes of the payload. The hash is made after them, but for one of the hash itself.
    /// - Returns: The event.
    /// - Throws: ``FixtureError`` with code `wrongKind`, `unknownPath` or `wrongType`.
    package mutating func event(
        _ type: EventType, kind: CallbackKind = .account, edits: [PayloadEdit] = []
    ) throws(FixtureError) -> FixtureEvent {
        let kinds = type.known?.kinds ?? CallbackKind.allCases
        guard kinds.contains(kind) else {
            let right = kinds.map { "'\($0.rawValue)'" }.joined(separator: " or ")
            throw FixtureError(
                code: .wrongKind,
                message:
                    "\(type) is not reported to the \(kind.rawValue)'s URL; the kind is \(right)")
        }
        var story = Story(Self.setting(of: type), now: now, generator: generator)
        for (seconds, past) in Self.past(of: type) {
            story.now = now - seconds
            _ = story.tell(past, kind: kind)
        }
        story.now = now
        let payload = story.tell(Happening(type), kind: kind)
        generator = story.rest
        let edited = try edits.applied(to: payload, apiKey: apiKey)
        return FixtureEvent(eventType: type, kind: kind, payload: edited)
    }

    private static func setting(of type: EventType) -> Story.Setting {
        // Two signers, so that an event of one differs from an event of all.
        Story.Setting(signers: 2, isEmbedded: type == .signURLInvalid, age: 7200)
    }

    private static let signedByBoth: [(Int64, Happening)] = [
        (3600, Happening(.signatureRequestViewed)), (3540, Happening(.signatureRequestSigned)),
        (240, Happening(.signatureRequestViewed)), (60, Happening(.signatureRequestSigned)),
    ]

    /// What happened before, each so many seconds ago.
    private static func past(of type: EventType) -> [(Int64, Happening)] {
        let viewed = Happening(.signatureRequestViewed)
        switch type {
        case .signatureRequestSigned, .signatureRequestDeclined, .signatureRequestIncompleteQES:
            return [(240, viewed)]
        case .signatureRequestDownloadable, .signURLInvalid:
            return [(240, viewed), (60, Happening(.signatureRequestSigned))]
        case .signatureRequestAllSigned: return signedByBoth
        case .signatureRequestDestroyed:
            return signedByBoth + [(50, Happening(.signatureRequestAllSigned))]
        default: return []
        }
    }
}
