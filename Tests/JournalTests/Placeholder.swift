// Tests of Journal
