//! The built-in lab: the tutorial, as this project's own files have it.

/// Files of the built-in lab, by their path beside lab.yaml.
pub const FILES: &[(&str, &str)] = &[
    ("lab.yaml", include_str!("../../lab.yaml")),
    (
        "schema/lab.schema.json",
        include_str!("../../schema/lab.schema.json"),
    ),
    (
        "artifacts/hello/lambda_function.py",
        include_str!("../../artifacts/hello/lambda_function.py"),
    ),
];
