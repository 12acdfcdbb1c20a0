// What OpenSSL offers as a macro or with variable arguments, Swift cannot call: one inline function each.
#ifndef COUNTERSIGN_OPENSSL_SHIM_H
#define COUNTERSIGN_OPENSSL_SHIM_H

#include <stdlib.h>
#include <string.h>

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

/// What a session reads from and writes to in place of a socket: memory that its owner lends.
///
/// Input is lent for a while and always taken whole. Output goes to the lent room, and what does not fit
/// there, or comes while none is lent, to a spill of its own that keeps the order.
struct countersign_wire {
    const unsigned char *input;
    size_t input_count;
    unsigned char *room;
    size_t room_left;
    unsigned char *spill;
    size_t spill_count;
    size_t spill_capacity;
};

static int countersign_wire_read(BIO *bio, char *data, size_t count, size_t *done) {
    struct countersign_wire *wire = (struct countersign_wire *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (wire->input_count == 0) {
        *done = 0;
        BIO_set_retry_read(bio);
        return 0;
    }
    *done = count < wire->input_count ? count : wire->input_count;
    memcpy(data, wire->input, *done);
    wire->input += *done;
    wire->input_count -= *done;
    return 1;
}

static int countersign_wire_write(BIO *bio, const char *data, size_t count, size_t *done) {
    struct countersign_wire *wire = (struct countersign_wire *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *done = 0;
    if (wire->spill_count == 0 && count <= wire->room_left) {
        memcpy(wire->room, data, count);
        wire->room += count;
        wire->room_left -= count;
    } else {
        size_t needed = wire->spill_count + count;
        if (needed > wire->spill_capacity) {
            unsigned char *larger = (unsigned char *)realloc(wire->spill, 2 * needed);
            if (larger == NULL) return 0;
            wire->spill = larger;
            wire->spill_capacity = 2 * needed;
        }
        memcpy(wire->spill + wire->spill_count, data, count);
        wire->spill_count = needed;
    }
    *done = count;
    return 1;
}

static long countersign_wire_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int countersign_wire_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static int countersign_wire_destroy(BIO *bio) {
    struct countersign_wire *wire = (struct countersign_wire *)BIO_get_data(bio);
    if (wire != NULL) free(wire->spill);
    free(wire);
    return 1;
}

/// The kind of BIO over a wire; made once for the life of the process. NULL when memory is short.
static inline BIO_METHOD *countersign_make_wire_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    if (method == NULL) return NULL;
    BIO_meth_set_read_ex(method, countersign_wire_read);
    BIO_meth_set_write_ex(method, countersign_wire_write);
    BIO_meth_set_ctrl(method, countersign_wire_control);
    BIO_meth_set_create(method, countersign_wire_create);
    BIO_meth_set_destroy(method, countersign_wire_destroy);
    return method;
}

/// A BIO with an empty wire, which it owns; NULL when memory is short.
static inline BIO *countersign_new_wire(BIO_METHOD *method, struct countersign_wire **wire) {
    BIO *bio = BIO_new(method);
    if (bio == NULL) return NULL;
    *wire = (struct countersign_wire *)calloc(1, sizeof(struct countersign_wire));
    BIO_set_data(bio, *wire);
    if (*wire == NULL) {
        BIO_free(bio);
        return NULL;
    }
    return bio;
}

/// Protocols of a server in the order of its preference, each behind its length (RFC 7301).
struct countersign_protocols {
    unsigned int count;
    unsigned char list[];
};

static int countersign_choose_protocol(
    SSL *session, const unsigned char **chosen, unsigned char *chosen_count,
    const unsigned char *offered, unsigned int offered_count, void *argument
) {
    (void)session;
    const struct countersign_protocols *own = (const struct countersign_protocols *)argument;
    int result = SSL_select_next_proto(
        (unsigned char **)chosen, chosen_count, own->list, own->count, offered, offered_count);
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/// Lets a server choose by ALPN; the result must outlive the context, and is freed by the caller.
static inline struct countersign_protocols *countersign_set_protocols(
    SSL_CTX *context, const unsigned char *list, unsigned int count
) {
    struct countersign_protocols *own =
        (struct countersign_protocols *)malloc(sizeof(struct countersign_protocols) + count);
    if (own == NULL) return NULL;
    own->count = count;
    memcpy(own->list, list, count);
    SSL_CTX_set_alpn_select_cb(context, countersign_choose_protocol, own);
    return own;
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
