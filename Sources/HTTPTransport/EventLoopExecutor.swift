package import NIOCore

/// Runs tasks on an event loop, so that what they ask of it costs no change of threads.
package final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    /// An executor on a loop that outlives its tasks.
    package init(_ loop: any EventLoop) {
        self.loop = loop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
