/// How an event becomes a request: what is known of the service's own requests, and its guesses as settings.
package struct WireFormat: Hashable, Sendable {
    /// The form of the body.
    package var form: BodyForm
    /// What `User-Agent` says.
    ///
    /// The default is a guess: no source states it.
    package var userAgent: String
    /// Which text the header `Content-Sha256` has.
    package var contentSHA256: ContentSHA256
    /// Fields that the user adds, behind ours.
    package var additionalHeaders: [HeaderField]

    /// The recipes for `Content-Sha256`; which one the service uses is not known.
    package enum ContentSHA256: String, Hashable, Sendable, CaseIterable {
        /// Like the documented recipe of `Content-MD5`: base64 over the hexadecimal text. A guess.
        case base64OfHexadecimal = "base64-hex"
        /// Hexadecimal digits. A guess.
        case hexadecimal = "hex"
        /// No such header.
        case omitted = "none"
    }

    package init(
        form: BodyForm = .multipart, userAgent: String = "HelloSign API",
        contentSHA256: ContentSHA256 = .base64OfHexadecimal, additionalHeaders: [HeaderField] = []
    ) {
        self.form = form
        self.userAgent = userAgent
        self.contentSHA256 = contentSHA256
        self.additionalHeaders = additionalHeaders
    }

    /// The request that carries `json`.
    ///
    /// - Parameters:
    ///   - json: The JSON text of the event.
    ///   - hashes: The hashes over `json`; `nil` leaves both headers out.
    ///   - form: The form of the body in place of ``form``.
    ///   - boundary: For multipart, see ``BodyForm/boundary(_:)``.
    /// - Returns: The request but for the address.
    package func request(
        json: [UInt8], hashes: HeaderHashes?, form: BodyForm? = nil, boundary: String
    ) -> CallbackRequest {
        let form = form ?? self.form
        let body = form.body(json: json, boundary: boundary)
        var headers = [
            HeaderField("User-Agent", userAgent),
            HeaderField("Accept", "*/*"),
        ]
        if let hashes {
            headers.append(HeaderField("Content-MD5", hashes.contentMD5))
            switch contentSHA256 {
            case .base64OfHexadecimal:
                headers.append(HeaderField("Content-Sha256", hashes.contentSHA256))
            case .hexadecimal:
                headers.append(HeaderField("Content-Sha256", hashes.hexadecimalSHA256))
            case .omitted: break
            }
        }
        headers += additionalHeaders
        headers.append(HeaderField("Content-Length", String(body.count)))
        headers.append(HeaderField("Content-Type", form.contentType(boundary: boundary)))
        return CallbackRequest(headers: headers, body: body)
    }
}
