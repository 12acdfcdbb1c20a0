/// What a document and the programs that read it may take.
package struct DocumentLimits: Hashable, Sendable {
    /// Pages of one document.
    package var pages = 500
    /// Octets of one document that a program makes or of what it says.
    package var outputBytes = 128 << 20
    /// Real seconds of one program.
    package var seconds = 20
    /// Kibibytes of memory of one program.
    package var memoryKibibytes = 1 << 20
    /// Programs that run at once.
    package var programs = 2
    /// Octets of results that are kept for the next time.
    package var cacheBytes = 64 << 20

    package init() {}
}
