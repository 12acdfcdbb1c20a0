// Tests of Callbacks
