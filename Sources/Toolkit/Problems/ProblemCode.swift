/// The stable codes of errors; `countersign explain CS-1204` says more about one.
package enum ProblemCode: Int, Hashable, Sendable, CaseIterable {
    case wrongUse = 1001
    case malformedConfiguration = 1002
    case wrongValue = 1003
    case missingAddress = 1101
    case malformedAddress = 1102
    case unreachable = 1103
    case unknownEvent = 1201
    case wrongKind = 1202
    case malformedEdit = 1203
    case unknownPath = 1204
    case wrongType = 1205
    case unreadableFixture = 1206
    case malformedFixture = 1207
    case tooLarge = 1208
    case emptySource = 1209
    case unknownFlow = 1210
    case malformedFlow = 1211
    case malformedInput = 1212
    case unusableFolder = 1301
    case notAJournal = 1302
    case newerJournal = 1303
    case diskFull = 1304
    case journalFailed = 1305
    case unknownDelivery = 1306
    case deliveryUnderWay = 1307
    case folderInUse = 1308
    case tls = 1401
    case unknownRule = 1501
    case malformedSuite = 1502
    case noMock = 1701
    case refusedByMock = 1702
    case noRelay = 1801
    case refusedByRelay = 1802
    case unusableTokens = 1803
    case unusableFile = 1601
    case missingProgram = 1602
    case addressInUse = 1603
    case outputFailed = 1604
    case cannotListen = 1605
    case unexpected = 1901

    /// As it is printed: `CS-1204`.
    package var name: String { "CS-\(rawValue)" }

    /// The code of that name, in any letter case; `nil` when there is none.
    package init?(name: String) {
        let upper = name.uppercased()
        guard upper.hasPrefix("CS-"), let number = Int(upper.dropFirst(3)) else { return nil }
        self.init(rawValue: number)
    }

    /// What it means and what to do, in a few sentences.
    package var explanation: String {
        switch self {
        case .wrongUse:
            "The command line has an unknown word, flag or value. '--help' behind a command shows "
                + "what it takes, with an example."
        case .malformedConfiguration:
            "countersign.yaml, or the file of --config, cannot be used. It is a mapping of settings "
                + "such as 'api-key: …' and 'forward-to: …'; the message names the line."
        case .wrongValue:
            "A flag, an environment variable or a line of the configuration has a value that does "
                + "not fit. The message names it and what would fit."
        case .missingAddress:
            "There is no handler to send to. Name it with --forward-to, with the environment "
                + "variable COUNTERSIGN_FORWARD_TO, or as 'forward-to' in countersign.yaml."
        case .malformedAddress:
            "The handler's address is no port, no host and no URL. Write 3000, "
                + "localhost:3000/callbacks or https://example.com/callbacks."
        case .unreachable:
            "The check could not begin, as nobody answers at the address. Start the handler first "
                + "and look at the port and the path."
        case .unknownEvent:
            "There is no event type of that name. 'countersign trigger --list' names all; a type "
                + "that is not known on purpose can be sent with --override event.event_type=…"
        case .wrongKind:
            "The service does not report this event to that URL: an account's and an app's "
                + "callbacks differ. Choose with --kind account or --kind app."
        case .malformedEdit:
            "--override and --add take PATH=VALUE, --remove takes PATH. A path is written like "
                + "signature_request.signatures[0].status_code; a value is JSON, or else text."
        case .unknownPath:
            "The event has no member at that path, or for --add has it already. The message names "
                + "the nearest paths; 'countersign trigger EVENT --print' shows the whole event."
        case .wrongType:
            "The new value is of another kind than the event's own, which an SDK would refuse to "
                + "read. To send it anyway, remove the member and add it again."
        case .unreadableFixture:
            "The file or folder with events is not there or may not be read."
        case .malformedFixture:
            "The file holds no event: an object with 'event', in which 'event_type' and "
                + "'event_time' are texts. The message names the file and the line or byte."
        case .tooLarge: "A file or a payload is over the limit that the message names."
        case .emptySource:
            "The folder or the file holds no event. Events are .json files, .ndjson files with one "
                + "on each line, and .yaml flows."
        case .unknownFlow:
            "There is no built-in flow of that name. 'countersign replay --list' names all."
        case .malformedFlow:
            "The flow's file has a wrong key, value or structure; the message names the line. "
                + "The files in fixtures/flows are examples."
        case .malformedInput:
            "What was given to verify is neither an event's JSON, nor a form with a field 'json', "
                + "nor an HTTP request."
        case .unusableFolder:
            "The data folder cannot be made, read or written. Check its permissions, choose another "
                + "with --data, or keep nothing with --ephemeral."
        case .notAJournal:
            "The file journal.sqlite in the data folder is damaged or another program's. It was not "
                + "changed. Move it away or choose another folder with --data."
        case .newerJournal:
            "A newer version of countersign wrote the journal. It was not changed. Use that version "
                + "or another folder."
        case .diskFull:
            "The disk is full, so nothing more can be recorded, and what cannot be recorded is not "
                + "sent. What was recorded before is safe. Free some room or use --ephemeral."
        case .journalFailed: "The database failed; the message has its own words."
        case .unknownDelivery:
            "The journal has no delivery with that number. 'countersign events list' shows them; "
                + "old ones go after 30 days."
        case .deliveryUnderWay:
            "Another process delivers from the same folder and has this delivery in hand. Wait until "
                + "it has ended, or use another folder."
        case .folderInUse:
            "Another mock keeps its state in the same data folder, and two would spoil it. Stop the "
                + "other one, choose another folder with --data, or keep nothing with --ephemeral."
        case .tls:
            "TLS could not be set up. The file of --ca must hold certificates in PEM; the message "
                + "has OpenSSL's reason."
        case .unknownRule:
            "There is no rule, group or case of that name. 'countersign check --list' names all."
        case .malformedSuite:
            "A suite's file has a wrong key, value or structure; each line that is wrong is named. "
                + "The files in fixtures/suites are examples."
        case .noMock:
            "No mock answers at the address. Start one with 'countersign dev PORT' or 'countersign "
                + "mock', and name it with --mock where it does not listen on 127.0.0.1:7446."
        case .refusedByMock:
            "The running mock refuses what was asked of it, and the message has its reason: an id "
                + "that it does not know, or a move that is not allowed in this state."
        case .unusableFile: "A file cannot be read or written; the message has the system's reason."
        case .missingProgram:
            "The program sample-handler is not beside countersign. Build the whole package with "
                + "'swift build', or start another handler."
        case .addressInUse:
            "Another program listens on that address already. Stop it, or choose another port; port "
                + "0 takes a free one."
        case .cannotListen:
            "The system does not let the program listen on that address: it is none of this machine's, "
                + "or a port below 1024 that only root may take."
        case .noRelay:
            "There is no connection to the relay. Look at --relay: it is the address of the relay's "
                + "agents (port 7443 unless named), not the one of senders. A certificate that is not "
                + "accepted is told with its reason; --relay-ca names the authority of a relay with "
                + "--self-signed."
        case .refusedByRelay:
            "The relay does not take this agent: the token is not known there, the name belongs to "
                + "another one, or another agent has taken it over. 'countersign relay token add NAME' on "
                + "the relay's machine makes a token for a name."
        case .unusableTokens:
            "The file relay-tokens.json in the relay's data folder cannot be read or written, or it is not "
                + "as 'countersign relay token add' writes it. --data names another folder."
        case .outputFailed:
            "The results cannot be written to standard output, such as onto a full disk. What was "
                + "delivered is in the journal all the same."
        case .unexpected:
            "Something failed that should not. Please report it with the message and the command."
        }
    }
}
