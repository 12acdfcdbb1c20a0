import Callbacks
import Fixtures
import Foundation
import HeapModule
import OpenSSL

/// Everything that the mock knows; decisions are made on it, and nothing here waits.
struct MockState: Sendable {
    let settings: MockSettings
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
    /// Which request has a signature.
    var requestsOfSignatures: [String: String] = [:]
    /// Which account a key opens.
    private(set) var accountsOfKeys: [String: String] = [:]
    /// Which grant a token belongs to.
    var grantsOfTokens: [String: String] = [:]
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

    /// Keeps a file; equal files are kept once.
    mutating func keep(_ file: UploadedFile) -> DocumentReference {
        let id = String(
            decoding: hexadecimal(HashFunction.sha256.digest(of: file.bytes)), as: UTF8.self)
        if files[id] == nil { files.put(StoredFile(id: id, bytes: file.bytes)) }
        return DocumentReference(name: file.name, fileID: id)
    }

    /// Something that is due at a time in Unix milliseconds; it takes the place of the same task.
    mutating func schedule(_ task: Job.Task, at due: Int64) {
        let job = Job(due: due, task: task)
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

    /// Takes a job that is due.
    mutating func takeDueJob(now: Int64) -> Job? {
        guard let due = nextDue(), due <= now, let job = jobs[agenda.removeMin().id] else {
            return nil
        }
        jobs[job.id] = nil
        return job
    }

    mutating func emit(_ emission: Emission) { emissions.append(emission) }

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
        files.rollBack()
        jobs.rollBack()
        emissions = []
    }

    mutating func takeEmissions() -> [Emission] {
        defer { emissions = [] }
        return emissions
    }
}

// MARK: - The journal's rows

extension MockState {
    /// What changed since the last call.
    mutating func takeChanges(_ encoder: JSONEncoder) throws -> [ResourceChange] {
        var changes: [ResourceChange] = []
        try ledgers.takeChanges(encoder, into: &changes)
        try accounts.takeChanges(encoder, into: &changes)
        try apps.takeChanges(encoder, into: &changes)
        try requests.takeChanges(encoder, into: &changes)
        try templates.takeChanges(encoder, into: &changes)
        try drafts.takeChanges(encoder, into: &changes)
        try links.takeChanges(encoder, into: &changes)
        try teams.takeChanges(encoder, into: &changes)
        try invites.takeChanges(encoder, into: &changes)
        try bulkSendJobs.takeChanges(encoder, into: &changes)
        try faxes.takeChanges(encoder, into: &changes)
        try faxLines.takeChanges(encoder, into: &changes)
        try grants.takeChanges(encoder, into: &changes)
        try files.takeChanges(encoder, into: &changes)
        try jobs.takeChanges(encoder, into: &changes)
        return changes
    }

    /// The state that the rows of an earlier run describe.
    init(_ settings: MockSettings, rows: [ResourceChange]) throws {
        self.settings = settings
        let decoder = JSONDecoder()
        for row in rows { try load(row, decoder) }
        found()
        indexKeys()
        for grant in grants.all { index(grant) }
        for job in jobs.all { agenda.insert(Appointment(due: job.due, id: job.id)) }
        for request in requests.all {
            for signer in request.signers { requestsOfSignatures[signer.signatureID] = request.id }
        }
    }

    private mutating func load(_ row: ResourceChange, _ decoder: JSONDecoder) throws {
        guard let body = row.body else { return }
        switch row.kind {
        case Ledger.kind: ledgers.load(try decoder.decode(Ledger.self, from: body))
        case Account.kind: accounts.load(try decoder.decode(Account.self, from: body))
        case APIApp.kind: apps.load(try decoder.decode(APIApp.self, from: body))
        case SignatureRequest.kind:
            requests.load(try decoder.decode(SignatureRequest.self, from: body))
        case Template.kind: templates.load(try decoder.decode(Template.self, from: body))
        case UnclaimedDraft.kind: drafts.load(try decoder.decode(UnclaimedDraft.self, from: body))
        case PageLink.kind: links.load(try decoder.decode(PageLink.self, from: body))
        case Team.kind: teams.load(try decoder.decode(Team.self, from: body))
        case TeamInvite.kind: invites.load(try decoder.decode(TeamInvite.self, from: body))
        case BulkSendJob.kind: bulkSendJobs.load(try decoder.decode(BulkSendJob.self, from: body))
        case Fax.kind: faxes.load(try decoder.decode(Fax.self, from: body))
        case FaxLine.kind: faxLines.load(try decoder.decode(FaxLine.self, from: body))
        case OAuthGrant.kind: grants.load(try decoder.decode(OAuthGrant.self, from: body))
        case StoredFile.kind: files.load(try decoder.decode(StoredFile.self, from: body))
        case Job.kind: jobs.load(try decoder.decode(Job.self, from: body))
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
