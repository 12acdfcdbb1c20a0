import Callbacks
import Fixtures
import Foundation
import Synchronization

extension MockService {
    /// Answers a request for a path below `/v3`, or for `/oauth/token`.
    package func answer(_ request: APIRequest) async -> Outcome {
        let number = lastCall.add(1, ordering: .relaxed).newValue
        let start = ContinuousClock.now
        var trace = Trace()
        let outcome = await answer(request, number, &trace)
        let answer: APIAnswer? = if case .answer(let answer) = outcome { answer } else { nil }
        let exchange = Exchange(
            number: number, time: clock.now, duration: ContinuousClock.now - start,
            operation: trace.operation?.id, request: request, answer: answer)
        exchanges.withLock { $0.end(exchange) }
        note(exchange)
        return outcome
    }

    /// What is found out about a call on the way.
    private struct Trace {
        var operation: APIOperation?
        var standing: RateLimits.Standing?
    }

    private func answer(
        _ request: APIRequest, _ number: Int64, _ trace: inout Trace
    ) async -> Outcome {
        do throws(APIError) {
            guard let answer = try await attempt(request, number, &trace) else { return .reset }
            return .answer(answer)
        } catch {
            var answer = APIAnswer(error)
            if let standing = trace.standing { answer.headers += standing.headers }
            return .answer(answer)
        }
    }

    /// `nil` when a rule closes the connection.
    private func attempt(
        _ request: APIRequest, _ number: Int64, _ trace: inout Trace
    ) async throws(APIError) -> APIAnswer? {
        let route = try route(request)
        trace.operation = route.operation
        let requested = try RequestedTrouble(request.headers)
        let credentials = try Credentials(request.headers)
        let now = clock.now
        let operation = route.operation
        let (caller, effects) = try shared.withLock { shared in
            Result { () throws(APIError) in
                let effects = shared.trouble.hits(on: operation.id).map(\.effect)
                return (
                    try shared.state.caller(credentials, of: operation, now: now / 1000), effects
                )
            }
        }.get()
        var call = Call(
            operation: operation, arguments: Arguments(), account: caller.account,
            apiKey: caller.apiKey, clientID: caller.clientID, nowMilliseconds: now)
        call.forcedOutcome = requested.outcome
        call.arguments = try Arguments(request, route, contract)
        trace.standing = try count(call)
        if let error = requested.error { throw error }
        for effect in effects {
            switch effect {
            case .error(let name): throw APIError(name, "Forced by a rule of the mock")
            // The wait is of the person's real time, whatever the mock's clock says.
            case .delay(let milliseconds): try? await Task.sleep(for: .milliseconds(milliseconds))
            case .reset: return nil
            }
        }
        guard operation.method == "GET" || !isFull() else {
            throw APIError(
                .unavailable,
                "Too many events wait for the handler; let it answer, or reset the mock")
        }
        call.fetchedFiles = try await fetcher.files(of: call)
        let reply = try await perform(call, number)
        var answer = try await answer(reply, of: operation)
        answer.headers += trace.standing?.headers ?? []
        return answer
    }

    private func route(_ request: APIRequest) throws(APIError) -> Router.Route {
        // The paths of OAuth stand beside those of the API; the SDKs can be told to put them below it.
        if request.path == "/oauth/token" || request.path == "/v3/oauth/token" {
            return try oauthRoute(request)
        }
        guard request.path.hasPrefix("/v3/") else {
            throw APIError(.notFound, "There is no operation at \(request.path.prefix(200))")
        }
        return try router.route(request.method, String(request.path.dropFirst(3)))
    }

    /// One path has two operations, which `grant_type` tells apart.
    private func oauthRoute(_ request: APIRequest) throws(APIError) -> Router.Route {
        let grantType = try Arguments.grantType(request)
        switch grantType {
        case "authorization_code", nil:
            return try router.route(request.method, operation: "oauthTokenGenerate")
        case "refresh_token":
            return try router.route(request.method, operation: "oauthTokenRefresh")
        default:
            throw APIError(
                .unsupportedGrantType,
                "'grant_type' must be authorization_code or refresh_token", at: "grant_type")
        }
    }

    private func count(_ call: Call) throws(APIError) -> RateLimits.Standing {
        let tier = call.operation.tier(isTestMode: call.arguments.flag("test_mode"))
        guard enforcesRateLimits else {
            return RateLimits.untouched(tier, now: call.nowMilliseconds)
        }
        let standing = shared.withLock { shared in
            shared.limits.count(tier, call.account.id, now: call.nowMilliseconds)
        }
        guard standing.remaining >= 0 else {
            throw APIError(
                .exceededRate, "You have made more than \(standing.limit) calls in a minute")
        }
        return standing
    }

    private func perform(_ call: Call, _ number: Int64) async throws(APIError) -> Reply {
        try await change(now: call.nowMilliseconds) { state throws(APIError) in
            state.exchange = number
            defer { state.exchange = nil }
            return try state.perform(call)
        }
    }

    private func answer(
        _ reply: Reply, of operation: APIOperation
    ) async throws(APIError)
        -> APIAnswer
    {
        switch reply.body {
        case .empty: return APIAnswer(status: operation.status)
        case .json(let json):
            guard !reply.warnings.isEmpty, var object = json.object else {
                return APIAnswer(status: operation.status, json: json)
            }
            object["warnings"] = .array(reply.warnings.map(\.json))
            return APIAnswer(status: operation.status, json: .object(object))
        case .document(let order): return try await document(order, status: operation.status)
        case .detection(let order):
            return APIAnswer(
                status: operation.status, json: try await desk.detect(order, now: clock.now))
        }
    }

    /// The answer that carries a document.
    func document(_ order: DocumentOrder, status: Int) async throws(APIError) -> APIAnswer {
        let files = try read { state throws(APIError) in state.files(of: order.documents) }
        let made = try await desk.make(order, from: files)
        switch order.form {
        case .pdf:
            return APIAnswer(
                status: status, headers: [HeaderField("Content-Type", "application/pdf")],
                body: made)
        case .zip:
            return APIAnswer(
                status: status, headers: [HeaderField("Content-Type", "application/zip")],
                body: made)
        case .dataURI:
            let text = "data:application/pdf;base64," + Data(made).base64EncodedString()
            return APIAnswer(status: status, json: ["data_uri": .string(text)])
        }
    }
}
