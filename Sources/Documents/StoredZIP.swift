/// A ZIP archive whose files are stored as they are: PDF is compressed already.
package enum StoredZIP {
    /// The archive of files, each a name and bytes.
    ///
    /// - SeeAlso: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
    package static func make(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let offset = archive.count
            let facts = facts(file.name, file.bytes)
            archive += little(0x0403_4b50, 4) + little(20, 2) + facts
            archive += Array(file.name.utf8) + file.bytes
            directory += little(0x0201_4b50, 4) + little(20, 2) + little(20, 2) + facts
            directory += [UInt8](repeating: 0, count: 10) + little(UInt64(offset), 4)
            directory += Array(file.name.utf8)
        }
        let start = archive.count
        archive += directory
        archive += little(0x0605_4b50, 4) + little(0, 4) + little(UInt64(files.count), 2)
        archive += little(UInt64(files.count), 2) + little(UInt64(directory.count), 4)
        return archive + little(UInt64(start), 4) + little(0, 2)
    }

    /// What both headers say of a file, from the flags to the length of the extra field.
    private static func facts(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        let isUTF8 = little(0x0800, 2)
        let stored = little(0, 2)
        // 1 January 1980, so that equal documents are equal archives.
        let time = little(0, 2) + little(0x21, 2)
        let size = little(UInt64(bytes.count), 4)
        return isUTF8 + stored + time + little(UInt64(checksum(bytes)), 4) + size + size
            + little(UInt64(name.utf8.count), 2) + little(0, 2)
    }

    private static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? 0xedb8_8320 ^ (value >> 1) : value >> 1
        }
    }

    /// CRC-32 as ZIP has it.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { value, byte in
            table[Int((value ^ UInt32(byte)) & 0xff)] ^ (value >> 8)
        }
    }
}
