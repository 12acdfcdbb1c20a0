import Callbacks

extension MockState {
    static let appHandlers: [String: Handler] = [
        "apiAppCreate": { (state, call) throws(APIError) in try state.appCreate(call) },
        "apiAppGet": { (state, call) throws(APIError) in
            let app = try state.app(try call.arguments.required("client_id"), of: call.account)
            return Reply("api_app", app.json(owner: call.account))
        },
        "apiAppUpdate": { (state, call) throws(APIError) in try state.appUpdate(call) },
        "apiAppDelete": { (state, call) throws(APIError) in
            let app = try state.app(try call.arguments.required("client_id"), of: call.account)
            state.apps[app.id] = nil
            return .empty
        },
        "apiAppList": { (state, call) throws(APIError) in
            let apps = state.apps.all.reversed().filter { $0.ownerID == call.account.id }
            return Reply(
                "api_apps", apps.map { $0.json(owner: call.account) },
                page: try Page(call.arguments))
        },
    ]

    private mutating func appCreate(_ call: Call) throws(APIError) -> Reply {
        var app = APIApp(
            id: identifier(32), ownerID: call.account.id, createdAt: call.now,
            name: try call.arguments.required("name"), domains: [], oauthSecret: identifier(32))
        try change(&app, call)
        return Reply("api_app", app.json(owner: call.account))
    }

    private mutating func appUpdate(_ call: Call) throws(APIError) -> Reply {
        var app = try app(try call.arguments.required("client_id"), of: call.account)
        try change(&app, call)
        return Reply("api_app", app.json(owner: call.account))
    }

    private mutating func change(_ app: inout APIApp, _ call: Call) throws(APIError) {
        let arguments = call.arguments
        let name = arguments.text("name") ?? app.name
        guard
            !apps.all.contains(where: {
                $0.id != app.id && $0.ownerID == app.ownerID && $0.name == name
            })
        else {
            throw APIError(.badRequest, "There is an API app with this name", at: "name")
        }
        app.name = name
        if arguments["domains"] != nil { app.domains = arguments.texts("domains") }
        if let url = arguments.text("callback_url") { app.callbackURL = try Self.callbackURL(url) }
        if let options = arguments["options"] {
            app.canInsertEverywhere = options["can_insert_everywhere"]?.bool ?? false
        }
        if let oauth = arguments["oauth"] {
            if let url = oauth["callback_url"]?.string { app.oauthCallbackURL = url }
            if let scopes = oauth["scopes"]?.array {
                app.scopes = scopes.compactMap(\.string).filter { !$0.isEmpty }
            }
            guard app.oauthCallbackURL != nil, !app.scopes.isEmpty else {
                throw APIError(
                    .badRequest, "OAuth needs both 'callback_url' and 'scopes'", at: "oauth")
            }
        }
        if let colours = arguments["white_labeling_options"]?.object {
            var all = APIApp.defaultColours
            if colours["reset_to_default"]?.bool != true {
                all = app.whiteLabelling.value.object ?? all
                for member in colours.members where member.name != "reset_to_default" {
                    all[member.name] = member.value
                }
            }
            app.whiteLabelling = StoredJSON(.object(all))
        }
        apps.put(app)
    }
}
