import Testing

/// How relay and agents bear crowds, accidents and each other, and what their operators have in hand.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RelayLifeTests {
    @Test(arguments: [["--loops", "1"], ["--loops", "3"]])
    func `crowds are borne, others are served meanwhile, and nothing is left over`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("hostile", setUp, atLeast: 5)
    }

    @Test(arguments: [["--loops", "1"], ["--loops", "3"]])
    func `who is gone in the middle makes nobody wait, and leaks nothing`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("accidents", setUp, atLeast: 6)
    }

    @Test(arguments: [["--loops", "1"], ["--loops", "3"]])
    func `an agent that breaks the tunnel's protocol hurts nobody else`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("peers", setUp, atLeast: 20)
    }

    @Test(arguments: [["--loops", "1"], ["--loops", "3"]])
    func `a relay that is killed has its agents back, and one that ends keeps its word`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("restart", setUp, atLeast: 12)
    }

    @Test(arguments: [["--loops", "1"], ["--loops", "3"]])
    func `names belong to tokens, and a new login takes over`(_ setUp: [String]) async throws {
        try await RelayScript.cases("tokens", setUp, atLeast: 10)
    }

    @Test func `an agent does with requests what its options say`() async throws {
        try await RelayScript.cases("options", atLeast: 12)
    }

    @Test(arguments: [["--loops", "1"], ["--loops", "3"]])
    func `a relay tells of itself, and to nobody else's page`(_ setUp: [String]) async throws {
        try await RelayScript.cases("admin", setUp, atLeast: 7)
    }

    @Test(arguments: RelayScript.setUps)
    func `each request has its line in the log, and nobody else writes there`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("log", setUp, atLeast: 7)
    }

    @Test(arguments: RelayScript.setUps)
    func `limits hold for what is slow, idle or too much, and for nobody else`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("limits", setUp, atLeast: 8)
    }

    @Test(arguments: [["--loops", "1"], ["--loops", "3"]])
    func
        `full disks, lost files and logs nobody reads stop nothing, and wrong settings are refused`(
            _ setUp: [String]
        ) async throws
    {
        try await RelayScript.cases("troubles", setUp, atLeast: 16)
    }

    @Test(arguments: [["--loops", "1"], ["--loops", "3"]])
    func `requests at the edges are served or refused, and cost no more than others`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("edges", setUp, atLeast: 10)
    }

    @Test func `what is recorded can be read back octet by octet`() async throws {
        try await RelayScript.cases("archive", atLeast: 5)
    }

    /// Ten minutes of it are for people: `relay_soak.py PROGRAM 600`.
    @Test(arguments: [["20", "--loops", "1"], ["20", "--loops", "3", "--tls"]])
    func `mixed load for a while loses nothing, and memory stays flat`(
        _ setUp: [String]
    ) async throws {
        let last = try await RelayScript.run("soak", setUp)
        #expect(last.hasSuffix(", 0 failures"), "\(last)")
    }
}
