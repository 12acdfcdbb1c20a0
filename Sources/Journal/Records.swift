package import Callbacks

/// An event to be delivered, as it goes into the journal.
package struct NewEvent: Hashable, Sendable {
    package var type: EventType
    /// Unix seconds as decimal text, as in the payload.
    package var time: String
    package var kind: CallbackKind
    package var signatureRequestID: String?
    /// What made it: a command's name, or a file's.
    package var origin: String
    /// The JSON text that is sent.
    package var payload: [UInt8]

    package init(
        type: EventType, time: String, kind: CallbackKind, signatureRequestID: String? = nil,
        origin: String, payload: [UInt8]
    ) {
        self.type = type
        self.time = time
        self.kind = kind
        self.signatureRequestID = signatureRequestID
        self.origin = origin
        self.payload = payload
    }
}

/// A delivery to come: which event goes where, and in which form.
package struct NewDelivery: Hashable, Sendable {
    package var event: NewEvent
    /// The handler's whole URL.
    package var destination: String
    package var form: BodyForm
    /// The boundary of a multipart body.
    package var boundary: String
    /// The body, where it is not what form and boundary make of the payload: somebody else wrote it.
    package var receivedBody: [UInt8]?

    package init(
        event: NewEvent, destination: String, form: BodyForm, boundary: String,
        receivedBody: [UInt8]? = nil
    ) {
        self.event = event
        self.destination = destination
        self.form = form
        self.boundary = boundary
        self.receivedBody = receivedBody
    }
}

/// Where a delivery stands.
package enum DeliveryState: String, Hashable, Sendable, CaseIterable {
    /// An attempt is under way or will follow.
    case pending
    case acknowledged
    /// No attempt will follow.
    case failed
}

/// A delivery with its event, as the journal has it.
package struct DeliveryRecord: Hashable, Sendable {
    package var id: Int64
    package var delivery: NewDelivery
    package var state: DeliveryState
    /// How many attempts were begun.
    package var attempts: Int
    /// Unix milliseconds.
    package var createdAt: Int64
    /// Unix milliseconds; `nil` when no attempt will follow.
    package var nextAttemptAt: Int64?
    /// Milliseconds of the pauses before the retries that are left.
    package var waits: [Int64]
    /// The outcome of the last finished attempt.
    package var lastOutcome: Outcome?
}

/// The beginning of an attempt.
package struct AttemptStart: Hashable, Sendable {
    /// From 1.
    package var number: Int
    /// Unix milliseconds.
    package var startedAt: Int64
    /// The head of the request as sent.
    package var requestHead: [UInt8]

    package init(number: Int, startedAt: Int64, requestHead: [UInt8]) {
        self.number = number
        self.startedAt = startedAt
        self.requestHead = requestHead
    }
}

/// An attempt that is in the journal and has not finished.
package struct AttemptUnderWay: Hashable, Sendable {
    package let delivery: Int64
    package let start: AttemptStart
    /// Whether the delivery's row has the head of this attempt's request.
    let headIsKept: Bool
}

/// The end of an attempt.
package struct AttemptResult: Hashable, Sendable {
    package var outcome: Outcome
    package var detail: String?
    /// The answer's status code, when there is one.
    package var status: Int?
    /// What was received, byte for byte, up to the limit.
    package var response: [UInt8]
    /// How many octets were received in all.
    package var responseBytes: Int
    /// Microseconds until the connection stood; `nil` for a kept one.
    package var connectMicroseconds: Int64?
    /// Microseconds until the first octet of the answer.
    package var firstByteMicroseconds: Int64?
    /// Microseconds until the end.
    package var totalMicroseconds: Int64

    package init(
        outcome: Outcome, detail: String? = nil, status: Int? = nil, response: [UInt8] = [],
        connectMicroseconds: Int64? = nil, firstByteMicroseconds: Int64? = nil,
        totalMicroseconds: Int64
    ) {
        self.outcome = outcome
        self.detail = detail
        self.status = status
        self.response = response
        responseBytes = response.count
        self.connectMicroseconds = connectMicroseconds
        self.firstByteMicroseconds = firstByteMicroseconds
        self.totalMicroseconds = totalMicroseconds
    }
}

/// A finished attempt as the journal has it.
package struct AttemptRecord: Hashable, Sendable {
    package var start: AttemptStart
    package var result: AttemptResult

    package init(start: AttemptStart, result: AttemptResult) {
        self.start = start
        self.result = result
    }
}

/// What follows a finished attempt.
package enum AfterAttempt: Hashable, Sendable {
    case acknowledged
    /// Another attempt at that time, in Unix milliseconds.
    case retry(at: Int64)
    case giveUp
}

/// Which deliveries a listing has.
package struct DeliveryFilter: Hashable, Sendable {
    package var eventType: EventType?
    package var state: DeliveryState?
    package var signatureRequestID: String?
    /// Only those with a larger id.
    package var after: Int64?
    /// At most that many, the newest ones.
    package var limit: Int

    package init(
        eventType: EventType? = nil, state: DeliveryState? = nil,
        signatureRequestID: String? = nil, after: Int64? = nil, limit: Int = 100
    ) {
        self.eventType = eventType
        self.state = state
        self.signatureRequestID = signatureRequestID
        self.after = after
        self.limit = limit
    }
}
