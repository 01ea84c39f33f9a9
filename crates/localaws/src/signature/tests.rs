//! Signatures that botocore's `SigV4Auth` and `SigV4QueryAuth` made, at one time and with one secret.

use hyper::body::Bytes;

use super::*;

/// 2026-01-01T12:00:00Z
const NOW: i64 = 1_767_268_800_000;
const AT: &str = "20260101T120000Z";
const HOST: &str = "127.0.0.1:4588";
const DEMO: &str = "/_api/abc/dev/demo";
const PRESIGNED: &str = "/_api/abc/dev/demo?x=1&X-Amz-Algorithm=AWS4-HMAC-SHA256\
    &X-Amz-Credential=000000000000%2F20260101%2Fus-east-1%2Fexecute-api%2Faws4_request\
    &X-Amz-Date=20260101T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host\
    &X-Amz-Signature=988d5e9c7e150f6d63bcdd22db5a3c399079022778ed3d266b10e3dec3ae0605";

fn authorization(headers: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/execute-api/aws4_request, \
         SignedHeaders={headers}, Signature={signature}"
    )
}

fn good() -> String {
    let signature = "443d3875669137b170f894e617f6ce2553d64ceb53abbdf23ec92f85879e4046";
    authorization("host;x-amz-date", signature)
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: &'static str) -> Request {
    let mut request = hyper::Request::builder().method(method).uri(uri);
    for (name, value) in [("host", HOST)].iter().chain(headers) {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body)).expect("well-formed")
}

/// `ok`, `not signed`, or the fault as `kind: message`.
fn seen_at(request: &Request, secret: &str, region: &str, now_ms: i64) -> String {
    let signed = match Signed::of(request) {
        Ok(Some(signed)) => signed,
        Ok(None) => return "not signed".to_owned(),
        Err(fault) => return format!("{}: {}", fault.kind, fault.message),
    };
    match signed.verify(request, secret, (region, "execute-api"), now_ms) {
        Ok(()) => "ok".to_owned(),
        Err(fault) => format!("{}: {}", fault.kind, fault.message),
    }
}

fn seen(request: &Request) -> String {
    seen_at(request, "local", "us-east-1", NOW)
}

fn get(authorization: &str) -> Request {
    let headers = [("authorization", authorization), ("x-amz-date", AT)];
    request("GET", DEMO, &headers, "")
}

#[test]
fn what_botocore_signs_is_right() {
    assert_eq!(seen(&get(&good())), "ok");
    let signature = "1abb04c8af125cd297e90b71c8fb79cbb3809b754b541551d6cb402acdaa8d09";
    let posted = authorization("host;x-amz-date;x-amz-meta", signature);
    let post = |body: &'static str, meta: &str| {
        let headers = [
            ("authorization", posted.as_str()),
            ("x-amz-date", AT),
            ("x-amz-meta", meta),
        ];
        let uri = "/_api/abc/dev/a%2Fb%20c//x/?b=2&a=%20%2F&a=1";
        request("POST", uri, &headers, body)
    };
    assert_eq!(seen(&post("body", "  a   b ")), "ok");
    let wrong = "InvalidSignatureException: The request signature we calculated";
    assert!(seen(&post("bodx", "a b")).starts_with(wrong));
    assert!(seen(&post("body", "a c")).starts_with(wrong));
    let signature = "a3816c8ace2e49de599f91367947657c5e0533a18b4ea56e002f3b48287dc7da";
    let with_token = authorization("host;x-amz-date;x-amz-security-token", signature);
    let headers = [
        ("authorization", with_token.as_str()),
        ("x-amz-date", AT),
        ("x-amz-security-token", "tok"),
    ];
    let temporary = request("GET", DEMO, &headers, "");
    assert_eq!(seen(&temporary), "ok");
    let token = Signed::of(&temporary).map(|signed| signed.and_then(|signed| signed.token));
    assert_eq!(token, Ok(Some("tok".to_owned())));
}

#[test]
fn a_presigned_url_is_good_for_its_time() {
    let presigned = request("GET", PRESIGNED, &[], "");
    assert_eq!(seen(&presigned), "ok");
    assert_eq!(
        seen_at(&presigned, "local", "us-east-1", NOW + 60_000),
        "ok"
    );
    assert_eq!(
        seen_at(&presigned, "local", "us-east-1", NOW + 61_000),
        "InvalidSignatureException: Signature expired: 20260101T120100Z is now earlier than 20260101T120101Z"
    );
    let longer = PRESIGNED.replace("Expires=60", "Expires=600");
    let longer = request("GET", &longer, &[], "");
    assert!(seen(&longer).contains("we calculated does not match"));
    for (from, to) in [
        ("Expires=60", "Expires=604801"),
        ("Expires=60", "Expires=-1"),
        ("Expires=60", "Expires=x"),
    ] {
        let url = PRESIGNED.replace(from, to);
        let seen = seen(&request("GET", &url, &[], ""));
        assert!(
            seen.starts_with("InvalidSignatureException: X-Amz-Expires"),
            "{to}: {seen}"
        );
    }
    for name in [
        "Credential",
        "SignedHeaders",
        "Signature",
        "Date",
        "Expires",
    ] {
        let url = PRESIGNED.replace(&format!("X-Amz-{name}="), "other=");
        let told = format!(
            "IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-{name}'."
        );
        assert_eq!(seen(&request("GET", &url, &[], "")), told);
    }
}

#[test]
fn a_signature_is_for_one_request_and_one_time() {
    let good = good();
    let mismatch = |request: &Request, secret: &str| {
        let seen = seen_at(request, secret, "us-east-1", NOW);
        assert!(seen.contains("we calculated does not match"), "{seen}");
        seen
    };
    let told = mismatch(&get(&good), "other");
    assert!(
        told.contains("'GET\n/_api/abc/dev/demo\n\nhost:127.0.0.1:4588\nx-amz-date:20260101T120000Z\n\nhost;x-amz-date\n"),
        "{told}"
    );
    assert!(told.contains(
        "'AWS4-HMAC-SHA256\n20260101T120000Z\n20260101/us-east-1/execute-api/aws4_request\n"
    ));
    let headers = [("authorization", good.as_str()), ("x-amz-date", AT)];
    mismatch(&request("PUT", DEMO, &headers, ""), "local");
    mismatch(
        &request("GET", "/_api/abc/dev/other", &headers, ""),
        "local",
    );
    mismatch(
        &request("GET", "/_api/abc/dev/demo?x", &headers, ""),
        "local",
    );
    mismatch(&request("GET", DEMO, &headers, "body"), "local");
    for signature in ["", "44", "zz", &"0".repeat(64)] {
        mismatch(&get(&authorization("host;x-amz-date", signature)), "local");
    }

    let minutes = |n: i64| seen_at(&get(&good), "local", "us-east-1", NOW + n * 60_000);
    assert_eq!([minutes(5), minutes(-5)], ["ok", "ok"]);
    assert_eq!(
        minutes(6),
        "InvalidSignatureException: Signature expired: 20260101T120000Z is now earlier than \
         20260101T120100Z (20260101T120600Z - 5 min.)"
    );
    assert_eq!(
        minutes(-6),
        "InvalidSignatureException: Signature not yet current: 20260101T120000Z is still later than \
         20260101T115900Z (20260101T115400Z + 5 min.)"
    );
}

#[test]
fn what_is_signed_for_something_else_is_told() {
    let good = good();
    for (from, to, told) in [
        (
            "us-east-1",
            "eu-west-1",
            "Invalid: Credential should be scoped to a valid region, not 'eu-west-1'. ",
        ),
        (
            "execute-api",
            "apigateway",
            "Invalid: Credential should be scoped to correct service: 'execute-api'. ",
        ),
        (
            "20260101",
            "20260102",
            "Invalid: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '20260102' != '20260101', from '20260101T120000Z'.",
        ),
        (
            "=host;",
            "=",
            "Invalid: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            "/aws4_request",
            "",
            "Incomplete: Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got '000000000000/20260101/us-east-1/execute-api'",
        ),
    ] {
        let seen = seen(&get(&good.replace(from, to)));
        assert_eq!(seen.replace("SignatureException", ""), told, "{to}");
    }
}

#[test]
fn what_is_no_signature_is_told() {
    assert_eq!(seen(&request("GET", DEMO, &[], "")), "not signed");
    assert_eq!(
        seen(&request("GET", "/_api/abc/dev/demo?a=%zz", &[], "")),
        "not signed"
    );
    // base64 of SHA-256, as openssl has it.
    assert_eq!(
        seen(&get("Bearer abc")),
        "IncompleteSignatureException: Invalid key=value pair (missing equal-sign) in Authorization header \
         (hashed with SHA-256 and encoded with Base64): 'HASH'."
            .replace("HASH", "w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY=")
    );
    let basic = seen(&request("GET", DEMO, &[("authorization", "Basic a=")], ""));
    assert!(
        basic.starts_with(
            "IncompleteSignatureException: Authorization header requires 'Credential' parameter. \
             Authorization header requires 'Signature' parameter. Authorization header requires \
             'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' \
             or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization="
        ),
        "{basic}"
    );
    let good = good();
    let undated = request("GET", DEMO, &[("authorization", &good)], "");
    assert!(seen(&undated).contains("existence of either"));
    for bad in [
        "yesterday",
        "20261301T120000Z",
        "20260101T120000",
        "99990101T000000Z",
    ] {
        let headers = [("authorization", good.as_str()), ("x-amz-date", bad)];
        let seen = seen(&request("GET", DEMO, &headers, ""));
        assert!(seen.contains("Date must be in ISO-8601"), "{bad}: {seen}");
    }
}
