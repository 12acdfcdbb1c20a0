import Callbacks
import HTTPTransport
import OpenSSL
import Relay

/// What a relay tells of itself: to people, to programs, and to Prometheus.
struct RelayStatusPage: Sendable {
    private let server: RelayServer
    private let plan: RelayPlan
    private let version: String
    private let start = ContinuousClock.now

    init(_ server: RelayServer, _ plan: RelayPlan, version: String) {
        self.server = server
        self.plan = plan
        self.version = version
    }

    static let malformed = text(400, "malformed\n")

    func answer(_ request: ServerRequest) async -> ServerResponse {
        let path = request.target.prefix { $0 != "?" }
        // Whoever asks: probes of balancers name no host, and it tells nothing.
        if path == "/health", ["GET", "HEAD"].contains(request.method) { return health }
        guard isForUs(request) else {
            return Self.text(421, "this page answers no other host's name\n")
        }
        guard isAllowed(request) else {
            return Self.text(401, "this needs 'Authorization: Bearer' with the control token\n")
        }
        switch (request.method, path) {
        case ("GET", "/"), ("HEAD", "/"): return await page()
        case ("GET", "/status"): return await status()
        case ("GET", "/metrics"): return await metrics()
        case ("POST", _): return command(path)
        default: return Self.text(404, "there is /, /health, /status and /metrics\n")
        }
    }

    /// 200, or 503 while the relay only ends what is under way.
    private var health: ServerResponse {
        server.isEnding
            ? Self.json(503, ["status": "draining", "version": .string(version)])
            : Self.json(200, ["status": "ok", "version": .string(version)])
    }

    /// Whether the request was meant for this page: a page of another site that rebinds its name to this
    /// machine names its own host, and a form of another site says where it is from.
    private func isForUs(_ request: ServerRequest) -> Bool {
        func value(_ name: String) -> String? { request.headers.first(name) }
        guard let admin = plan.admin, request.method == "GET" || value("origin") == nil else {
            return false
        }
        let isLoopback = Settings.isLoopback(admin.host)
        guard isLoopback, let host = value("host") else { return !isLoopback }
        let name = host.hasPrefix("[") ? "::1" : String(host.prefix { $0 != ":" })
        return ["localhost", "::1", admin.host].contains(name)
            || AddressRange("127.0.0.0/8")?.contains(name) ?? false
    }

    private func isAllowed(_ request: ServerRequest) -> Bool {
        guard let token = plan.controlToken else { return true }
        let given = request.headers.first("authorization") ?? ""
        return constantTimeEqual(given.utf8, "Bearer \(token)".utf8)
    }

    /// `POST /tunnels/NAME/pause`, `/resume` and `/disconnect`.
    private func command(_ path: Substring) -> ServerResponse {
        let parts = path.split(separator: "/").map(String.init)
        let isThere: Bool
        let outcome: (String, JSONValue)
        switch (parts.count, parts.first, parts.last) {
        case (3, "tunnels", "pause"):
            (isThere, outcome) = (server.pause(parts[1], true), ("paused", true))
        case (3, "tunnels", "resume"):
            (isThere, outcome) = (server.pause(parts[1], false), ("paused", false))
        case (3, "tunnels", "disconnect"):
            (isThere, outcome) = (server.disconnect(parts[1]), ("disconnected", true))
        default:
            return Self.text(404, "there is POST /tunnels/NAME/pause, /resume and /disconnect\n")
        }
        guard isThere else { return Self.text(404, "there is no tunnel of that name\n") }
        return Self.json(200, .object(JSONObject([("name", .string(parts[1])), outcome])))
    }

    private var uptime: Int { Int((ContinuousClock.now - start).components.seconds) }

    private func status() async -> ServerResponse {
        let counts = await server.counts()
        let tunnels: [JSONValue] = server.tunnelStatus.map {
            [
                "name": .string($0.name), "url": .string($0.url), "agents": JSONValue($0.agents),
                "connections": JSONValue($0.connections), "paused": .bool($0.isPaused),
            ]
        }
        func byReason(_ counts: [String: Int]) -> JSONValue {
            .object(
                JSONObject(
                    counts.sorted { $0.key < $1.key }.map { ($0.key, JSONValue($0.value)) }))
        }
        return Self.json(
            200,
            [
                "version": .string(version), "domain": .string(plan.relay.domain),
                "uptime_seconds": JSONValue(uptime), "tunnels": .array(tunnels),
                "connections": JSONValue(counts.openConnections),
                "connections_total": JSONValue(counts.connections),
                "requests": JSONValue(counts.openRequests),
                "requests_total": JSONValue(counts.requests),
                "streams": JSONValue(counts.streams), "octets_in": JSONValue(counts.octetsIn),
                "octets_out": JSONValue(counts.octetsOut), "own_answers": byReason(counts.own),
                "cut": byReason(counts.cut),
                "turned_away": [
                    "senders": JSONValue(counts.sendersTurnedAway),
                    "agents": JSONValue(counts.agentsTurnedAway),
                ],
            ])
    }

    private func metrics() async -> ServerResponse {
        let counts = await server.counts()
        var text = ""
        func add(_ name: String, _ kind: String, _ help: String, _ rows: [(String, Int)]) {
            text +=
                "# HELP countersign_relay_\(name) \(help)\n# TYPE countersign_relay_\(name) \(kind)\n"
            for (labels, value) in rows { text += "countersign_relay_\(name)\(labels) \(value)\n" }
        }
        add("tunnels", "gauge", "Names that are taken.", [("", server.tunnelStatus.count)])
        add("connections", "gauge", "Connections of senders.", [("", counts.openConnections)])
        add(
            "connections_total", "counter", "Connections of senders since the start.",
            [("", counts.connections)])
        add("requests", "gauge", "Requests under way.", [("", counts.openRequests)])
        add("streams", "gauge", "Streams in the tunnels.", [("", counts.streams)])
        add("requests_total", "counter", "Requests since the start.", [("", counts.requests)])
        add(
            "answers_total", "counter", "Answers by the class of their status.",
            (1...5).map { ("{class=\"\($0)xx\"}", counts.answers[$0]) })
        add(
            "own_answers_total", "counter", "Answers of the relay itself by reason.",
            counts.own.sorted { $0.key < $1.key }.map { ("{reason=\"\($0.key)\"}", $0.value) })
        add(
            "cut_total", "counter", "Requests without a whole answer by reason.",
            counts.cut.sorted { $0.key < $1.key }.map { ("{reason=\"\($0.key)\"}", $0.value) })
        add(
            "turned_away_total", "counter", "Connections over a limit, by whose it is.",
            [
                ("{side=\"senders\"}", counts.sendersTurnedAway),
                ("{side=\"agents\"}", counts.agentsTurnedAway),
            ])
        add(
            "octets_total", "counter", "Octets to and from senders.",
            [("{direction=\"in\"}", counts.octetsIn), ("{direction=\"out\"}", counts.octetsOut)])
        add("uptime_seconds", "gauge", "Seconds since the start.", [("", uptime)])
        return ServerResponse(
            status: 200,
            headers: [HeaderField("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
            body: .bytes(Array(text.utf8)))
    }

    private func page() async -> ServerResponse {
        let counts = await server.counts()
        let rows = server.tunnelStatus.map { tunnel in
            "<tr><td><a href=\"\(tunnel.url)\">\(tunnel.name)</a></td><td>\(tunnel.agents)</td>"
                + "<td>\(tunnel.connections)</td><td>\(tunnel.isPaused ? "paused" : "open")</td></tr>"
        }
        let table =
            rows.isEmpty
            ? "<p>No tunnel yet. On a laptop: <code>countersign listen 3000 --relay "
                + "\(plan.relay.domain)</code></p>"
            : "<table><tr><th>tunnel</th><th>agents</th><th>connections</th><th>state</th></tr>"
                + rows.joined() + "</table>"
        func byReason(_ title: String, _ counts: [String: Int]) -> String {
            let all = counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            return all.isEmpty ? "" : "<dt>\(title)</dt><dd>\(all.joined(separator: " · "))</dd>"
        }
        let turnedAway = [
            "senders": counts.sendersTurnedAway, "agents": counts.agentsTurnedAway,
        ].filter { $0.value > 0 }
        let answers = (2...5).map { "\($0)xx: \(counts.answers[$0])" }.joined(separator: " · ")
        let html = """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>countersign relay</title>
            <meta name="viewport" content="width=device-width"><style>
            body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1b1f24}
            table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .8rem .4rem 0;
            border-bottom:1px solid #d8dee4}code{background:#f3f4f6;padding:.1rem .3rem;border-radius:4px}
            dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.5rem}dt{color:#57606a}dd{margin:0}
            @media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}code{background:#21262d}
            th,td{border-color:#30363d}a{color:#58a6ff}dt{color:#8b949e}}
            </style><h1>\(plan.relay.domain)</h1>\(table)
            <h2>Since the start</h2><dl>
            <dt>running for</dt><dd>\(uptime) s, version \(version)</dd>
            <dt>senders</dt><dd>\(counts.openConnections) connected, \(counts.connections) in all</dd>
            <dt>requests</dt><dd>\(counts.openRequests) under way, \(counts.requests) in all</dd>
            <dt>answers</dt><dd>\(answers)</dd>
            \(byReason("the relay's own", counts.own))\(byReason("not whole", counts.cut))
            \(byReason("over the limit", turnedAway))</dl>
            <p><a href="/status">as JSON</a> · <a href="/metrics">for Prometheus</a></p></html>
            """
        return ServerResponse(
            status: 200,
            headers: [
                HeaderField("Content-Type", "text/html; charset=utf-8"),
                HeaderField(
                    "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
                HeaderField("Cache-Control", "no-store"),
            ], body: .bytes(Array(html.utf8)))
    }

    private static func json(_ status: Int, _ value: JSONValue) -> ServerResponse {
        ServerResponse(
            status: status, headers: [HeaderField("Content-Type", "application/json")],
            body: .bytes(Array((value.text(.plain) + "\n").utf8)))
    }

    private static func text(_ status: Int, _ text: String) -> ServerResponse {
        ServerResponse(
            status: status, headers: [HeaderField("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array(text.utf8)))
    }
}
