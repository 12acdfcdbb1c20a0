import ArgumentParser
import Foundation
import Journal
import Toolkit

/// The local certificate authority.
struct Authority: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca",
        abstract: "Shows the local certificate authority of 'mock --tls'.",
        discussion: """
            export SSL_CERT_FILE="$(countersign ca path)"
            countersign ca print > countersign-ca.pem
            """,
        subcommands: [Path.self, Print.self])

    /// Where the certificate is.
    struct Path: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints where the authority's certificate is; makes it when there is none.")

        @OptionGroup(title: "Journal") var journal: JournalOptions
        @OptionGroup(title: "General") var common: CommonOptions

        func run() async throws {
            let (folder, _) = try Authority.open(journal, common)
            let path = LocalAuthority.file(in: folder)
            Terminal.standardOutput(URL(filePath: path).path() + "\n")
        }
    }

    /// The certificate itself.
    struct Print: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the authority's certificate; makes it when there is none.")

        @OptionGroup(title: "Journal") var journal: JournalOptions
        @OptionGroup(title: "General") var common: CommonOptions

        func run() async throws {
            let (_, authority) = try Authority.open(journal, common)
            Terminal.standardOutput(authority.certificatePEM)
        }
    }

    private static func open(
        _ journal: JournalOptions, _ common: CommonOptions
    ) throws -> (folder: String, LocalAuthority) {
        let settings = try Settings(try common.sources(journal.flags))
        guard case .folder(let folder) = settings.journal.storage else {
            throw Problem(
                .wrongUse, "an authority in memory has no file; leave --ephemeral out")
        }
        return (folder, try LocalAuthority(settings.journal.storage))
    }
}
