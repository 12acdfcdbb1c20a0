import Callbacks
import Foundation

/// What a caller shows to be let in.
enum Credentials: Hashable, Sendable {
    /// The user name of Basic authentication (RFC 7617).
    case apiKey(String)
    /// An access token of OAuth (RFC 6750).
    case token(String)

    /// Reads the field `Authorization`; `nil` when there is none.
    ///
    /// - Throws: ``APIError`` with `unauthorized` when it cannot be read.
    init?(_ headers: [HeaderField]) throws(APIError) {
        guard let value = headers.first("Authorization"), !value.isEmpty else { return nil }
        let words = value.split(separator: " ", maxSplits: 1)
        let rest = words.count > 1 ? String(words[1]) : ""
        switch words.first?.lowercased() {
        case "basic":
            guard let data = Data(base64Encoded: rest),
                let text = String(validating: data, as: UTF8.self)
            else {
                throw APIError(.unauthorized, "The credentials of 'Authorization' are no base64")
            }
            guard text.contains(":") else {
                throw APIError(.unauthorized, "Basic credentials are the key and a colon")
            }
            let key = text.prefix { $0 != ":" }
            guard !key.isEmpty else { return nil }
            guard key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), key.utf8.count <= 1000 else {
                throw APIError(.unauthorized, "The API key has characters that no key has")
            }
            self = .apiKey(String(key))
        case "bearer" where !rest.isEmpty: self = .token(rest)
        default:
            throw APIError(
                .unauthorized, "'Authorization' must be Basic with an API key, or Bearer")
        }
    }
}

/// Who calls, as the credentials say.
struct Caller: Sendable {
    var account: Account
    /// Signs the events that the call causes.
    var apiKey: String
    /// The app whose token came.
    var clientID: String?
}

extension MockState {
    /// Who calls.
    ///
    /// - Throws: ``APIError`` with `unauthorized`, or `forbidden` for a token without the scope.
    func caller(
        _ credentials: Credentials?, of operation: APIOperation, now: Int64
    ) throws(APIError) -> Caller {
        guard let first = defaultAccount else {
            throw APIError(.unavailable, "The mock has no account")
        }
        let published = first.apiKeys.first ?? settings.defaultKey
        guard operation.needsCredentials else { return Caller(account: first, apiKey: published) }
        switch credentials {
        case nil: throw APIError(.unauthorized, "Unauthorized user. No credentials supplied.")
        case .apiKey(let key):
            if let account = accountsOfKeys[key].flatMap({ accounts[$0] }) {
                return Caller(account: account, apiKey: key)
            }
            guard settings.takesAnyKey else {
                throw APIError(.unauthorized, "Unauthorized api key")
            }
            return Caller(account: first, apiKey: key)
        case .token(let token):
            return try bearer(token, of: operation, now: now)
        }
    }

    private func bearer(
        _ token: String, of operation: APIOperation, now: Int64
    ) throws(APIError) -> Caller {
        guard let grant = grantsOfTokens[token].flatMap({ grants[$0] }),
            grant.accessToken == token, grant.expiresAt > now,
            let account = accounts[grant.accountID], let app = apps[grant.clientID]
        else { throw APIError(.unauthorized, "The access token is not known, or has expired") }
        guard let scopes = operation.scopes else {
            throw APIError(.forbidden, "This operation takes an API key, no token")
        }
        guard !scopes.filter(grant.scopes.contains).isEmpty else {
            throw APIError(
                .forbidden,
                "The token needs one of the scopes \(scopes.joined(separator: ", "))")
        }
        // Events of an app are signed with its owner's key.
        let key = accounts[app.ownerID]?.apiKeys.first ?? settings.defaultKey
        return Caller(account: account, apiKey: key, clientID: app.id)
    }
}
