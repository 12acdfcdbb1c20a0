// A callback handler that does everything right, as an example and to try Countersign on.
//
//     sample-handler --port 3000
//
// It verifies the hash, answers the text, takes every event type, and does nothing else.
import Callbacks
import Foundation
import Hummingbird
import Logging
import NIOCore

/// The key in the API's published examples; a real handler has its account's own.
let exampleKey = "324e3b0840f065eb51f3fd63231d0d33daa35d4ed10d27718839e81737065782"
/// Octets of a body; a real callback has some thousands.
let maximumBodyBytes = 10 << 20

/// Why it cannot run: a stable code and a line for a person.
struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ code: Int, _ text: String) { description = "CS-\(code) \(text)" }

    static func wrongUse(_ text: String) -> Problem { Problem(1001, text) }
}

func option(_ name: String, _ arguments: [String]) throws -> String? {
    guard let index = arguments.firstIndex(of: name) else { return nil }
    guard arguments.indices.contains(index + 1) else {
        throw Problem.wrongUse("\(name) needs a value")
    }
    return arguments[index + 1]
}

/// Answers one request.
func answer(_ request: Request, apiKey: String) async throws -> Response {
    let body = try await request.body.collect(upTo: maximumBodyBytes)
    let callback: Callback
    do {
        callback = try Callback(
            contentType: request.headers[.contentType], body: body.readableBytesView)
    } catch {
        return Response(status: .badRequest)
    }
    guard callback.isAuthentic(apiKey: apiKey) else { return Response(status: .unauthorized) }
    // Here a real handler puts the event into a queue. It may see an event twice, and events out of
    // order; types that it does not know are acknowledged like the others.
    return Response(
        status: .ok, headers: [.contentType: "text/plain"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: Acknowledgement.text)))
}

func serve(_ arguments: [String]) async throws {
    let flags: Set = ["--port", "--api-key"]
    if let unknown = arguments.enumerated().first(where: {
        $0.offset % 2 == 0 && !flags.contains($0.element)
    }) {
        throw Problem.wrongUse(
            "unknown argument '\(unknown.element)'; known are --port and --api-key")
    }
    guard let port = Int(try option("--port", arguments) ?? "3000"), (0...65_535).contains(port)
    else {
        throw Problem.wrongUse("--port is 0 to 65535")
    }
    let apiKey =
        try option("--api-key", arguments)
        ?? ProcessInfo.processInfo.environment["COUNTERSIGN_API_KEY"] ?? exampleKey
    let router = Router()
    router.post("callbacks") { request, _ in try await answer(request, apiKey: apiKey) }
    router.get("callbacks") { _, _ in Response(status: .methodNotAllowed) }
    var logger = Logger(label: "sample-handler")
    logger.logLevel = .error
    let application = Application(
        router: router,
        configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
        onServerRunning: { channel in
            let port = channel.localAddress?.port ?? port
            FileHandle.standardOutput.write(
                Data("listening on http://127.0.0.1:\(port)/callbacks\n".utf8))
        },
        logger: logger)
    do { try await application.runService() } catch let error as IOError
        where error.errnoCode == EADDRINUSE
    {
        throw Problem(
            1603,
            "127.0.0.1:\(port): another program listens there; choose another port with --port")
    }
}

do {
    try await serve(Array(CommandLine.arguments.dropFirst()))
} catch {
    let problem = error as? Problem ?? Problem(1901, "\(error)")
    FileHandle.standardError.write(Data("error: \(problem)\n".utf8))
    exit(2)
}
