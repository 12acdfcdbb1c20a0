// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
]
/// Targets that call C say so at each place: an unsafe use without `unsafe` is an error there.
let settingsOverC = settings + [.strictMemorySafety()]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let swiftCSV = Target.Dependency.product(name: "SwiftCSV", package: "SwiftCSV")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(
    name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let serviceLifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(
    name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux]))
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")

/// A target of ours; what it may import is the README's architecture table.
func target(
    _ name: String, _ dependencies: [Target.Dependency], overC: Bool = false
) -> Target {
    .target(
        name: name, dependencies: dependencies, swiftSettings: overC ? settingsOverC : settings)
}

/// Folders of test targets that hold no Swift: what tests read, or build.
let foldersOfTests = ["Checks": ["Snapshots"], "Relay": ["Corpus"], "Yamux": ["Corpus", "Peer"]]

/// The tests of the target with that name, and what they need beside it.
func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
        exclude: foldersOfTests[name] ?? [], swiftSettings: settings)
}

let package = Package(
    name: "countersign",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Callbacks", targets: ["Callbacks"]),
        .executable(name: "countersign", targets: ["countersign"]),
        .executable(name: "sample-handler", targets: ["sample-handler"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // What tests of several targets use
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        // Layer 0
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        // Layer 1
        target("OpenSSL", ["COpenSSL"], overC: true),
        tests(of: "OpenSSL"),
        target("Documents", [subprocess, systemPackage]),
        tests(of: "Documents"),
        target("Yamux", [nioCore]),
        tests(of: "Yamux", ["OpenSSL", nioCore, nioPosix]),
        // Layer 2
        target("NIOOpenSSL", ["OpenSSL", nioCore]),
        tests(of: "NIOOpenSSL", ["OpenSSL", nioCore, nioPosix, nioEmbedded]),
        target("Callbacks", ["OpenSSL"]),
        tests(of: "Callbacks"),
        // Layer 3
        target("Fixtures", ["Callbacks", "OpenSSL", yams]),
        tests(of: "Fixtures", ["Callbacks"]),
        target("Journal", ["Callbacks", grdb]),
        tests(of: "Journal", ["Callbacks", grdb]),
        target(
            "HTTPTransport",
            [
                "Callbacks", "NIOOpenSSL", "OpenSSL", nioCore, nioPosix, nioHTTP1, nioHTTPTypes,
                nioHTTPTypesHTTP1, httpTypes, hummingbirdCore, logging, serviceLifecycle,
            ]),
        tests(of: "HTTPTransport", ["Callbacks", "OpenSSL", "NIOOpenSSL", nioCore, nioPosix]),
        // Layer 4
        target("Delivery", ["Callbacks", "Journal", "HTTPTransport", heap]),
        tests(
            of: "Delivery",
            ["Callbacks", "Fixtures", "Journal", "HTTPTransport", nioCore, nioPosix, nioHTTP1]),
        target("Checks", ["Callbacks", "Fixtures", yams]),
        tests(of: "Checks", ["Callbacks", "Fixtures", "OpenSSL"]),
        target(
            "Relay",
            [
                "Yamux", "NIOOpenSSL", "OpenSSL", "Callbacks", "HTTPTransport", nioCore, nioPosix,
            ]),
        tests(
            of: "Relay",
            [
                "Yamux", "OpenSSL", "Callbacks", "HTTPTransport", nioCore, nioPosix, nioEmbedded,
            ]),
        .target(
            name: "MockAPI",
            dependencies: [
                "Callbacks", "Documents", "Fixtures", "HTTPTransport", "Journal", "OpenSSL", heap,
                swiftCSV,
            ],
            resources: [
                .embedInCode("Contract/operations.txt"), .embedInCode("Contract/schemas.txt"),
                .embedInCode("Pages/page.css"), .embedInCode("Pages/embedded.js"),
            ], swiftSettings: settings),
        tests(
            of: "MockAPI",
            ["Callbacks", "Documents", "Fixtures", "HTTPTransport", "Journal", nioPosix, yams]),
        // Layer 5
        target(
            "ControlAPI",
            ["Callbacks", "Fixtures", "Journal", "Delivery", "HTTPTransport", "MockAPI"]),
        // Layer 6
        target(
            "Toolkit",
            [
                "Callbacks", "Fixtures", "Journal", "HTTPTransport", "Delivery", "Checks",
                "MockAPI", "ControlAPI", "Documents", "OpenSSL", "Relay", yams, nioCore, nioPosix,
            ]),
        tests(
            of: "Toolkit",
            [
                "Callbacks", "Journal", "Checks", "Delivery", "Fixtures", "HTTPTransport",
                "MockAPI", "OpenSSL", "Relay", nioCore,
            ]),
        // Layer 7
        .executableTarget(
            name: "countersign",
            dependencies: [
                "Toolkit", "Callbacks", "Fixtures", "Journal", "HTTPTransport", "Delivery",
                "Checks", "MockAPI", "Relay", argumentParser,
            ], swiftSettings: settings),
        .executableTarget(
            name: "sample-handler", dependencies: ["Callbacks", hummingbird, logging, nioCore],
            swiftSettings: settings),
        .executableTarget(
            name: "bench",
            dependencies: [
                "Callbacks", "Fixtures", "Journal", "HTTPTransport", "Delivery", nioCore, nioPosix,
                hummingbird,
            ], swiftSettings: settings),
        .testTarget(
            name: "AcceptanceTests",
            dependencies: [
                "Callbacks", "Fixtures", "TestSupport", "countersign", "sample-handler",
            ],
            exclude: ["Clients"], swiftSettings: settings),
    ]
)
