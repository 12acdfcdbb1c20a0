import Callbacks

/// What a request says, by the contract: path, query and body as one checked object, and the files.
struct Arguments: Hashable, Sendable {
    /// Checked and in the types of the contract.
    var values: JSONObject
    /// By parameter, in order.
    var files: [String: [UploadedFile]]
    /// Parameters that the operation does not know.
    var ignored: [String]

    init(
        values: JSONObject = JSONObject(), files: [String: [UploadedFile]] = [:],
        ignored: [String] = []
    ) {
        self.values = values
        self.files = files
        self.ignored = ignored
    }

    /// The value of a parameter; `nil` when it was not given, or `null`.
    subscript(name: String) -> JSONValue? {
        values[name].flatMap { $0.isNull ? nil : $0 }
    }

    func text(_ name: String) -> String? { self[name]?.string }
    func integer(_ name: String) -> Int? { self[name]?.integer }
    func flag(_ name: String) -> Bool { self[name]?.bool ?? false }
    func list(_ name: String) -> [JSONValue] { self[name]?.array ?? [] }
    func texts(_ name: String) -> [String] { list(name).compactMap(\.string) }

    /// A text that must be there.
    func required(_ name: String) throws(APIError) -> String {
        guard let text = text(name) else {
            throw APIError(.badRequest, "'\(name)' is required", at: name)
        }
        return text
    }
}

extension Arguments {
    /// Octets of all that is no file: each event carries most of it.
    private static let maximumTextBytes = 8 << 20
    /// Octets of a request's body.
    static let maximumBodyBytes = 64 << 20

    /// Reads a request for an operation.
    ///
    /// - Throws: ``APIError`` with `bad_request` and the path of what is wrong.
    init(
        _ request: APIRequest, _ route: Router.Route, _ contract: Contract
    ) throws(APIError) {
        var validation = Validation(contract: contract)
        var values = JSONObject()
        let query = try Self.fields(request.query)
        for parameter in route.operation.parameters {
            let name = parameter.field.name
            let given: JSONValue?
            switch parameter.place {
            case .path: given = route.argument.map { .string($0) }
            case .query: given = query[name]
            }
            guard let given else {
                if parameter.field.isRequired {
                    throw APIError(.badRequest, "'\(name)' is required", at: name)
                }
                continue
            }
            validation.isForm = true
            values[name] = try validation.value(given, parameter.field.type, at: name)
        }
        var ignored = query.members.map(\.name).filter { name in
            name != "refresh" && !route.operation.parameters.contains { $0.field.name == name }
        }
        if let body = route.operation.body, let schema = contract.schemas[body.schema] {
            var (given, files, isForm) = try Self.body(request)
            let names = contract.fields(of: schema).map(\.name)
            // The name that old samples use.
            if isForm, names.contains("file_urls"), let urls = given["file_url"] {
                given["file_url"] = nil
                given["file_urls"] = given["file_urls"] ?? urls
            }
            validation.isForm = isForm
            validation.files = files
            let checked = try validation.object(.object(given), schema, at: "")
            for member in checked.members { values[member.name] = member.value }
            ignored += validation.ignored
        }
        self.init(values: values, files: validation.files, ignored: ignored)
    }

    /// The `grant_type` of a call for a token; `nil` when there is none.
    static func grantType(_ request: APIRequest) throws(APIError) -> String? {
        let given = try body(request).0["grant_type"]?.string
        // The path of the refreshing operation has a query instead in the official description.
        return given ?? (request.query.hasPrefix("refresh") ? "refresh_token" : nil)
    }

    private static func fields(_ query: String) throws(APIError) -> JSONObject {
        guard !query.isEmpty else { return JSONObject() }
        do {
            let fields = try FormFields.urlencoded(Array(query.utf8))
            return try FormTree(fields).values
        } catch let error as APIError { throw error } catch {
            throw APIError(.badRequest, "The query cannot be read: \(error)")
        }
    }

    private static func checkText(_ bytes: Int) throws(APIError) {
        guard bytes <= maximumTextBytes else {
            throw APIError(
                .badRequest, "What is no file may have \(maximumTextBytes >> 20) MB in all")
        }
    }

    private static func body(
        _ request: APIRequest
    ) throws(APIError) -> (JSONObject, [String: [UploadedFile]], isForm: Bool) {
        guard !request.body.isEmpty else { return (JSONObject(), [:], false) }
        let type = request.headers.first("Content-Type") ?? "application/json"
        do {
            if let fields = try FormFields.read(request.body, contentType: type) {
                let size = fields.reduce(0) { $0 + ($1.fileName == nil ? $1.content.count : 0) }
                try checkText(size)
                let tree = try FormTree(fields)
                return (tree.values, tree.files, true)
            }
            guard type.lowercased().contains("json") else {
                throw APIError(
                    .badRequest,
                    "The content type '\(type.prefix(100))' is not supported; send JSON or a form")
            }
            try checkText(request.body.count)
            guard let object = try JSONValue(parsing: request.body).object else {
                throw APIError(.badRequest, "The body must be a JSON object")
            }
            return (object, [:], false)
        } catch let error as APIError { throw error } catch {
            throw APIError(.badRequest, "The body cannot be read: \(error)")
        }
    }
}
