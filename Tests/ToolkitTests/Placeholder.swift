// Tests of Toolkit
