import Callbacks

/// The table of all event types.
enum EventTypeList {
    static func show(_ format: OutputFormat) {
        let width = EventType.all.map(\.rawValue.count).max() ?? 0
        for type in EventType.all {
            guard let known = type.known else { continue }
            switch format {
            case .text:
                Terminal.standardOutput("\(type.rawValue.padded(to: width))  \(known.trigger)\n")
            case .compact: Terminal.standardOutput(type.rawValue + "\n")
            case .json:
                let value: JSONValue = [
                    "type": "event_type", "name": .string(type.rawValue),
                    "resource": known.resource.map { .string($0.rawValue) } ?? .null,
                    "kinds": .array(known.kinds.map { .string($0.rawValue) }),
                    "trigger": .string(known.trigger),
                ]
                Terminal.standardOutput(value.text(.plain) + "\n")
            }
        }
    }
}
