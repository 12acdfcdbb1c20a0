import Callbacks

/// Why a line of the contract cannot be read.
struct ContractError: Error, Equatable, CustomStringConvertible {
    let line: String
    let reason: String

    /// One line: the reason and the line.
    var description: String { "\(reason) in '\(line)'" }
}

extension Contract {
    /// Reads the two files of the contract.
    init(operations: String, schemas: String) throws(ContractError) {
        self.init(
            operations: try Self.readOperations(operations),
            schemas: try Self.readSchemas(schemas))
    }

    /// The lines that say something, and whether each is indented.
    private static func lines(_ text: String) -> [(text: Substring, isIndented: Bool)] {
        text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard line.first != UInt8(ascii: "#") else { return nil }
            let start = line.drop { $0 == UInt8(ascii: " ") }
            return start.isEmpty ? nil : (Substring(start), start.startIndex > line.startIndex)
        }
    }

    private static func readOperations(_ text: String) throws(ContractError) -> [APIOperation] {
        var operations: [APIOperation] = []
        for (line, isIndented) in lines(text) {
            guard isIndented else {
                operations.append(try operation(line))
                continue
            }
            guard let space = line.firstIndex(of: " "),
                let place = APIOperation.Place(rawValue: String(line[..<space])),
                !operations.isEmpty
            else { throw ContractError(line: String(line), reason: "no parameter") }
            let field = try Field(reading: line[line.index(after: space)...])
            operations[operations.count - 1].parameters.append(
                APIOperation.Parameter(place: place, field: field))
        }
        return operations
    }

    private static func operation(_ line: Substring) throws(ContractError) -> APIOperation {
        let words = line.split(separator: " ").map(String.init)
        func after(_ word: String, _ offset: Int = 1) -> String? {
            guard let index = words.firstIndex(of: word), index + offset < words.count else {
                return nil
            }
            return words[index + offset]
        }
        guard words.count >= 8, let status = after("gives").flatMap({ Int($0) }),
            let answer = after("gives", 2), let refusals = after("refuses")
        else { throw ContractError(line: String(line), reason: "no operation") }
        let credentials = words[3].split(separator: "|", omittingEmptySubsequences: false)
        let isMedia = answer.contains("/")
        return APIOperation(
            id: words[0], method: words[1], path: words[2],
            needsCredentials: credentials[0] == "key",
            scopes: credentials.count > 1
                ? credentials[1].split(separator: ",").map(String.init) : nil,
            body: after("takes").map {
                APIOperation.Body(
                    schema: $0,
                    encodings: after("as").map { $0.split(separator: ",").map(String.init) } ?? [])
            },
            status: status,
            answer: answer == "nothing"
                ? .nothing
                : isMedia ? .media(answer.split(separator: ",").map(String.init)) : .schema(answer),
            refusals: refusals.split(separator: ",").compactMap { Int($0) }, parameters: [])
    }

    private static func readSchemas(_ text: String) throws(ContractError) -> [String: Schema] {
        var schemas: [String: Schema] = [:]
        var current: Schema?
        for (line, isIndented) in lines(text) {
            if isIndented {
                current?.fields.append(try Field(reading: line))
                continue
            }
            if let current { schemas[current.name] = current }
            current = try schema(line)
        }
        if let current { schemas[current.name] = current }
        return schemas
    }

    private static func schema(_ line: Substring) throws(ContractError) -> Schema {
        if let equals = line.firstRange(of: " = ") {
            return Schema(
                name: String(line[..<equals.lowerBound]), bases: [], choice: nil, fields: [],
                alias: try FieldType(reading: line[equals.upperBound...]))
        }
        var words = line.split(separator: " ")[...]
        let name = String(words.removeFirst())
        var bases: [String] = []
        var choice: Schema.Choice?
        if words.first == "<" {
            bases = words.dropFirst().prefix { $0 != "by" }.map(String.init)
            words = words.dropFirst(bases.count + 1)
        }
        if words.first == "by", words.count > 2 {
            let member = String(words[words.startIndex + 1])
            let pairs = words.dropFirst(2).map { $0.split(separator: "=") }
            guard pairs.allSatisfy({ $0.count == 2 }) else {
                throw ContractError(line: String(line), reason: "no choice")
            }
            choice = Schema.Choice(
                member: member,
                schemas: Dictionary(
                    pairs.map { (String($0[0]), String($0[1])) }, uniquingKeysWith: { $1 }))
        }
        return Schema(name: name, bases: bases, choice: choice, fields: [], alias: nil)
    }
}

extension Field {
    /// Reads `name*: type`.
    fileprivate init(reading line: Substring) throws(ContractError) {
        guard let colon = line.firstIndex(of: ":") else {
            throw ContractError(line: String(line), reason: "no member")
        }
        var name = line[..<colon]
        let isRequired = name.last == "*"
        if isRequired { name.removeLast() }
        self.init(
            name: String(name), isRequired: isRequired,
            type: try FieldType(reading: line[line.index(after: colon)...].drop { $0 == " " }))
    }
}

extension FieldType {
    /// Reads a type, such as `[string~email](..10)?`.
    init(reading text: Substring) throws(ContractError) {
        var rest = text
        self = try Self.read(&rest)
        guard rest.isEmpty else {
            throw ContractError(line: String(text), reason: "'\(rest)' is too much")
        }
    }

    private static func read(_ rest: inout Substring) throws(ContractError) -> FieldType {
        var type = FieldType(kind: try kind(&rest))
        if rest.first == "~" {
            rest.removeFirst()
            type.format = take(&rest) { $0.isLetter || $0 == "-" }
        }
        if rest.first == "{", let end = rest.firstIndex(of: "}") {
            let values = rest[rest.index(after: rest.startIndex)..<end]
            type.values = values.split(separator: "|", omittingEmptySubsequences: false)
                .map(String.init)
            rest = rest[rest.index(after: end)...]
        }
        if rest.first == "(", let end = rest.firstIndex(of: ")") {
            let bounds = rest[rest.index(after: rest.startIndex)..<end]
            if let dots = bounds.firstRange(of: "..") {
                type.minimumLength = Int(bounds[..<dots.lowerBound])
                type.maximumLength = Int(bounds[dots.upperBound...])
            }
            rest = rest[rest.index(after: end)...]
        }
        if rest.first == "?" {
            rest.removeFirst()
            type.isNullable = true
        }
        if rest.first == "=" {
            let text = rest.dropFirst()
            guard let value = try? JSONValue(parsing: Array(text.utf8)) else {
                throw ContractError(line: String(text), reason: "the default is no JSON")
            }
            type.defaultValue = value
            rest = ""
        }
        return type
    }

    private static func kind(_ rest: inout Substring) throws(ContractError) -> Kind {
        if rest.first == "[" {
            rest.removeFirst()
            let element = try read(&rest)
            guard rest.first == "]" else {
                throw ContractError(line: String(rest), reason: "']' is missing")
            }
            rest.removeFirst()
            return .array(element)
        }
        let name = take(&rest) { $0.isLetter || $0.isNumber }
        switch name {
        case "string": return .string
        case "integer": return .integer
        case "number": return .number
        case "boolean": return .boolean
        case "object": return .object
        case "file": return .file
        case "any": return .any
        case "": throw ContractError(line: String(rest), reason: "no type")
        default: return .schema(name)
        }
    }

    private static func take(
        _ rest: inout Substring, while isIncluded: (Character) -> Bool
    )
        -> String
    {
        let taken = rest.prefix(while: isIncluded)
        rest = rest[taken.endIndex...]
        return String(taken)
    }
}
