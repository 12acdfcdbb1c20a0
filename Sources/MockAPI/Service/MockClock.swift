/// The time by which the mock goes.
package protocol MockClock: Sendable {
    /// Unix milliseconds.
    var now: Int64 { get }
    /// Calls `body` once when `time` has come; at once when it has come already.
    func alarm(at time: Int64, _ body: @escaping @Sendable () -> Void)
}
