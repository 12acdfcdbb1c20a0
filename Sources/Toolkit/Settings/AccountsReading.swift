import HTTPTransport
import MockAPI
import Yams

/// Reads the mock's accounts from countersign.yaml.
///
/// ```yaml
/// accounts:
///   - email: me@example.com
///     api-keys: [324e…]
///     callback-url: http://localhost:3000/callbacks
///     plan: paid
/// ```
enum AccountsReading {
    /// Accounts at the most.
    private static let maximumCount = 100
    private static let keys = ["email", "api-keys", "callback-url", "plan"]

    static func read(_ node: Node, _ path: String) throws(Problem) -> [MockSettings.Account] {
        guard let sequence = node.sequence, !sequence.isEmpty, sequence.count <= maximumCount
        else {
            throw Problem(
                .malformedConfiguration,
                "'accounts' must be a list of 1 to \(maximumCount) accounts", at: place(node, path))
        }
        var accounts: [MockSettings.Account] = []
        for element in sequence { accounts.append(try account(element, path)) }
        let emails = accounts.map { $0.emailAddress.lowercased() }
        let keys = accounts.flatMap(\.apiKeys)
        guard Set(emails).count == emails.count, Set(keys).count == keys.count else {
            throw Problem(
                .malformedConfiguration, "two accounts have the same e-mail address or key",
                at: place(node, path))
        }
        return accounts
    }

    private static func account(
        _ node: Node, _ path: String
    ) throws(Problem) -> MockSettings.Account {
        guard let mapping = node.mapping, let email = mapping["email"]?.scalar?.string,
            email.contains("@")
        else {
            throw Problem(
                .malformedConfiguration, "an account needs an 'email'", at: place(node, path))
        }
        for (name, _) in mapping where !keys.contains(name.scalar?.string ?? "") {
            throw Problem(
                .malformedConfiguration,
                "unknown member '\(name.scalar?.string ?? "")' of an account; known are "
                    + keys.joined(separator: ", "), at: place(name, path))
        }
        return MockSettings.Account(
            emailAddress: email, apiKeys: try keys(mapping["api-keys"], path),
            callbackURL: try url(mapping["callback-url"], path),
            isPaid: try isPaid(mapping["plan"], path))
    }

    private static func keys(_ node: Node?, _ path: String) throws(Problem) -> [String] {
        guard let node else { return [] }
        let keys = node.sequence.map(Array.init)?.compactMap { $0.scalar?.string } ?? []
        guard let sequence = node.sequence, keys.count == sequence.count,
            !keys.contains(where: \.isEmpty)
        else {
            throw Problem(
                .malformedConfiguration, "'api-keys' must be a list of keys", at: place(node, path))
        }
        return keys
    }

    private static func url(_ node: Node?, _ path: String) throws(Problem) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar?.string else {
            throw Problem(
                .malformedConfiguration, "'callback-url' must be a text", at: place(node, path))
        }
        return try Settings.destination(text, origin: place(node, path)).description
    }

    private static func isPaid(_ node: Node?, _ path: String) throws(Problem) -> Bool {
        switch node?.scalar?.string {
        case nil where node == nil, "paid": return true
        case "free": return false
        default:
            throw Problem(
                .malformedConfiguration, "'plan' must be paid or free",
                at: node.map { place($0, path) })
        }
    }

    private static func place(_ node: Node, _ path: String) -> String {
        "\(path):\(node.mark?.line ?? 1)"
    }
}
