/// The key in the API's own published examples; no secret, so samples and demonstrations use it.
package enum DevelopmentKey {
    /// 64 hexadecimal digits, as the keys of accounts are.
    package static let value = "324e3b0840f065eb51f3fd63231d0d33daa35d4ed10d27718839e81737065782"
}
