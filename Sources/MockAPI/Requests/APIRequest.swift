package import Callbacks

/// A request as it came.
package struct APIRequest: Hashable, Sendable {
    package var method: String
    /// The path without the query, percent-encoded as it came.
    package var path: String
    /// What stands behind `?`; empty without.
    package var query: String
    package var headers: [HeaderField]
    package var body: [UInt8]

    package init(
        method: String, path: String, query: String = "", headers: [HeaderField] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }
}

/// What is answered.
package struct APIAnswer: Hashable, Sendable {
    package var status: Int
    package var headers: [HeaderField]
    package var body: [UInt8]

    package init(status: Int, headers: [HeaderField] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer with a JSON body.
    package init(status: Int, json: JSONValue) {
        self.init(
            status: status, headers: [HeaderField("Content-Type", "application/json")],
            body: json.encoded(.plain))
    }

    /// A refusal.
    package init(_ error: APIError) {
        self.init(status: error.name.status, json: error.json)
    }
}

/// A file that came with a request.
package struct UploadedFile: Hashable, Sendable {
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}
