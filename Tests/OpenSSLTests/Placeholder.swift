// Tests of OpenSSL
