//! Time-based one-time passwords (RFC 6238: HMAC-SHA-1, 30 s, six digits), as code generators make them.

use sha1::{Digest, Sha1};

use crate::ids;

/// Seconds that a code is shown for.
const STEP: i64 = 30;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret in base32: 32 bytes, 52 characters, as Cognito's.
pub(super) fn secret() -> String {
    encode(&ids::bytes(32))
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut buffer) = (0, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(buffer >> bits) as usize & 31]));
        }
    }
    if bits > 0 {
        text.push(char::from(BASE32[(buffer << (5 - bits)) as usize & 31]));
    }
    text
}

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut buffer) = (0, 0_u32);
    for value in text
        .bytes()
        .filter_map(|c| BASE32.iter().position(|b| *b == c))
    {
        buffer = (buffer << 5) | u32::try_from(value).unwrap_or_default();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits).to_be_bytes()[3]);
        }
    }
    bytes
}

/// RFC 2104 over SHA-1: the `hmac` crate is of another generation than the `sha1` that the SDK brings along.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut block = [0; 64];
    block[..key.len().min(64)].copy_from_slice(&key[..key.len().min(64)]);
    let keyed = |pad: u8, message: &[u8]| {
        let mut hash = Sha1::new();
        hash.update(block.map(|b| b ^ pad));
        hash.update(message);
        hash.finalize()
    };
    keyed(0x5c, &keyed(0x36, message)).into()
}

fn code(key: &[u8], step: i64) -> String {
    let digest = hmac(key, &step.to_be_bytes());
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The step (30 s each, since the epoch) whose code this is: this one, or a neighbour, since clocks differ.
pub(super) fn step(secret: &str, given: &str, now_seconds: i64) -> Option<i64> {
    let (key, now) = (decode(secret), now_seconds / STEP);
    [now, now - 1, now + 1]
        .into_iter()
        .find(|step| code(&key, *step) == given)
}

/// What a generator shows.
#[cfg(test)]
pub(super) fn shown(secret: &str, now_seconds: i64) -> String {
    code(&decode(secret), now_seconds / STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B (the last six of its eight digits).
    #[test]
    fn codes_are_the_rfc_s() {
        let key = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(code(key, seconds / STEP), expected);
            assert_eq!(
                step(&encode(key), expected, seconds + STEP),
                Some(seconds / STEP)
            );
            assert_eq!(step(&encode(key), expected, seconds + 3 * STEP), None);
        }
        assert_eq!(decode(&secret()).len(), 32);
    }
}
