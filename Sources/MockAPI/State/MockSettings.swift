package import Callbacks
import Fixtures

/// What a mock is set up with.
package struct MockSettings: Hashable, Sendable {
    /// An account that is there from the start.
    package struct Account: Hashable, Sendable {
        package var emailAddress: String
        package var apiKeys: [String]
        package var callbackURL: String?
        package var isPaid: Bool

        package init(
            emailAddress: String, apiKeys: [String], callbackURL: String? = nil,
            isPaid: Bool = true
        ) {
            self.emailAddress = emailAddress
            self.apiKeys = apiKeys
            self.callbackURL = callbackURL
            self.isPaid = isPaid
        }
    }

    /// Which URLs get the events of a request that was made with an app.
    ///
    /// The service's own texts disagree.
    package enum Reporting: String, Hashable, Sendable, CaseIterable {
        case both
        case account
        /// The app's alone where the app has one.
        case app
    }

    /// What a bad text tag leads to; the service's own texts disagree.
    package enum BadTextTag: String, Hashable, Sendable, CaseIterable {
        case invalid = "signature_request_invalid"
        case fileError = "file_error"
    }

    /// Fixes identifiers.
    package var seed: UInt64 = 1
    /// At least one; the first is the default.
    package var accounts = [Account(emailAddress: "me@example.com", apiKeys: [])]
    /// Whether a key that no account has opens the first account.
    package var takesAnyKey = true
    /// The handler of the first account.
    package var callbackURL: String?
    package var reporting: Reporting = .both
    package var badTextTag: BadTextTag = .invalid
    /// Milliseconds that documents are read for.
    package var processingMilliseconds: Int64 = 250
    /// Such as `http://127.0.0.1:7446`: where links lead.
    package var baseURL = "http://127.0.0.1:7446"
    /// Signs events that no caller's key can.
    package var defaultKey = DevelopmentKey.value
    /// Whether calls over the limit of their class are refused.
    package var enforcesRateLimits = false
    /// The form of the callbacks' bodies.
    package var form: BodyForm = .multipart
    /// Milliseconds of the pauses before retries.
    package var retryWaits: [Int64] = []
    /// Hosts that `file_urls` may name beside those of this machine.
    package var fileHosts: Set<String> = []

    package init() {}
}
