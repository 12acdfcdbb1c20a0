import Callbacks

/// Operations that stand by themselves.
extension MockState {
    static let otherHandlers: [String: Handler] = [
        "reportCreate": { (_, call) throws(APIError) in try report(call) },
        "documentDetectFields": { (state, call) throws(APIError) in
            try state.detectFields(call)
        },
    ]

    private static func report(_ call: Call) throws(APIError) -> Reply {
        let start = try day(call, "start_date")
        let end = try day(call, "end_date")
        guard start <= end else {
            throw APIError(.badRequest, "'end_date' is before 'start_date'", at: "end_date")
        }
        guard end - start <= 366 else {
            throw APIError(.badRequest, "A report covers at most 12 months", at: "end_date")
        }
        return Reply(
            "report",
            .members([
                ("success", "The report is being made and will be sent to you by e-mail"),
                ("start_date", call.arguments["start_date"] ?? ""),
                ("end_date", call.arguments["end_date"] ?? ""),
                ("report_type", .array(call.arguments.list("report_type"))),
            ]))
    }

    /// The day of a `MM/DD/YYYY`, counted from a fixed one.
    private static func day(_ call: Call, _ name: String) throws(APIError) -> Int {
        let text = try call.arguments.required(name)
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.isDigits ? Int($0) : nil }
        guard parts.map(\.count) == [2, 2, 4], numbers.count == 3, (1...12).contains(numbers[0]),
            (1...days(ofMonth: numbers[0], numbers[2])).contains(numbers[1]), numbers[2] > 1900
        else { throw APIError(.badRequest, "'\(name)' must be MM/DD/YYYY", at: name) }
        // Counted with March as the first month, so that a leap day is the last of its year.
        let year = numbers[0] > 2 ? numbers[2] : numbers[2] - 1
        let month = (numbers[0] + 9) % 12
        return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + numbers[1]
    }

    private static func days(ofMonth month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private func detectFields(_ call: Call) throws(APIError) -> Reply {
        let files = (call.arguments.files["file"] ?? call.arguments.files["files"] ?? [])
        guard let file = (files + call.fetchedFiles).first else {
            throw APIError(.badRequest, "'file' or 'file_url' is required", at: "file")
        }
        let pages = call.arguments.text("page_range") ?? "all"
        guard Self.isPageRange(pages) else {
            throw APIError(
                .badRequest, "'page_range' must be 'all' or such as 0-2,5", at: "page_range")
        }
        return Reply(
            body: .detection(
                DetectionOrder(
                    file: file, mode: try call.arguments.required("detection_mode"),
                    pages: pages)))
    }

    private static func isPageRange(_ text: String) -> Bool {
        if text == "all" { return true }
        return text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            return (1...2).contains(ends.count)
                && ends.allSatisfy { (1...6).contains($0.count) && $0.isDigits }
        }
    }
}

/// A search for fields in a document.
struct DetectionOrder: Hashable, Sendable {
    var file: UploadedFile
    /// `annotations` or `text_tags`.
    var mode: String
    /// Zero-based pages such as `0-2,5`, or `all`.
    var pages: String

    /// Whether a page, counted from 0, is asked for.
    func includes(page: Int) -> Bool {
        pages == "all"
            || pages.split(separator: ",").contains { part in
                let ends = part.split(separator: "-").compactMap { Int($0) }
                guard let first = ends.first, let last = ends.last else { return false }
                return first <= page && page <= last
            }
    }
}
