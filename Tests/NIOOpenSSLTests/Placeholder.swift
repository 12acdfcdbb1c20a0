// Tests of NIOOpenSSL
