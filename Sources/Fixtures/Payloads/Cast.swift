/// People and papers for payloads; drawn by a seed.
enum Cast {
    struct Person: Hashable, Sendable {
        var name: String
        var email: String
    }

    struct Paper: Hashable, Sendable {
        var title: String
        var subject: String
        var message: String
    }

    static let people = [
        Person(name: "Ada Marsh", email: "ada.marsh@example.com"),
        Person(name: "Bruno Keller", email: "bruno@keller.example"),
        Person(name: "Chiara Moretti", email: "c.moretti@example.org"),
        Person(name: "Dmitri Volkov", email: "dvolkov@example.net"),
        Person(name: "Esther O'Neill", email: "esther.oneill@example.com"),
        Person(name: "Farid Haddad", email: "farid@haddad.example"),
        Person(name: "Grace Liu", email: "grace.liu@example.org"),
        Person(name: "Henrik Sørensen", email: "henrik@example.net"),
        Person(name: "Ines Álvarez", email: "ines.alvarez@example.com"),
        Person(name: "Jörg Weiß", email: "joerg.weiss@example.org"),
        Person(name: "Kofi Mensah", email: "kofi@mensah.example"),
        Person(name: "Lena Nowak", email: "lena.nowak@example.net"),
    ]

    static let papers = [
        Paper(
            title: "Mutual NDA", subject: "The NDA we talked about",
            message: "Please sign this NDA as soon as possible."),
        Paper(
            title: "Purchase Agreement", subject: "Purchase agreement for your signature",
            message: "Please sign and return."),
        Paper(
            title: "Employment Contract", subject: "Welcome to the team",
            message: "Two signatures and we are done."),
        Paper(
            title: "Lease 14/2 Harbour Street", subject: "Your lease",
            message: "Please read page 3 before you sign."),
        Paper(
            title: "Statement of Work", subject: "Statement of work, second draft",
            message: "Let us know what you think."),
    ]

    /// Different people.
    static func people(
        _ count: Int, from generator: inout SeededGenerator
    ) -> [Person] {
        let start = Int(generator.next() % UInt64(people.count))
        return (0..<count).map { index in
            var person = people[(start + index) % people.count]
            if index >= people.count { person.email = "\(index)." + person.email }
            return person
        }
    }
}
