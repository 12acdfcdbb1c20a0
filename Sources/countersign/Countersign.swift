import ArgumentParser

/// The root of all commands.
struct Countersign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "countersign",
        abstract: "Exercises Dropbox Sign callback handlers offline.",
        discussion: """
            The API on your laptop, reporting to your handler:
              countersign dev localhost:3000/callbacks

            A verdict on a handler, with no configuration:
              countersign check localhost:3000/callbacks

            One event, now:
              countersign trigger signature_request_all_signed -f localhost:3000/callbacks

            A whole lifecycle, or your own recordings:
              countersign replay flow:three-signers recordings/ -f localhost:3000/callbacks

            Exit codes: 0 all good, 1 a check failed or a handler did not acknowledge, 2 wrong use or
            set-up, 130 after Ctrl-C. Settings come from flags, from COUNTERSIGN_* variables and from
            countersign.yaml, in that order of strength.
            """,
        version: Version.text,
        subcommands: [
            Dev.self, Mock.self, Sign.self, Decline.self, View.self, Clock.self, Authority.self,
            Check.self, Trigger.self, Replay.self, Listen.self, RelayCommand.self, Verify.self,
            Events.self,
            Explain.self,
            SampleHandler.self, Completion.self, PrintVersion.self,
        ])
}

/// What this program is.
enum Version {
    static let number = "0.1.0"
    static let text = "countersign \(number)"
}
