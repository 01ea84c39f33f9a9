//! Random identifiers in the shapes AWS uses.

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `n` bytes from the operating system.
pub(crate) fn bytes(n: usize) -> Vec<u8> {
    let mut buffer = vec![0; n];
    getrandom::fill(&mut buffer).expect("the operating system has random bytes");
    buffer
}

fn from(alphabet: &[u8], n: usize) -> String {
    // The bias of `%` is of no matter for identifiers.
    bytes(n)
        .iter()
        .map(|b| char::from(alphabet[usize::from(*b) % alphabet.len()]))
        .collect()
}

/// Lower-case letters and digits: REST API ids (10), resource ids (6), client ids (26).
pub(crate) fn lower(n: usize) -> String {
    from(LOWER, n)
}

/// Letters and digits: the part of a user pool id behind `_` (9).
pub(crate) fn mixed(n: usize) -> String {
    from(MIXED, n)
}

/// Upper-case base32: IAM's unique ids after their prefix (17).
pub(crate) fn upper(n: usize) -> String {
    from(UPPER, n)
}

/// Hexadecimal digits: parts of trace ids.
pub(crate) fn hex(n: usize) -> String {
    from(b"0123456789abcdef", n)
}

/// Decimal digits: one-time codes.
pub(crate) fn digits(n: usize) -> String {
    from(b"0123456789", n)
}

/// A random (version 4) UUID.
pub(crate) fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
