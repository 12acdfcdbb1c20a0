// Tests of Fixtures
