/// The name of what happened, as the member `event.event_type` has it.
///
/// New types come without notice, so this is no enumeration: any text is a type, and
/// ``all`` lists those that are known.
public struct EventType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The name on the wire.
    public let rawValue: String

    /// A type by its name on the wire.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The name on the wire.
    public var description: String { rawValue }

    /// What a type's payload carries beside the event.
    public enum Resource: String, Hashable, Sendable {
        case signatureRequest = "signature_request"
        case template
        case account
        case fax
    }

    /// What a type says of `event_metadata.related_signature_id`.
    public enum Signer: Hashable, Sendable {
        /// It is null.
        case none
        /// It is the signature that the event is about.
        case related
    }

    /// A known type and what its payload looks like.
    public struct Description: Hashable, Sendable {
        /// The type.
        public let type: EventType
        /// The object that the payload carries; `nil` for the test callback.
        public let resource: Resource?
        /// Whether the event is about one signature.
        public let signer: Signer
        /// The URLs that it is reported to.
        public let kinds: [CallbackKind]
        /// When it happens, in one line.
        public let trigger: String
    }

    /// The description of this type; `nil` when the type is not known.
    public var known: Description? { Self.byName[self] }
}

/// Which of the two URLs a callback is for.
public enum CallbackKind: String, Hashable, Sendable, CaseIterable {
    /// The account's URL; the metadata names the account.
    case account
    /// The API app's URL; the metadata names the app.
    case app
}
