package import Callbacks

/// A request in the octets that will be sent.
package struct OutgoingRequest: Hashable, Sendable {
    /// Tells how the answer ends; it is in ``head``, too.
    package let method: String
    package let head: [UInt8]
    package let body: [UInt8]
    /// The head as it may be kept: without what opens something.
    package let recordedHead: [UInt8]

    /// The octets of `request` when it goes to `destination`.
    package init(_ request: CallbackRequest, to destination: Destination) {
        method = request.method
        head = request.head(target: destination.target, host: destination.hostHeader)
        body = request.body
        let isOpen = request.headers.contains(where: \.isSecret)
        recordedHead =
            isOpen
            ? request.withoutSecrets.head(
                target: destination.target, host: destination.hostHeader) : head
    }
}
