use std::io::{Cursor, Write};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Twin, folder, plain, zip};

async fn refused(code: String) -> (String, String) {
    let twin = Twin::new().await;
    let input = plain(json!({"Code": {"ZipFile": code}}));
    let refused = twin.refused("CreateFunction", input).await;
    let left = std::fs::read_dir(folder(&twin)).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is kept of what was refused");
    refused
}

#[tokio::test]
async fn what_is_no_zip_is_refused() {
    let whole = BASE64_STANDARD.decode(zip(&[("m.py", "x = 1\n")])).unwrap();
    let cut = BASE64_STANDARD.encode(&whole[..whole.len() / 2]);
    for code in ["bm8gemlw".to_owned(), cut] {
        let (kind, message) = refused(code).await;
        assert_eq!(kind, "InvalidParameterValueException");
        assert_eq!(
            message,
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        );
    }
    for code in [String::new(), zip(&[])] {
        let (_, message) = refused(code).await;
        assert_eq!(message, "Uploaded file must be a non-empty zip");
    }
}

#[tokio::test]
async fn no_file_leaves_the_folder() {
    for name in ["../out.py", "a/../../out.py"] {
        let (kind, _) = refused(zip(&[("m.py", ""), (name, "out")])).await;
        assert_eq!(kind, "InvalidParameterValueException", "{name}");
    }
    let mut links = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    links.add_symlink("out", "/tmp", options).unwrap();
    links.start_file("out/m.py", options).unwrap();
    links.write_all(b"out").unwrap();
    let code = BASE64_STANDARD.encode(links.finish().unwrap().into_inner());
    let (kind, message) = refused(code).await;
    assert_eq!(kind, "NotImplementedException");
    assert!(message.contains("links"), "{message}");
}

#[cfg(unix)]
#[tokio::test]
async fn code_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let twin = Twin::new().await;
    let code = zip(&[("m.py", "h = None\n"), ("sub/data.txt", "x")]);
    twin.function(json!({"Code": {"ZipFile": code}})).await;
    let mut seen = Vec::new();
    let mut folders = vec![folder(&twin)];
    while let Some(path) = folders.pop() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        seen.push(path.clone());
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            folders.extend(entries.map(|entry| entry.unwrap().path()));
        }
    }
    assert!(seen.iter().any(|path| path.ends_with("sub/data.txt")));
    assert!(
        seen.iter()
            .any(|path| path.extension().is_some_and(|e| e == "zip"))
    );
}
