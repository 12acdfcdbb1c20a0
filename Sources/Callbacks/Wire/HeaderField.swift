/// One header line of an HTTP message, as sent: order, repeats and letter case are the sender's.
package struct HeaderField: Hashable, Sendable, Codable {
    /// The name in the letter case that was sent.
    package var name: String
    /// The value without surrounding space.
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [HeaderField] {
    /// The value of the first field with that name, whatever its letter case.
    package func first(_ name: String) -> String? {
        first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
