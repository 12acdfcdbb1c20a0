// Tests of Checks
