//! Time-based one-time passwords as a generator app makes them: RFC 6238 with HMAC-SHA-1, 30 s and six digits.

use sha1::{Digest, Sha1};

/// Seconds that a code is for.
const STEP_S: u64 = 30;

/// A generator's secret. Never shown, logged or kept.
pub(super) struct Generator(Vec<u8>);

impl Generator {
    /// From the secret in base32, as Cognito gives it. `None`: it is no base32.
    pub(super) fn new(base32: &str) -> Option<Self> {
        let (mut key, mut bits, mut buffer) = (Vec::new(), 0, 0_u32);
        for c in base32.bytes().filter(|c| !matches!(c, b'=' | b' ')) {
            let value = match c.to_ascii_uppercase() {
                c @ b'A'..=b'Z' => c - b'A',
                c @ b'2'..=b'7' => c - b'2' + 26,
                _ => return None,
            };
            buffer = (buffer << 5) | u32::from(value);
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                let [.., byte] = (buffer >> bits).to_be_bytes();
                key.push(byte);
            }
        }
        (!key.is_empty()).then_some(Self(key))
    }

    /// The code of a step, which are counted from the epoch.
    pub(super) fn code(&self, step: u64) -> String {
        let digest = hmac(&self.0, &step.to_be_bytes());
        let at = usize::from(digest[19] & 15);
        let mut number = [0; 4];
        number.copy_from_slice(&digest[at..at + 4]);
        let number = u32::from_be_bytes(number) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// The step of a time, in seconds since the epoch.
pub(super) fn step(seconds: u64) -> u64 {
    seconds / STEP_S
}

/// When a step begins, in seconds since the epoch.
pub(super) fn begins(step: u64) -> u64 {
    step * STEP_S
}

/// RFC 2104 over SHA-1, whose blocks have 64 bytes.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut block = [0; 64];
    if key.len() > 64 {
        block[..20].copy_from_slice(&Sha1::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha1::new()
        .chain_update(block.map(|b| b ^ 0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha1::new()
        .chain_update(block.map(|b| b ^ 0x5c))
        .chain_update(inner);
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of the eight digits. The key is `12345678901234567890`.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let generator = Generator::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").expect("base32");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(generator.code(step(seconds)), code, "{seconds}");
        }
        for bad in ["", "1", "ABC!"] {
            assert!(Generator::new(bad).is_none(), "{bad}");
        }
    }

    /// RFC 2202, cases 2 and 6.
    #[test]
    fn hmac_is_that_of_the_rfc() {
        let short = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            labfiles::hex(&short),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        let long = hmac(
            &[0xaa; 80],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(
            labfiles::hex(&long),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        );
    }
}
