package import Callbacks
import Fixtures
package import HTTPTransport
package import Journal

/// Turns events into deliveries.
package struct EventPlan: Sendable {
    private let settings: Settings
    private let destination: Destination

    package init(_ settings: Settings, to destination: Destination) {
        self.settings = settings
        self.destination = destination
    }

    /// The delivery of an event.
    ///
    /// - Parameters:
    ///   - json: The JSON text that is sent.
    ///   - payload: The same, parsed.
    ///   - origin: What made it.
    ///   - number: Gives the boundary; another number for each delivery of a run.
    /// - Returns: The delivery.
    /// - Throws: ``Problem`` when the payload is no event.
    package func delivery(
        json: [UInt8], payload: JSONValue, origin: String, number: UInt64
    ) throws(Problem) -> NewDelivery {
        let callback: Callback
        do { callback = try Callback(payload: payload) } catch {
            throw Problem(.malformedFixture, error.message, at: error.path)
        }
        var generator = SeededGenerator(
            seed: SeededGenerator.seed(settings.seed, number))
        return NewDelivery(
            event: NewEvent(
                type: callback.eventType, time: callback.eventTime, kind: callback.kind,
                signatureRequestID: callback.signatureRequest?["signature_request_id"]?.string,
                origin: origin, payload: json),
            destination: destination.description, form: settings.wire.form,
            boundary: BodyForm.boundary(generator.next()))
    }

    /// The whole request, as it would be sent.
    package func request(for delivery: NewDelivery) -> OutgoingRequest {
        let json = delivery.event.payload
        let request = settings.wire.request(
            json: json, hashes: HeaderHashes(json: json, apiKey: settings.signingKey),
            form: delivery.form, boundary: delivery.boundary)
        return OutgoingRequest(request, to: destination)
    }
}
