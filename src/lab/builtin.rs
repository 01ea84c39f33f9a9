//! The ready labs, as this project's own files have them: the program alone is enough.

/// A ready lab.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// Its name, as lab.yaml says it.
    pub name: &'static str,
    /// What it teaches, in a line.
    pub about: &'static str,
    /// Files beside lab.yaml, by their path.
    files: &'static [(&'static str, &'static str)],
}

/// What lab.yaml's first line names, for editors.
const SCHEMA: (&str, &str) = (
    "schema/lab.schema.json",
    include_str!("../../schema/lab.schema.json"),
);

/// Keeps what labctl writes beside lab.yaml out of a repository.
const IGNORE: (&str, &str) = (".gitignore", ".labctl/\n");

/// Files of a lab under `labs/`.
macro_rules! lab {
    ($name:literal, $about:literal, [$($file:literal),* $(,)?]) => {
        Ready {
            name: $name,
            about: $about,
            files: &[$(($file, include_str!(concat!("../../labs/", $name, "/", $file)))),*],
        }
    };
}

/// All ready labs; the first is the tutorial.
pub const LABS: &[Ready] = &[
    Ready {
        name: "cognito-authorizer",
        about: "the tutorial: an API that wants an access token, sign-in by e-mail code",
        files: &[
            ("lab.yaml", include_str!("../../lab.yaml")),
            ("README.md", include_str!("../../docs/tutorial.md")),
            (
                "artifacts/hello/lambda_function.py",
                include_str!("../../artifacts/hello/lambda_function.py"),
            ),
        ],
    },
    lab!(
        "lambda-authorizer",
        "a function of yours decides who may call what, and its answer is kept",
        [
            "lab.yaml",
            "README.md",
            "artifacts/hello/lambda_function.py",
            "artifacts/guard/guard.py",
        ]
    ),
    lab!(
        "iam-authorizer",
        "callers sign with AWS keys; one e-mail code leads to such keys",
        [
            "lab.yaml",
            "README.md",
            "artifacts/hello/lambda_function.py",
        ]
    ),
    lab!(
        "refresh-rotation",
        "a single-page app that stays signed in, with refresh tokens that are used once",
        [
            "lab.yaml",
            "README.md",
            "artifacts/hello/lambda_function.py",
        ]
    ),
    lab!(
        "cloudfront-edge",
        "the API answers through CloudFront, and to nobody who goes around it",
        [
            "lab.yaml",
            "README.md",
            "artifacts/hello/lambda_function.py",
        ]
    ),
    lab!(
        "user-pool-choices",
        "a generator's code after the password, a sign-in page, users of other providers",
        [
            "lab.yaml",
            "README.md",
            "artifacts/hello/lambda_function.py",
            "artifacts/provider/provider.py",
            "artifacts/provider/metadata.xml",
            "artifacts/client/sign_in.py",
        ]
    ),
    lab!(
        "all-authorizers",
        "one API, every way to say who may call it, chosen per route",
        [
            "lab.yaml",
            "README.md",
            "artifacts/hello/lambda_function.py",
            "artifacts/guard/guard.py",
            "artifacts/gate/gate.py",
        ]
    ),
];

impl Ready {
    /// What to write into a folder: each file's path there, and its text.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        let local = |text: &str| text.replacen("$schema=../../schema/", "$schema=schema/", 1);
        let files = self.files.iter().map(|(path, text)| (*path, local(text)));
        let shared = [SCHEMA, IGNORE].map(|(path, text)| (path, text.to_owned()));
        files.chain(shared).collect()
    }
}

/// The ready lab of this name.
pub fn ready(name: &str) -> Option<Ready> {
    LABS.iter().find(|lab| lab.name == name).copied()
}
