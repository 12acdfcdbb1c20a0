import Callbacks
import Fixtures

/// Operations on fax lines.
extension MockState {
    static let faxLineHandlers: [String: Handler] = [
        "faxLineAreaCodeGet": { (_, call) throws(APIError) in
            let codes = AreaCodes.codes(
                country: try call.arguments.required("country"),
                region: call.arguments.text("state") ?? call.arguments.text("province"))
            return Reply("area_codes", .array(codes.map { JSONValue($0) }))
        },
        "faxLineCreate": { (state, call) throws(APIError) in try state.faxLineCreate(call) },
        "faxLineGet": { (state, call) throws(APIError) in
            state.reply(try state.ownFaxLine(call))
        },
        "faxLineDelete": { (state, call) throws(APIError) in
            state.faxLines[try state.ownFaxLine(call).id] = nil
            return .empty
        },
        "faxLineList": { (state, call) throws(APIError) in try state.faxLineList(call) },
        "faxLineAddUser": { (state, call) throws(APIError) in
            try state.changeUsers(call) { line, account in
                if !line.accountIDs.contains(account.id) { line.accountIDs.append(account.id) }
            }
        },
        "faxLineRemoveUser": { (state, call) throws(APIError) in
            try state.changeUsers(call) { line, account in
                line.accountIDs.removeAll { $0 == account.id }
            }
        },
    ]

    private func reply(_ line: FaxLine) -> Reply { Reply("fax_line", json(line)) }

    private func json(_ line: FaxLine) -> JSONValue {
        .members([
            ("number", .string(line.id)), ("created_at", .time(line.createdAt)),
            ("updated_at", .time(line.updatedAt)),
            ("accounts", .array(line.accountIDs.compactMap { accounts[$0]?.json })),
        ])
    }

    private func ownFaxLine(_ call: Call) throws(APIError) -> FaxLine {
        guard let line = faxLines[try call.arguments.required("number")],
            line.ownerID == call.account.id || line.accountIDs.contains(call.account.id)
        else { throw APIError(.notFound, "Fax line not found") }
        return line
    }

    private mutating func faxLineCreate(_ call: Call) throws(APIError) -> Reply {
        let country = try call.arguments.required("country")
        let code = call.arguments.integer("area_code") ?? 0
        guard AreaCodes.codes(country: country, region: nil).contains(code) else {
            throw APIError(
                .badRequest, "There are no numbers with area code \(code) in \(country)",
                at: "area_code")
        }
        var user = call.account
        if let id = call.arguments.text("account_id") {
            guard let other = accounts[id], other.isVisible(to: call.account) else {
                throw APIError(.notFound, "Account not found", at: "account_id")
            }
            user = other
        }
        var generator = SeededGenerator(seed: UInt64(identifier(15), radix: 16) ?? 0)
        var number: String
        repeat {
            number = "\(code)\(2_000_000 + generator.next() % 8_000_000)"
        } while faxLines[number] != nil
        let line = FaxLine(
            id: number, ownerID: call.account.id, createdAt: call.now, updatedAt: call.now,
            accountIDs: [user.id])
        faxLines.put(line)
        return reply(line)
    }

    private func faxLineList(_ call: Call) throws(APIError) -> Reply {
        var users = [call.account]
        if let id = call.arguments.text("account_id"), id != call.account.id {
            users = try teammates(call, named: id)
        } else if call.arguments.flag("show_team_lines") {
            users = try teammates(call, named: "all")
        }
        let found = faxLines.newest { line in
            users.contains { $0.id == line.ownerID || line.accountIDs.contains($0.id) }
        }
        return Reply("fax_lines", found, page: try Page(call.arguments), json: json)
    }

    private mutating func changeUsers(
        _ call: Call, _ change: (inout FaxLine, Account) -> Void
    ) throws(APIError) -> Reply {
        var line = try ownFaxLine(call)
        let account = try teammate(call)
        change(&line, account)
        line.updatedAt = call.now
        faxLines.put(line)
        return reply(line)
    }
}

/// Area codes in which lines can be had: a few of each region, as the real list changes by the day.
enum AreaCodes {
    private static let byRegion: [String: [String: [Int]]] = [
        "US": [
            "CA": [209, 213, 310, 415, 628, 650], "NY": [212, 315, 516, 646, 718],
            "TX": [210, 214, 281, 512, 713], "WA": [206, 253, 360, 425],
            "IL": [217, 312, 630, 773],
            "FL": [239, 305, 407, 813], "MA": [339, 508, 617, 781], "CO": [303, 719, 720, 970],
        ],
        "CA": [
            "ON": [226, 289, 416, 647], "QC": [418, 438, 514], "BC": [236, 250, 604],
            "AB": [403, 587, 780], "MB": [204, 431], "NS": [782, 902],
        ],
        "UK": ["": [20, 113, 121, 131, 141, 161]],
    ]

    /// The codes of a country, or of one of its regions.
    static func codes(country: String, region: String?) -> [Int] {
        let regions = byRegion[country] ?? [:]
        if let region { return regions[region] ?? [] }
        return regions.values.joined().sorted()
    }
}
