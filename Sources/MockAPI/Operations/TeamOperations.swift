import Callbacks

/// Operations on teams.
extension MockState {
    /// Seconds that an invitation is good for: 30 days.
    static let invitationLifetime = 30 * day

    static let teamHandlers: [String: Handler] = [
        "teamCreate": { (state, call) throws(APIError) in try state.teamCreate(call) },
        "teamGet": { (state, call) throws(APIError) in
            state.reply(try state.ownTeam(call))
        },
        "teamUpdate": { (state, call) throws(APIError) in
            var team = try state.ownTeam(call)
            try state.requireAdmin(call)
            team.name = call.arguments.text("name") ?? team.name
            state.teams.put(team)
            return state.reply(team)
        },
        "teamDelete": { (state, call) throws(APIError) in try state.teamDelete(call) },
        "teamInfo": { (state, call) throws(APIError) in try state.teamInfo(call) },
        "teamInvites": { (state, call) throws(APIError) in try state.teamInvites(call) },
        "teamMembers": { (state, call) throws(APIError) in try state.teamMembers(call) },
        "teamSubTeams": { (state, call) throws(APIError) in try state.subTeams(call) },
        "teamAddMember": { (state, call) throws(APIError) in try state.addMember(call) },
        "teamRemoveMember": { (state, call) throws(APIError) in try state.removeMember(call) },
    ]

    private mutating func teamCreate(_ call: Call) throws(APIError) -> Reply {
        guard call.account.teamID == nil else {
            throw APIError(.badRequest, "This account is on a team already")
        }
        let team = Team(
            id: identifier(), name: call.arguments.text("name") ?? "Untitled Team", parentID: nil)
        teams.put(team)
        join(call.account.id, team.id, role: "Admin")
        return reply(team)
    }

    /// Makes a team below another; no operation of the API does.
    mutating func makeTeam(_ name: String, below parentID: String) throws(APIError) -> Team {
        guard let parent = teams[parentID], parent.parentID == nil else {
            throw APIError(.notFound, "Team does not exist", at: "parent_team_id")
        }
        let team = Team(id: identifier(), name: name, parentID: parent.id)
        teams.put(team)
        return team
    }

    private mutating func join(_ accountID: String, _ teamID: String?, role: String?) {
        guard var account = accounts[accountID] else { return }
        account.teamID = teamID
        account.teamRole = role
        accounts.put(account)
    }

    private func ownTeam(_ call: Call) throws(APIError) -> Team {
        guard let team = call.account.teamID.flatMap({ teams[$0] }) else {
            throw APIError(.notFound, "Team does not exist")
        }
        return team
    }

    /// The account's team, or a team below it.
    private func team(_ call: Call) throws(APIError) -> Team {
        let own = try ownTeam(call)
        guard let id = call.arguments.text("team_id"), id != own.id else { return own }
        guard let team = teams[id], team.parentID == own.id else {
            throw APIError(.notFound, "Team does not exist", at: "team_id")
        }
        return team
    }

    private func requireAdmin(_ call: Call) throws(APIError) {
        guard call.account.teamRole == "Admin" else {
            throw APIError(.forbidden, "Only an admin of the team may do this")
        }
    }

    private func members(of team: Team) -> [Account] {
        accounts.all.filter { $0.teamID == team.id }
    }

    private func openInvites(to team: Team) -> [TeamInvite] {
        invites.all.filter { $0.teamID == team.id && $0.redeemedAt == nil }
    }

    private func reply(_ team: Team) -> Reply {
        let invited = openInvites(to: team).map(\.emailAddress)
        return Reply(
            "team",
            .members([
                ("name", .string(team.name)),
                ("accounts", .array(members(of: team).map(\.json))),
                (
                    "invited_accounts",
                    .array(invited.compactMap { account(emailAddress: $0)?.json })
                ),
                (
                    "invited_emails",
                    .array(
                        invited.filter { account(emailAddress: $0) == nil }.map { .string($0) })
                ),
            ]))
    }

    private mutating func teamDelete(_ call: Call) throws(APIError) -> Reply {
        let team = try ownTeam(call)
        try requireAdmin(call)
        guard members(of: team).count == 1 else {
            throw APIError(.badRequest, "A team with other members cannot be deleted")
        }
        join(call.account.id, nil, role: nil)
        teams[team.id] = nil
        for invite in invites.all where invite.teamID == team.id { invites[invite.id] = nil }
        return .empty
    }

    private func teamInfo(_ call: Call) throws(APIError) -> Reply {
        let team = try team(call)
        var members: [(String, JSONValue)] = [("team_id", .string(team.id))]
        if let parent = team.parentID.flatMap({ teams[$0] }) {
            members.append(
                (
                    "team_parent",
                    ["team_id": .string(parent.id), "name": .string(parent.name)]
                ))
        }
        let children = teams.all.filter { $0.parentID == team.id }.count
        members += [
            ("name", .string(team.name)),
            ("num_members", JSONValue(self.members(of: team).count)),
            ("num_sub_teams", JSONValue(children)),
        ]
        return Reply("team", .members(members))
    }

    private func teamInvites(_ call: Call) throws(APIError) -> Reply {
        let email = call.arguments.text("email_address") ?? call.account.emailAddress
        let isOwn = email.lowercased() == call.account.emailAddress.lowercased()
        let found = invites.newest { invite in
            invite.emailAddress.lowercased() == email.lowercased()
                && (isOwn || invite.teamID == call.account.teamID)
        }
        return Reply("team_invites", .array(found.map(\.json)))
    }

    private func teamMembers(_ call: Call) throws(APIError) -> Reply {
        let team = try team(call)
        return Reply(
            "team_members", members(of: team), page: try Page(call.arguments),
            json: { account in
                .members([
                    ("account_id", .string(account.id)),
                    ("email_address", .string(account.emailAddress)),
                    ("role", .string(account.teamRole ?? "Member")),
                ])
            })
    }

    private func subTeams(_ call: Call) throws(APIError) -> Reply {
        let team = try team(call)
        return Reply(
            "sub_teams", teams.all.filter { $0.parentID == team.id },
            page: try Page(call.arguments),
            json: { ["team_id": .string($0.id), "name": .string($0.name)] })
    }

    /// Adds an account to the team; who has none is invited.
    private mutating func addMember(_ call: Call) throws(APIError) -> Reply {
        let team = try team(call)
        try requireAdmin(call)
        let role = call.arguments.text("role") ?? "Member"
        guard
            call.arguments.text("account_id") != nil
                || call.arguments.text("email_address") != nil
        else {
            throw APIError(
                .badRequest, "'account_id' or 'email_address' is required", at: "account_id")
        }
        if let other = account(call.arguments) {
            guard other.teamID == nil else {
                throw APIError(.teamInviteFailed, "This account is on a team already")
            }
            join(other.id, team.id, role: role)
            // Who was invited has come.
            for var invite in openInvites(to: team)
            where invite.emailAddress.lowercased() == other.emailAddress.lowercased() {
                invite.redeemedAt = call.now
                invites.put(invite)
            }
            return reply(team)
        }
        guard let email = call.arguments.text("email_address") else {
            throw APIError(.notFound, "Account not found", at: "account_id")
        }
        if !openInvites(to: team).contains(where: { $0.emailAddress == email }) {
            invites.put(
                TeamInvite(
                    id: identifier(), teamID: team.id, emailAddress: email, role: role,
                    sentAt: call.now, expiresAt: call.now + Self.invitationLifetime))
        }
        return reply(team)
    }

    private mutating func removeMember(_ call: Call) throws(APIError) -> Reply {
        let team = try ownTeam(call)
        try requireAdmin(call)
        guard let other = account(call.arguments) else {
            guard let email = call.arguments.text("email_address"),
                let invite = openInvites(to: team).first(where: { $0.emailAddress == email })
            else { throw APIError(.notFound, "Account not found") }
            invites[invite.id] = nil
            return reply(team)
        }
        guard other.teamID == team.id else {
            throw APIError(.notFound, "The account is not a member of your team")
        }
        guard other.id != call.account.id else {
            throw APIError(.badRequest, "An admin cannot leave the team this way")
        }
        let newTeam = call.arguments.text("new_team_id")
        if let newTeam, teams[newTeam]?.parentID != team.id, newTeam != team.id {
            throw APIError(.badRequest, "There is no such team", at: "new_team_id")
        }
        join(
            other.id, newTeam, role: newTeam == nil ? nil : call.arguments.text("new_role"))
        return reply(team)
    }
}
