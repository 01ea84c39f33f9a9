use super::{
    super::forms::{LOOPBACK, is_loopback, is_plain_to},
    *,
};

#[test]
fn classes_are_read_as_regular_expressions_are() {
    for (class, good, bad) in [
        (r"A-Za-z0-9_\-", "AZaz09_-", " .\\é"),
        (r"!#-\[\]-~", "!#$A[]z~", " \"\\"),
        (" -~", " \"\\~", "\u{1f}\u{7f}é"),
        (r"A-Za-z0-9_ +=,.@\-", " +=,.@-", "*/\t\\"),
    ] {
        assert!(good.chars().all(|c| in_class(c, class)), "{class}");
        assert!(!bad.chars().any(|c| in_class(c, class)), "{class}");
    }
}

#[test]
fn addresses() {
    assert_eq!(
        valid_email(" Ada@Example.COM "),
        Ok("ada@example.com".to_owned())
    );
    let long = format!("{}@example.com", "a".repeat(117));
    for bad in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@localhost",
        "a@b@c.d",
        "a b@c.de",
        "ada@c..de",
        &long,
    ] {
        assert!(valid_email(bad).is_err(), "{bad}");
    }
}

fn takes<R: Ruled>(text: &str) -> bool {
    R::RULE.wrong(text, Place::default()).is_none()
}

#[test]
fn regions() {
    for good in ["us-east-1", "eu-central-1", "us-gov-west-1"] {
        assert!(takes::<Region>(good), "{good}");
    }
    for bad in [
        "",
        "us-east",
        "useast1",
        "US-EAST-1",
        "us-east-1a",
        "us_east_1",
        "us-gov-1",
        "us--1",
        "us-a-b-1",
        "us-east-é",
    ] {
        assert!(!takes::<Region>(bad), "{bad}");
    }
}

#[test]
fn handlers() {
    for good in ["a.b", "pkg.app.main", "src/index.handler"] {
        assert!(takes::<Handler>(good), "{good}");
    }
    let long = format!("{}.b", "a".repeat(127));
    for bad in [
        "", "a", ".b", "a.", "a..b", "/a.b", "../a.b", "a/./b.c", "a b.c", "a.b/c", &long,
    ] {
        assert!(!takes::<Handler>(bad), "{bad}");
    }
}

#[test]
fn variables() {
    for good in ["AB", "a_1", "TZ", "PATH"] {
        assert!(takes::<Variable>(good), "{good}");
    }
    for bad in ["", "A", "_HANDLER", "1A", "A-B", "AÉ", "AWS_REGION"] {
        assert!(!takes::<Variable>(bad), "{bad}");
    }
}

#[test]
fn policies() {
    for good in [
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws-cn:iam::123456789012:policy/a/b",
    ] {
        assert!(takes::<PolicyArn>(good), "{good}");
    }
    for bad in [
        "",
        "ReadOnlyAccess",
        "arn:aws:iam::aws:policy/",
        "arn:aws:iam::12:policy/a",
        "arn:aws:iam::aws:role/a",
        "arn:aws:s3:::b",
    ] {
        assert!(!takes::<PolicyArn>(bad), "{bad}");
    }
}

#[test]
fn names_of_labs_and_stages() {
    for (good, text) in [
        (true, "a-1"),
        (false, ""),
        (false, "-a"),
        (false, "A"),
        (false, "local"),
        (false, &"a".repeat(33)),
    ] {
        assert_eq!(takes::<LabName>(text), good, "{text}");
    }
    for (good, text) in [
        (true, "v1_dev"),
        (false, ""),
        (false, "a b"),
        (false, "test-invoke-stage"),
        (false, &"a".repeat(129)),
    ] {
        assert_eq!(takes::<StageName>(text), good, "{text}");
    }
}

#[test]
fn this_machine_is_told_from_look_alikes() {
    for here in [
        "http://localhost",
        "http://localhost:3000/done?x=1",
        "https://localhost/",
        "http://127.0.0.1:9",
    ] {
        assert!(is_loopback(here), "{here}");
    }
    for elsewhere in [
        "http://localhost.evil.example/",
        "http://localhost:80@evil.example/",
        "http://localhost@evil.example",
        "http://localhost:80\\@evil.example",
        "http://evil.example/localhost",
        "http://evil.example?localhost",
        "localhost://evil.example",
        "myapp://localhost",
        "http://127.0.0.1.evil.example",
        "",
    ] {
        assert!(!is_loopback(elsewhere), "{elsewhere}");
        assert!(!is_plain_to(elsewhere, LOOPBACK), "{elsewhere} without TLS");
    }
}
