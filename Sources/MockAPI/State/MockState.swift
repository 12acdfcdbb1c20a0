import Callbacks
import Fixtures
import Foundation
import HeapModule
import Journal
import OpenSSL

/// Everything that the mock knows; decisions are made on it, and nothing here waits.
struct MockState: Sendable {
    var settings: MockSettings
    var accounts = Table<Account>()
    var apps = Table<APIApp>()
    var requests = Table<SignatureRequest>()
    var templates = Table<Template>()
    var drafts = Table<UnclaimedDraft>()
    var links = Table<PageLink>()
    var teams = Table<Team>()
    var invites = Table<TeamInvite>()
    var bulkSendJobs = Table<BulkSendJob>()
    var faxes = Table<Fax>()
    var faxLines = Table<FaxLine>()
    var grants = Table<OAuthGrant>()
    var files = Table<StoredFile>()
    var jobs = Table<Job>()
    private var ledgers = Table<Ledger>()
    /// Ids of jobs by the time at which they are due; some may have been withdrawn.
    private var agenda = Heap<Appointment>()
    /// Octets of ``files``.
    private var fileBytes = 0
    /// Which request has a signature.
    var requestsOfSignatures: [String: String] = [:]
    /// Which account a key opens.
    private(set) var accountsOfKeys: [String: String] = [:]
    /// Which grant a token belongs to.
    var grantsOfTokens: [String: String] = [:]
    /// The number of the call at hand: what it schedules is its doing.
    var exchange: Int64?
    /// Events that the move at hand caused, in order.
    private(set) var emissions: [Emission] = []

    init(_ settings: MockSettings) {
        self.settings = settings
        found()
    }

    private var ledger: Ledger {
        get { ledgers["ledger"] ?? Ledger() }
        set { ledgers.put(newValue) }
    }

    /// What the clock showed when it was last moved.
    var clockReading: Ledger.Reading? {
        get { ledger.clock }
        set { ledger.clock = newValue }
    }

    /// Makes the accounts of the settings, once.
    private mutating func found() {
        guard !ledger.isFounded else { return }
        for (index, account) in settings.accounts.enumerated() {
            let made = Account(
                id: identifier(), emailAddress: account.emailAddress, apiKeys: account.apiKeys,
                callbackURL: account.callbackURL ?? (index == 0 ? settings.callbackURL : nil),
                isPaid: account.isPaid)
            accounts.put(made)
        }
        ledger.isFounded = true
        indexKeys()
    }

    private mutating func indexKeys() {
        accountsOfKeys = [:]
        for account in accounts.all {
            for key in account.apiKeys { accountsOfKeys[key] = account.id }
        }
    }

    private mutating func countFileBytes() {
        fileBytes = files.all.reduce(0) { $0 + $1.bytes.count }
    }

    /// A new identifier of so many hexadecimal digits; the seed and the order decide.
    mutating func identifier(_ digits: Int = 40) -> String {
        var ledger = ledger
        var generator = SeededGenerator(
            seed: SeededGenerator.seed(settings.seed, ledger.identifiers))
        ledger.identifiers += 1
        self.ledger = ledger
        return generator.identifier(digits)
    }

    /// The first account.
    var defaultAccount: Account? { accounts.first }

    /// Puts a request in, and finds it by its signatures from then on.
    mutating func put(_ request: SignatureRequest) {
        requests.put(request)
        for signer in request.signers { requestsOfSignatures[signer.signatureID] = request.id }
    }

    mutating func put(_ account: Account) {
        accounts.put(account)
        for key in account.apiKeys { accountsOfKeys[key] = account.id }
    }

    mutating func put(_ grant: OAuthGrant) {
        grants.put(grant)
        index(grant)
    }

    private mutating func index(_ grant: OAuthGrant) {
        for token in [grant.accessToken, grant.refreshToken].compactMap({ $0 }) {
            grantsOfTokens[token] = grant.id
        }
    }

    /// Octets of all files.
    private static let maximumStoredBytes = 1 << 30
    /// Signature requests.
    private static let maximumRequests = 500_000

    /// Checks that there is room for more.
    func requireRoom() throws(APIError) {
        guard requests.count < Self.maximumRequests else {
            throw APIError(
                .unavailable,
                "The mock keeps at most \(Self.maximumRequests) requests; reset it, or use "
                    + "another --data folder")
        }
    }

    /// Keeps a file; equal files are kept once.
    mutating func keep(_ file: UploadedFile) throws(APIError) -> DocumentReference {
        let id = String(
            decoding: hexadecimal(HashFunction.sha256.digest(of: file.bytes)), as: UTF8.self)
        if files[id] == nil {
            guard fileBytes + file.bytes.count <= Self.maximumStoredBytes else {
                throw APIError(
                    .unavailable,
                    "The mock keeps at most \(Self.maximumStoredBytes >> 20) MB of files; reset it, "
                        + "or use another --data folder", at: "files")
            }
            files.put(StoredFile(id: id, bytes: file.bytes))
            fileBytes += file.bytes.count
        }
        return DocumentReference(name: file.name, fileID: id)
    }

    /// Something that is due at a time in Unix milliseconds; it takes the place of the same task.
    mutating func schedule(_ task: Job.Task, at due: Int64) {
        let job = Job(due: due, task: task, exchange: exchange)
        jobs.put(job)
        agenda.insert(Appointment(due: due, id: job.id))
    }

    /// Drops what was scheduled.
    mutating func withdraw(_ task: Job.Task) { jobs[task.key] = nil }

    /// When the next job is due, in Unix milliseconds; `nil` when there is none.
    mutating func nextDue() -> Int64? {
        while let first = agenda.min {
            if jobs[first.id]?.due == first.due { return first.due }
            agenda.removeMin()  // it was withdrawn, or put off
        }
        return nil
    }

    /// Takes jobs off the agenda that are due, earliest first; their rows stay until ``finish(_:)``, so
    /// that a crash between the two loses none.
    mutating func dueJobs(now: Int64, atMost limit: Int) -> [Job] {
        var due: [Job] = []
        while due.count < limit, let time = nextDue(), time <= now,
            let job = jobs[agenda.removeMin().id]
        {
            due.append(job)
        }
        return due
    }

    /// Ends a job; `false` when it was withdrawn or put off meanwhile, and must not be done.
    mutating func finish(_ job: Job) -> Bool {
        guard jobs[job.id]?.due == job.due else { return false }
        jobs[job.id] = nil
        return true
    }

    mutating func emit(_ emission: Emission) {
        var emission = emission
        emission.exchange = exchange
        emissions.append(emission)
    }

    /// Takes back what the change at hand did.
    mutating func rollBack() {
        ledgers.rollBack()
        accounts.rollBack()
        apps.rollBack()
        requests.rollBack()
        templates.rollBack()
        drafts.rollBack()
        links.rollBack()
        teams.rollBack()
        invites.rollBack()
        bulkSendJobs.rollBack()
        faxes.rollBack()
        faxLines.rollBack()
        grants.rollBack()
        if files.hasChanges {
            files.rollBack()
            countFileBytes()
        }
        jobs.rollBack()
        emissions = []
    }

    /// Whether the change at hand left something to be written.
    var hasChanges: Bool {
        ledgers.hasChanges || accounts.hasChanges || apps.hasChanges || requests.hasChanges
            || templates.hasChanges || drafts.hasChanges || links.hasChanges || teams.hasChanges
            || invites.hasChanges || bulkSendJobs.hasChanges || faxes.hasChanges
            || faxLines.hasChanges || grants.hasChanges || files.hasChanges || jobs.hasChanges
    }

    mutating func takeEmissions() -> [Emission] {
        defer { emissions = [] }
        return emissions
    }
}

// MARK: - The journal's rows

extension MockState {
    /// What changed since the last call.
    mutating func takeChanges() -> [PendingChange] {
        var changes: [PendingChange] = []
        ledgers.takeChanges(into: &changes)
        accounts.takeChanges(into: &changes)
        apps.takeChanges(into: &changes)
        requests.takeChanges(into: &changes)
        templates.takeChanges(into: &changes)
        drafts.takeChanges(into: &changes)
        links.takeChanges(into: &changes)
        teams.takeChanges(into: &changes)
        invites.takeChanges(into: &changes)
        bulkSendJobs.takeChanges(into: &changes)
        faxes.takeChanges(into: &changes)
        faxLines.takeChanges(into: &changes)
        grants.takeChanges(into: &changes)
        files.takeChanges(into: &changes)
        jobs.takeChanges(into: &changes)
        return changes
    }

    /// The state that the rows of an earlier run describe.
    init(_ settings: MockSettings, rows: [ResourceChange]) throws {
        self.settings = settings
        let decoder = JSONDecoder()
        for row in rows { try load(row, decoder) }
        found()
        indexKeys()
        countFileBytes()
        for grant in grants.all { index(grant) }
        for job in jobs.all { agenda.insert(Appointment(due: job.due, id: job.id)) }
        for request in requests.all {
            for signer in request.signers { requestsOfSignatures[signer.signatureID] = request.id }
        }
    }

    private mutating func load(_ row: ResourceChange, _ decoder: JSONDecoder) throws {
        switch row.kind {
        case Ledger.kind: try ledgers.load(row, decoder)
        case Account.kind: try accounts.load(row, decoder)
        case APIApp.kind: try apps.load(row, decoder)
        case SignatureRequest.kind: try requests.load(row, decoder)
        case Template.kind: try templates.load(row, decoder)
        case UnclaimedDraft.kind: try drafts.load(row, decoder)
        case PageLink.kind: try links.load(row, decoder)
        case Team.kind: try teams.load(row, decoder)
        case TeamInvite.kind: try invites.load(row, decoder)
        case BulkSendJob.kind: try bulkSendJobs.load(row, decoder)
        case Fax.kind: try faxes.load(row, decoder)
        case FaxLine.kind: try faxLines.load(row, decoder)
        case OAuthGrant.kind: try grants.load(row, decoder)
        case StoredFile.kind: try files.load(row, decoder)
        case Job.kind: try jobs.load(row, decoder)
        default: break  // a later version's kind: it stays in the journal
        }
    }
}

/// When a job is due.
private struct Appointment: Comparable {
    let due: Int64
    let id: String

    static func < (left: Appointment, right: Appointment) -> Bool {
        (left.due, left.id) < (right.due, right.id)
    }
}
