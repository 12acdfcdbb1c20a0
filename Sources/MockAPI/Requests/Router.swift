import Foundation

/// Finds the operation that a request means.
struct Router: Sendable {
    /// What a path leads to.
    struct Route: Sendable {
        let operation: APIOperation
        /// The last segment of the path, decoded, where the operation takes one.
        let argument: String?
    }

    /// By method and path, where a path that takes an argument ends in `/{}`.
    private let operations: [String: [String: APIOperation]]
    private let paths: [String: [String]]
    private let named: [String: APIOperation]

    init(_ contract: Contract) {
        var operations: [String: [String: APIOperation]] = [:]
        var paths: [String: [String]] = [:]
        for operation in contract.operations {
            let path = Self.pattern(operation.path)
            operations[operation.method, default: [:]][path] = operation
            paths[path, default: []].append(operation.method)
        }
        self.operations = operations
        self.paths = paths
        named = Dictionary(
            contract.operations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The route of an operation that its path alone does not tell.
    func route(_ method: String, operation id: String) throws(APIError) -> Route {
        guard let operation = named[id] else {
            throw missing(id)
        }
        guard operation.method == method else {
            throw APIError(
                .methodNotSupported,
                "\(method) is not supported here; use \(operation.method)")
        }
        return Route(operation: operation, argument: nil)
    }

    /// The route of `path` below `/v3`.
    ///
    /// - Throws: ``APIError`` with `not_found` or `method_not_supported`.
    func route(_ method: String, _ path: String) throws(APIError) -> Route {
        if let operation = operations[method]?[path] {
            return Route(operation: operation, argument: nil)
        }
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { throw missing(path) }
        // The addresses of `final_copy_uri`, which the description of the API has no more.
        let group = path[..<slash]
        let parent =
            group.hasSuffix("/final_copy")
            ? group.dropLast("/final_copy".count) + "/files/{}" : group + "/{}"
        let last = path[path.index(after: slash)...]
        if !last.isEmpty, let operation = operations[method]?[String(parent)] {
            guard
                let argument = last.utf8.contains(UInt8(ascii: "%"))
                    ? last.removingPercentEncoding : String(last)
            else {
                throw missing(path)
            }
            return Route(operation: operation, argument: argument)
        }
        if let methods = paths[path] ?? paths[String(parent)] {
            throw APIError(
                .methodNotSupported,
                "\(method) is not supported here; use \(methods.sorted().joined(separator: ", "))")
        }
        throw missing(path)
    }

    private func missing(_ path: String) -> APIError {
        APIError(.notFound, "There is no operation at \(path.prefix(200))")
    }

    private static func pattern(_ path: String) -> String {
        guard path.hasSuffix("}"), let slash = path.lastIndex(of: "/") else { return path }
        return path[..<slash] + "/{}"
    }
}
