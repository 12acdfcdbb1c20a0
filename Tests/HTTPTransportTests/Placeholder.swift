// Tests of HTTPTransport
