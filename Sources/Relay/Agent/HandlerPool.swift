import HTTPTransport

/// The connections of an event loop to one handler that wait for another request.
final class HandlerPool {
    let destination: Destination
    private let maximum: Int
    private var idle: [HandlerConnection] = []

    /// `maximum`: connections that are kept.
    init(_ destination: Destination, maximum: Int) {
        self.destination = destination
        self.maximum = maximum
    }

    /// The connection that was used last, as it is the least likely to be closed at the other end.
    func take() -> HandlerConnection? {
        while let connection = idle.popLast() {
            if connection.isUsable { return connection }
            connection.close()
        }
        return nil
    }

    /// Takes a connection back that may have another request.
    func keep(_ connection: HandlerConnection) {
        guard idle.count < maximum else { return connection.close() }
        idle.append(connection)
    }

    func remove(_ connection: HandlerConnection) { idle.removeAll { $0 === connection } }
}
