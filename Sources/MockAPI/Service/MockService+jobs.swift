import Callbacks
import Documents
import Synchronization

/// What becomes due: documents to be read, faxes to be sent, requests that expire.
extension MockService {
    /// Jobs that are prepared together and come into the journal with one commit.
    private static let batch = 64

    /// Does all jobs that are due, and returns when they are durable.
    package func settle() async {
        await withUnsafeContinuation { continuation in
            shared.withLock { $0.settlers.append(continuation) }
            wake()
        }
    }

    /// When the next job is due, in Unix milliseconds; `nil` when there is none.
    package var nextDue: Int64? { shared.withLock { $0.state.nextDue() } }

    /// Sets the alarm for the next job.
    func arm(_ shared: inout Shared) {
        guard !shared.isWorking, let due = shared.state.nextDue(), due < shared.alarm ?? .max else {
            return
        }
        shared.alarm = due
        // The clock may call back at once, and must not find the lock taken.
        Task { clock.alarm(at: due) { [weak self] in self?.wake(from: due) } }
    }

    private func wake(from alarm: Int64) {
        shared.withLock { if $0.alarm == alarm { $0.alarm = nil } }
        wake()
    }

    /// Starts to work, unless somebody does.
    private func wake() {
        let mustStart = shared.withLock { shared in
            defer { shared.isWorking = true }
            return !shared.isWorking
        }
        if mustStart { Task { await work() } }
    }

    private func work() async {
        while true {
            let (jobs, settlers) = shared.withLock { shared in
                let jobs = shared.state.dueJobs(now: clock.now, atMost: Self.batch)
                guard jobs.isEmpty else { return (jobs, [UnsafeContinuation<Void, Never>]()) }
                shared.isWorking = false
                arm(&shared)
                defer { shared.settlers = [] }
                return (jobs, shared.settlers)
            }
            guard !jobs.isEmpty else {
                for settler in settlers { settler.resume() }
                return
            }
            await perform(jobs)
        }
    }

    private func perform(_ jobs: [Job]) async {
        let readings = await readings(for: jobs)
        var receipt: Receipt?
        for (job, reading) in zip(jobs, readings) {
            let result = shared.withLock { shared in
                commit(&shared, now: job.due) { state in state.perform(job, reading) }
            }
            receipt = result.1 ?? receipt
        }
        // Commits come in order, so the last one's end is the end of all.
        try? await wait(receipt)  // who owns the journal is told of its failure
    }

    /// What the documents of each job hold, read side by side.
    private func readings(for jobs: [Job]) async -> [Reading] {
        await withTaskGroup(of: (Int, Reading).self) { group in
            for (index, job) in jobs.enumerated() {
                guard let order = try? read({ $0.readingOrder(for: job) }) else { continue }
                group.addTask { [desk] in (index, await desk.read(order)) }
            }
            var readings = [Reading](repeating: Reading(), count: jobs.count)
            for await (index, reading) in group { readings[index] = reading }
            return readings
        }
    }
}

extension MockState {
    /// The documents that a job needs read; `nil` when it needs none.
    func readingOrder(for job: Job) -> ReadingOrder? {
        switch job.task {
        case .processRequest(let id):
            guard let request = requests[id], request.phase == .processing else { return nil }
            return ReadingOrder(
                files: files(of: request.documents), usesTextTags: request.terms.usesTextTags,
                signers: request.signers.count,
                passesOverTagErrors: request.terms.ignoresTextTagErrors,
                tagError: settings.badTextTag)
        case .processTemplate(let id):
            guard let template = templates[id], template.phase == .processing else { return nil }
            return ReadingOrder(
                files: files(of: template.documents), usesTextTags: false, signers: 0,
                passesOverTagErrors: true, tagError: settings.badTextTag)
        case .cancelRequest, .expireRequest, .sendFax: return nil
        }
    }

    /// The files behind references.
    func files(of documents: [DocumentReference]) -> [DocumentFile] {
        documents.map {
            DocumentFile(id: $0.fileID, name: $0.name, bytes: files[$0.fileID]?.bytes ?? [])
        }
    }

    /// Does a job at the time at which it was due; what cannot be done any more is passed over.
    mutating func perform(_ job: Job, _ reading: Reading) {
        guard finish(job) else { return }
        exchange = job.exchange
        defer { exchange = nil }
        let now = job.due / 1000
        do throws(APIError) {
            switch job.task {
            case .processRequest(let id):
                if let request = requests[id] { try finish(request, reading, now: now) }
            case .processTemplate(let id):
                if let template = templates[id] { try finish(template, reading, now: now) }
            case .cancelRequest(let id):
                if let request = requests[id] { try move(request, .cancel, now: now) }
            case .expireRequest(let id):
                if let request = requests[id] { try move(request, .expire, now: now) }
            case .sendFax(let id): finishFax(id, now: now)
            }
        } catch {
            // The request went another way meanwhile: it was signed, or taken back.
        }
    }

    private mutating func finish(
        _ request: SignatureRequest, _ reading: Reading, now: Int64
    ) throws(APIError) {
        var request = request
        for index in request.documents.indices where reading.pages.indices.contains(index) {
            request.documents[index].pages = reading.pages[index]
        }
        if let forced = request.forcedOutcome {
            let message = "Forced by \(RequestedTrouble.outcomeHeader)"
            try move(request, .refused(EventType(rawValue: forced), message), now: now)
        } else if let refusal = reading.refusal {
            try move(request, .refused(refusal.type, refusal.message), now: now)
        } else if let message = request.misplacedField {
            try move(request, .refused(.signatureRequestInvalid, message), now: now)
        } else {
            request.terms.formFields += reading.fields.map(StoredJSON.init)
            try move(request, .processed, now: now)
        }
    }

    private mutating func finish(
        _ template: Template, _ reading: Reading, now: Int64
    ) throws(APIError) {
        var template = template
        for index in template.documents.indices where reading.pages.indices.contains(index) {
            template.documents[index].pages = reading.pages[index]
        }
        var move: Template.Move = reading.refusal.map { .refused($0.message) } ?? .processed
        if let least = template.leastPages, move == .processed, template.pages < least {
            move = .refused(
                "The new files have \(template.pages) pages; the old ones have \(least)")
        }
        try apply(move, to: template, now: now)
    }

    /// Makes a move of a template, keeps what comes of it and emits its events.
    mutating func apply(
        _ move: Template.Move, to template: Template, now: Int64
    ) throws(APIError) {
        var moved = template
        let happenings = try moved.apply(move, now: now)
        templates.put(moved)
        for happening in happenings {
            emit(
                Emission(
                    type: happening.type, accountID: template.accountID,
                    clientID: template.clientID, apiKey: template.apiKey,
                    message: happening.message,
                    resource: (
                        "template", json(happening.template, viewer: template.accountID)
                    ), subject: template.id))
        }
    }
}
