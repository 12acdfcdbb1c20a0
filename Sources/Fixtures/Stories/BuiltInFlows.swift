/// The lifecycles that the program brings along; `fixtures/flows` has the same texts as files.
enum BuiltInFlows {
    /// Name and YAML text, in the order of a listing.
    static let texts: [(name: String, text: String)] = [
        (
            "single-signer",
            """
            name: single-signer
            description: One signer is asked, looks and signs.
            steps:
              - event: signature_request_sent
              - event: signature_request_viewed
                after: 2m
              - event: signature_request_signed
                after: 1m
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_all_signed
                after: 2s

            """
        ),
        (
            "three-signers",
            """
            name: three-signers
            description: Three signers sign one after another; the last one completes the request.
            signers: 3
            steps:
              - event: signature_request_sent
              - event: signature_request_viewed
                after: 10m
                signer: 1
              - event: signature_request_signed
                after: 1m
                signer: 1
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_viewed
                after: 10m
                signer: 2
              - event: signature_request_signed
                after: 1m
                signer: 2
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_viewed
                after: 10m
                signer: 3
              - event: signature_request_signed
                after: 1m
                signer: 3
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_all_signed
                after: 2s

            """
        ),
        (
            "ordered-signers",
            """
            name: ordered-signers
            description: The second signer is asked when the first has signed.
            signers: 2
            ordered: true
            steps:
              - event: signature_request_sent
              - event: signature_request_viewed
                after: 2m
                signer: 1
              - event: signature_request_signed
                after: 1m
                signer: 1
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_viewed
                after: 1h
                signer: 2
              - event: signature_request_signed
                after: 1m
                signer: 2
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_all_signed
                after: 2s

            """
        ),
        (
            "embedded",
            """
            name: embedded
            description: A request made for an iframe, reported to the app.
            kind: app
            embedded: true
            steps:
              - event: signature_request_sent
              - event: signature_request_viewed
                after: 20s
              - event: signature_request_signed
                after: 40s
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_all_signed
                after: 2s
              - event: sign_url_invalid
                after: 1h
                signer: 1

            """
        ),
        (
            "decline",
            """
            name: decline
            description: A signer looks and declines; nothing is signed.
            steps:
              - event: signature_request_sent
              - event: signature_request_viewed
                after: 2m
              - event: signature_request_declined
                after: 3m
                message: The price in section 2 is not what we agreed on.

            """
        ),
        (
            "cancel",
            """
            name: cancel
            description: The sender cancels before anybody signs.
            steps:
              - event: signature_request_sent
              - event: signature_request_viewed
                after: 2m
              - event: signature_request_canceled
                after: 30m

            """
        ),
        (
            "expire",
            """
            name: expire
            description: One of two signs, the other lets it expire.
            signers: 2
            steps:
              - event: signature_request_sent
              - event: signature_request_viewed
                after: 2m
                signer: 1
              - event: signature_request_signed
                after: 1m
                signer: 1
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_expired
                after: 30d

            """
        ),
        (
            "reassign",
            """
            name: reassign
            description: A signer gives the request to another person, who signs.
            steps:
              - event: signature_request_sent
              - event: signature_request_viewed
                after: 2m
              - event: signature_request_reassigned
                after: 1m
                signer: 1
              - event: signature_request_viewed
                after: 1h
              - event: signature_request_signed
                after: 1m
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_all_signed
                after: 2s

            """
        ),
        (
            "bounce-and-update",
            """
            name: bounce-and-update
            description: The mail comes back, the address is put right, and the signer signs.
            steps:
              - event: signature_request_sent
              - event: signature_request_email_bounce
                after: 1m
                signer: 1
              - update_email: 1
                after: 10m
              - event: signature_request_viewed
                after: 1h
              - event: signature_request_signed
                after: 1m
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_all_signed
                after: 2s

            """
        ),
        (
            "remind",
            """
            name: remind
            description: A signer needs a reminder.
            steps:
              - event: signature_request_sent
              - event: signature_request_remind
                after: 3d
              - event: signature_request_viewed
                after: 2h
              - event: signature_request_signed
                after: 1m
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_all_signed
                after: 2s

            """
        ),
        (
            "hold-and-release",
            """
            name: hold-and-release
            description: A draft is prepared, held and released.
            steps:
              - event: signature_request_prepared
              - event: signature_request_sent
                after: 1h
              - event: signature_request_viewed
                after: 2m
              - event: signature_request_signed
                after: 1m
              - event: signature_request_downloadable
                after: 5s
              - event: signature_request_all_signed
                after: 2s

            """
        ),
        (
            "file-error",
            """
            name: file-error
            description: The uploaded file cannot be converted, so nothing is sent.
            steps:
              - event: file_error
                message: The file is encrypted.

            """
        ),
        (
            "invalid-text-tag",
            """
            name: invalid-text-tag
            description: A text tag names a signer who is not there, so nothing is sent.
            signers: 2
            steps:
              - event: signature_request_invalid
                message: A text tag names signer3, and there are 2 signers.

            """
        ),
        (
            "template-created",
            """
            name: template-created
            description: A template finishes processing.
            steps:
              - event: template_created

            """
        ),
        (
            "template-failed",
            """
            name: template-failed
            description: New files for a template do not fit it.
            steps:
              - event: template_created
              - event: template_error
                after: 1h
                message: The new file has another number of pages.

            """
        ),
        (
            "bulk",
            """
            name: bulk
            description: One bulk job makes three requests with one signer each.
            requests: 3
            bulk: true
            steps:
              - event: signature_request_sent
                request: 1
              - event: signature_request_sent
                after: 1s
                request: 2
              - event: signature_request_sent
                after: 1s
                request: 3
              - event: signature_request_viewed
                after: 5m
                request: 2
              - event: signature_request_signed
                after: 1m
                request: 2
              - event: signature_request_downloadable
                after: 5s
                request: 2
              - event: signature_request_all_signed
                after: 2s
                request: 2
              - event: signature_request_viewed
                after: 5m
                request: 1
              - event: signature_request_signed
                after: 1m
                request: 1
              - event: signature_request_downloadable
                after: 5s
                request: 1
              - event: signature_request_all_signed
                after: 2s
                request: 1
              - event: signature_request_viewed
                after: 5m
                request: 3
              - event: signature_request_signed
                after: 1m
                request: 3
              - event: signature_request_downloadable
                after: 5s
                request: 3
              - event: signature_request_all_signed
                after: 2s
                request: 3

            """
        ),
        (
            "fax",
            """
            name: fax
            description: A fax waits, finds the line busy, and goes through; one comes back.
            steps:
              - event: fax_on_hold
              - event: fax_busy
                after: 1m
              - event: fax_sent
                after: 10m
              - event: fax_received
                after: 1h

            """
        ),
    ]
}
