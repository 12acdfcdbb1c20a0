/// A request to a handler, complete but for the address: what goes on the wire behind `Host`.
///
/// Most are callbacks; the checker also sends what no service would.
package struct CallbackRequest: Hashable, Sendable {
    /// The method; callbacks are `POST`.
    package var method: String
    /// All fields but `Host`, in order; `Content-Length` is among them.
    package var headers: [HeaderField]
    /// The body as sent.
    package var body: [UInt8]

    package init(method: String = "POST", headers: [HeaderField], body: [UInt8]) {
        self.method = method
        self.headers = headers
        self.body = body
    }

    /// The same with secret header values left out, for records.
    package var withoutSecrets: CallbackRequest {
        var request = self
        for index in headers.indices where headers[index].isSecret {
            request.headers[index].value = HeaderField.redacted
        }
        return request
    }

    /// The head as sent: request line, `Host`, the other fields and the empty line.
    ///
    /// - Parameters:
    ///   - target: Path and query, such as `/callbacks?a=1`.
    ///   - host: The value of `Host`, with the port where it is not the scheme's own.
    /// - Returns: The octets before the body.
    package func head(target: String, host: String) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(
            headers.reduce(32 + target.utf8.count + host.utf8.count) {
                $0 + $1.name.utf8.count + $1.value.utf8.count + 4
            })
        func append(_ texts: String...) {
            for text in texts { head.append(contentsOf: text.utf8) }
        }
        append(method, " ", target, " HTTP/1.1\r\nHost: ", host, "\r\n")
        for field in headers { append(field.name, ": ", field.value, "\r\n") }
        append("\r\n")
        return head
    }
}
