import Callbacks
import Foundation
import Journal

@testable import MockAPI

/// A mock in memory, without a server: calls go in, answers and events come out.
struct Mock {
    var state: MockState
    /// Unix milliseconds.
    var now: Int64 = 1_760_000_000_000
    private let contract = Contract.current
    private let router = Router(.current)

    init(_ change: (inout MockSettings) -> Void = { _ in }) {
        var settings = MockSettings()
        change(&settings)
        state = MockState(settings)
        settle()
    }

    /// What a service would have written so far.
    private(set) var written: [ResourceChange] = []

    /// Takes the changes of the last call, as a service does: a later one that fails leaves them.
    private mutating func settle() {
        let encoder = JSONEncoder()
        do { written += try state.takeChanges().map { try $0.encoded(encoder) } } catch {
            preconditionFailure("a row cannot be encoded: \(error)")
        }
    }

    /// Makes a call with a JSON body.
    mutating func call(
        _ method: String, _ path: String, _ json: JSONValue? = nil, account: Account? = nil
    ) throws(APIError) -> JSONValue {
        try call(
            APIRequest(
                method: method, path: String(path.split(separator: "?")[0]),
                query: path.split(separator: "?").dropFirst().joined(),
                headers: [HeaderField("Content-Type", "application/json")],
                body: json?.encoded(.plain) ?? []), account: account)
    }

    mutating func call(
        _ request: APIRequest, account: Account? = nil
    ) throws(APIError) -> JSONValue {
        let route = try router.route(request.method, request.path)
        let arguments = try Arguments(request, route, contract)
        guard let account = account ?? state.defaultAccount else { return .null }
        let reply = try state.perform(
            Call(
                operation: route.operation, arguments: arguments,
                account: state.accounts[account.id] ?? account, apiKey: "key", clientID: nil,
                nowMilliseconds: now))
        settle()
        if case .json(let value) = reply.body { return value }
        return .null
    }

    /// A multipart request with files and fields.
    static func form(
        _ path: String, files: [(String, [UInt8])] = [("a.pdf", Array("%PDF-1.4".utf8))],
        fields: [(String, String)]
    ) -> APIRequest {
        var body = ""
        for (name, value) in fields {
            body += "--b\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
        }
        for (index, (name, content)) in files.enumerated() {
            body +=
                "--b\r\nContent-Disposition: form-data; name=\"files[\(index)]\"; filename=\"\(name)\""
                + "\r\n\r\n\(String(decoding: content, as: UTF8.self))\r\n"
        }
        return APIRequest(
            method: "POST", path: path,
            headers: [HeaderField("Content-Type", "multipart/form-data; boundary=b")],
            body: Array((body + "--b--\r\n").utf8))
    }
}
