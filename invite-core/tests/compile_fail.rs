//! What must not compile. [incident 48]

#[test]
fn misuse_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/the_right_way.rs");
    cases.compile_fail("tests/ui/fail_*.rs");
}
