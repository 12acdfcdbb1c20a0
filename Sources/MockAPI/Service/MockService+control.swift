package import Callbacks
package import Fixtures
import Synchronization

/// What the control API does to the mock.
extension MockService {
    /// Does what a signer does, and returns the request.
    package func act(
        _ action: SignerAction, _ signatureID: String
    ) async throws(APIError) -> JSONValue {
        let now = clock.now / 1000
        return try await change { state throws(APIError) in
            try state.act(action, signatureID, now: now).json(base: state.settings.baseURL)
        }
    }

    /// Lets a request's time be over.
    package func expire(_ id: String) async throws(APIError) -> JSONValue {
        let now = clock.now / 1000
        return try await change { state throws(APIError) in
            try state.expire(id, now: now).json(base: state.settings.baseURL)
        }
    }

    /// Lets a request fail with one of the error events.
    package func fail(
        _ id: String, _ type: EventType, _ message: String
    ) async throws(APIError) -> JSONValue {
        let now = clock.now / 1000
        return try await change { state throws(APIError) in
            try state.fail(id, type, message, now: now).json(base: state.settings.baseURL)
        }
    }

    /// Saves the draft of an embedded template.
    package func saveTemplate(_ id: String) async throws(APIError) -> JSONValue {
        let now = clock.now
        return try await change { state throws(APIError) in
            let template = try state.saveTemplate(id, nowMilliseconds: now)
            return state.json(template, viewer: template.accountID)
        }
    }

    /// Claims an unclaimed draft, by its request's id or the token of its address.
    package func claimDraft(
        _ id: String, signer: (name: String, emailAddress: String)?
    ) async throws(APIError) -> JSONValue {
        let now = clock.now
        return try await change { state throws(APIError) in
            let token = state.claimToken(id) ?? id
            let request = try state.claim(token, signer: signer, nowMilliseconds: now)
            return request.json(base: state.settings.baseURL)
        }
    }

    /// All accounts, with those of their keys that the mock made: they open nothing elsewhere.
    package var accounts: JSONValue {
        shared.withLock { shared in
            .array(
                shared.state.accounts.all.map { account in
                    let given = Set(shared.state.settings.accounts.flatMap(\.apiKeys))
                    let keys = account.apiKeys.filter { !given.contains($0) }
                    return .members([
                        ("account_id", .string(account.id)),
                        ("email_address", .string(account.emailAddress)),
                        ("api_keys", .array(keys.map { .string($0) })),
                    ])
                })
        }
    }

    /// The calls behind a number, oldest first.
    package func exchanges(after number: Int64, limit: Int) -> [Exchange] {
        exchanges.withLock { $0.calls(after: number, limit: limit) }
    }

    /// Adds a rule; returns it with its id.
    ///
    /// - Returns: `nil` when there are too many.
    package func add(_ rule: FaultRule<Trouble>) -> FaultRule<Trouble>? {
        shared.withLock { $0.trouble.add(rule) }
    }

    /// The rules that hold now.
    package var troubleRules: [FaultRule<Trouble>] { shared.withLock { $0.trouble.rules } }

    /// Drops a rule, or all; returns whether there was one.
    package func removeTrouble(_ id: Int?) -> Bool { shared.withLock { $0.trouble.remove(id) } }

    /// Keeps what the clock shows now, so that time does not go back when the mock is started again.
    package func keepClock(realTime: Int64) async throws(APIError) {
        let time = clock.now
        try await change { state in
            state.clockReading = Ledger.Reading(time: time, realTime: realTime)
        }
    }

    /// What a clock has to show at least that goes on from an earlier run; `nil` when it was never moved.
    ///
    /// `runs`: Whether time went on meanwhile.
    package func clockToGoOnFrom(realTime: Int64, runs: Bool) -> Int64? {
        shared.withLock { shared in
            shared.state.clockReading.map { reading in
                runs ? reading.time + max(0, realTime - reading.realTime) : reading.time
            }
        }
    }

    /// Makes a team below another.
    package func makeTeam(
        _ name: String, below parentID: String
    ) async throws(APIError) -> JSONValue {
        try await change { state throws(APIError) in
            let team = try state.makeTeam(name, below: parentID)
            return ["team_id": .string(team.id), "name": .string(team.name)]
        }
    }

    /// Says where links lead, once that is known.
    package func setBaseURL(_ url: String) {
        shared.withLock { $0.state.settings.baseURL = url }
    }

    package var settings: MockSettings { shared.withLock { $0.state.settings } }
}

extension MockState {
    /// The token of a draft's address, by the id of the request that it becomes.
    func claimToken(_ requestID: String) -> String? {
        guard let draft = drafts.all.first(where: { $0.request.id == requestID }) else {
            return nil
        }
        return links.newest { $0.target == draft.id }.first?.id
    }
}
