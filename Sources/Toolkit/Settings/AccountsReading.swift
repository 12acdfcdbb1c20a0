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
        let apiKeys = (mapping["api-keys"]?.sequence.map(Array.init) ?? [])
            .compactMap { $0.scalar?.string }.filter { !$0.isEmpty }
        return MockSettings.Account(
            emailAddress: email, apiKeys: apiKeys,
            callbackURL: mapping["callback-url"]?.scalar?.string,
            isPaid: mapping["plan"]?.scalar?.string != "free")
    }

    private static func place(_ node: Node, _ path: String) -> String {
        "\(path):\(node.mark?.line ?? 1)"
    }
}
