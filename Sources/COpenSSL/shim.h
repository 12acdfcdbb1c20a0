// What OpenSSL offers as a macro or with variable arguments, Swift cannot call: one inline function each.
#ifndef COUNTERSIGN_OPENSSL_SHIM_H
#define COUNTERSIGN_OPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// SSL_CTX_set_min_proto_version (macro over SSL_CTX_ctrl).
static inline long countersign_set_minimum_protocol(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

/// SSL_CTX_set_mode (macro over SSL_CTX_ctrl).
static inline long countersign_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}

/// SSL_CTX_add1_chain_cert (macro over SSL_CTX_ctrl); the context takes a reference of its own.
static inline long countersign_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate);
}

/// SSL_set_tlsext_host_name (macro over SSL_ctrl): the name for SNI.
static inline long countersign_set_server_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}

/// BIO_get_mem_data (macro over BIO_ctrl): the bytes that a memory BIO holds, without a copy.
static inline long countersign_memory_contents(BIO *bio, char **pointer) {
    return BIO_get_mem_data(bio, pointer);
}

/// BIO_set_mem_eof_return (macro over BIO_ctrl): an empty BIO means "try again", not "the end".
static inline void countersign_set_empty_means_retry(BIO *bio) {
    BIO_set_mem_eof_return(bio, -1);
}

/// BIO_reset (macro over BIO_ctrl): forgets what a memory BIO holds.
static inline void countersign_reset(BIO *bio) {
    (void)BIO_reset(bio);
}

/// EVP_PKEY_Q_keygen takes variable arguments: a new P-256 key.
static inline EVP_PKEY *countersign_generate_p256_key(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

/// EVP_MAC parameters need a mutable C string: a keyed HMAC context, or NULL.
static inline EVP_MAC_CTX *countersign_new_hmac(const char *digest, const unsigned char *key, size_t count) {
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (mac == NULL) return NULL;
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);  // the context holds a reference of its own
    if (context == NULL) return NULL;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
        OSSL_PARAM_construct_end(),
    };
    // A NULL key means "the key as before" to EVP_MAC_init, so an empty one needs an address.
    const unsigned char *address = key != NULL ? key : (const unsigned char *)"";
    if (EVP_MAC_init(context, address, count, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

/// X509_NAME_add_entry_by_txt wants unsigned characters: sets the common name.
static inline int countersign_set_common_name(X509_NAME *name, const char *value) {
    return X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0);
}

/// X509V3_set_ctx_nodb is a macro and the context lives on the stack: adds one extension from its text.
static inline int countersign_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL) return 0;
    int result = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return result;
}

#endif
