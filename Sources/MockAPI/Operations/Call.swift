import Callbacks

/// One call of an operation: who, what and when.
struct Call: Sendable {
    let operation: APIOperation
    var arguments: Arguments
    /// Whose credentials came; `nil` where none are needed.
    var account: Account
    /// Signs the events that it causes.
    var apiKey: String
    /// The app whose token came, when one did.
    var clientID: String?
    /// What `file_urls` led to.
    var fetchedFiles: [UploadedFile] = []
    /// The event that the processing of documents is to end in, such as `file_error`.
    var forcedOutcome: String?
    /// Unix milliseconds on the mock's clock.
    let nowMilliseconds: Int64

    /// Unix seconds.
    var now: Int64 { nowMilliseconds / 1000 }
}

/// What an operation answers.
struct Reply: Sendable {
    enum Body: Sendable {
        case empty
        case json(JSONValue)
        /// A document that has to be made first.
        case document(DocumentOrder)
        /// Fields that have to be looked for first.
        case detection(DetectionOrder)
    }

    var body: Body
    var warnings: [Warning] = []

    static let empty = Reply(body: .empty)

    /// One object under its name.
    init(_ name: String, _ json: JSONValue, warnings: [Warning] = []) {
        self.init(body: .json(.members([(name, json)])), warnings: warnings)
    }

    init(body: Body, warnings: [Warning] = []) {
        self.body = body
        self.warnings = warnings
    }

    /// A page of a list.
    init(
        _ name: String, _ rows: [JSONValue], page: Page, more: [(String, JSONValue)] = []
    ) {
        self.init(name, rows, page: page, more: more, json: { $0 })
    }

    /// A page of a list; only the rows of that page are turned into JSON.
    init<Row>(
        _ name: String, _ rows: [Row], page: Page, more: [(String, JSONValue)] = [],
        json: (Row) -> JSONValue
    ) {
        self.init(
            body: .json(
                .members(
                    more + [
                        ("list_info", page.info(of: rows.count)),
                        (name, .array(page.of(rows).map(json))),
                    ])))
    }
}

/// Something that the caller should know though the call went well.
struct Warning: Hashable, Sendable {
    let name: String
    let message: String

    static func ignored(_ parameters: [String]) -> Warning? {
        guard !parameters.isEmpty else { return nil }
        let names = parameters.prefix(5).joined(separator: ", ")
        return Warning(
            name: "parameter_ignored", message: "Not known and ignored: \(names.prefix(300))")
    }

    /// The element of `warnings`.
    var json: JSONValue {
        ["warning_msg": .string(message), "warning_name": .string(name)]
    }
}

/// Which part of a list is wanted.
struct Page: Hashable, Sendable {
    /// Rows of a page at the most.
    static let maximumSize = 100

    let number: Int
    let size: Int

    init(_ arguments: Arguments) throws(APIError) {
        number = arguments.integer("page") ?? 1
        size = arguments.integer("page_size") ?? 20
        guard (1...1_000_000).contains(number) else {
            throw APIError(.badRequest, "'page' must be 1 or more", at: "page")
        }
        guard (1...Self.maximumSize).contains(size) else {
            throw APIError(
                .badRequest, "'page_size' must be 1 to \(Self.maximumSize)", at: "page_size")
        }
    }

    func of<Row>(_ rows: [Row]) -> [Row] {
        Array(rows.dropFirst((number - 1) * size).prefix(size))
    }

    func info(of count: Int) -> JSONValue {
        .members([
            ("num_pages", JSONValue(max(1, (count + size - 1) / size))),
            ("num_results", JSONValue(count)), ("page", JSONValue(number)),
            ("page_size", JSONValue(size)),
        ])
    }
}

/// A document that is made from stored files.
struct DocumentOrder: Hashable, Sendable {
    enum Form: Hashable, Sendable {
        case pdf, zip, dataURI
    }

    var form: Form
    var documents: [DocumentReference]
    /// Whose signatures and values are drawn in; `nil` for the bare documents.
    var request: SignatureRequest?
}
