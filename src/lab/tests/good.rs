//! What good files become.

use std::{collections::BTreeMap, error::Error, path::Path};

use super::HERE;
use crate::lab::{
    Api, AppClient, Authorizer, Caller, Cors, Factor, Function, Guard, IdentityPool,
    IdentityProvider, Judge, Lab, Metadata, Mfa, Provider, Route, Source, User, UserPool, load,
    parse,
};

fn good(name: &str) -> Result<Lab, Box<dyn Error>> {
    Ok(load(&Path::new(HERE).join("good").join(name))?)
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn by_pool(header: &str, ttl_s: i32) -> Authorizer {
    let header = header.to_owned();
    Authorizer {
        judge: Judge::Pool { header },
        ttl_s,
    }
}

#[test]
fn the_built_in_lab_is_the_tutorial() -> Result<(), Box<dyn Error>> {
    let function = Function {
        name: "d-lambda-nonvpc-cmp-demo-function".to_owned(),
        runtime: "python3.13".to_owned(),
        architecture: "x86_64".to_owned(),
        handler: "lambda_function.lambda_handler".to_owned(),
        source: "./artifacts/hello".into(),
        memory_mb: 128,
        timeout_s: 3,
        environment: BTreeMap::new(),
        log_retention_days: 7,
        role: "d-lambda-nonvpc-cmp-demo-function-role".to_owned(),
        managed_policies: Vec::new(),
    };
    let app_client = AppClient {
        name: "d-cognito-spa-app".to_owned(),
        session_minutes: 10,
        access_token_minutes: 60,
        id_token_minutes: 60,
        refresh_token_days: 30,
        rotation_grace_s: None,
        callback_urls: Vec::new(),
        logout_urls: Vec::new(),
        scopes: texts(&[
            "openid",
            "email",
            "profile",
            "aws.cognito.signin.user.admin",
        ]),
    };
    let route = Route {
        method: "GET".to_owned(),
        path: "/demo".to_owned(),
        function: "hello".to_owned(),
        guard: Guard::Pool {
            authorizer: "d-authorizer-user-pool-demo".to_owned(),
            header: "Authorization".to_owned(),
        },
        scopes: vec!["aws.cognito.signin.user.admin".to_owned()],
        allow: Vec::new(),
        deny: Vec::new(),
        expect: Some("Hello from Lambda!".to_owned()),
    };
    let authorizer = by_pool("Authorization", 300);
    let want = Lab {
        name: "cognito-authorizer".to_owned(),
        region: "us-east-1".to_owned(),
        owner: None,
        suffix: None,
        functions: BTreeMap::from([("hello".to_owned(), function)]),
        user_pool: Some(UserPool {
            name: "d-user-pool-demo".to_owned(),
            first_factors: vec![Factor::Password, Factor::EmailOtp],
            mfa: None,
            domain: None,
            identity_providers: BTreeMap::new(),
            app_client,
            users: vec![User {
                email: "student@example.com".to_owned(),
                password_env: None,
            }],
        }),
        identity_pool: None,
        callers: BTreeMap::new(),
        edge: None,
        api: Some(Api {
            name: "d-apigw-cmp-demo".to_owned(),
            authorizers: BTreeMap::from([("d-authorizer-user-pool-demo".to_owned(), authorizer)]),
            cors: None,
            routes: vec![route],
            stage: "dev".to_owned(),
        }),
        dir: ".".into(),
        warnings: Vec::new(),
    };
    assert_eq!(load(Path::new("lab.yaml"))?, want);
    Ok(())
}

#[test]
fn every_ready_lab_is_a_whole_lab() -> Result<(), Box<dyn Error>> {
    for ready in crate::lab::builtin::LABS {
        let folder = tempfile::tempdir()?;
        for (name, text) in ready.files() {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().ok_or("no parent")?)?;
            std::fs::write(path, text)?;
        }
        let path = folder.path().join("lab.yaml");
        assert_eq!(load(&path)?.name, ready.name);
        let text = std::fs::read_to_string(path)?;
        let first = text.lines().next().unwrap_or_default();
        let schema = first
            .strip_prefix("# yaml-language-server: $schema=")
            .ok_or("no schema named")?;
        assert!(folder.path().join(schema).is_file(), "{}", ready.name);
    }
    Ok(())
}

/// All files below a folder, by their path there.
fn below(folder: &Path, at: &str, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{at}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            below(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}

#[test]
fn the_labs_folder_is_in_the_program_as_a_whole() -> Result<(), Box<dyn Error>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir("labs")? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let ready = crate::lab::builtin::ready(&name).ok_or(format!("{name} is not built in"))?;
        let mut there = Vec::new();
        below(&entry.path(), "", &mut there)?;
        there.extend(["schema/lab.schema.json", ".gitignore"].map(str::to_owned));
        there.sort();
        let mut known: Vec<_> = ready.files().iter().map(|(p, _)| (*p).to_owned()).collect();
        known.sort();
        assert_eq!(known, there, "{name}");
        assert_eq!(load(&entry.path().join("lab.yaml"))?.name, name);
        folders.push(name);
    }
    assert_eq!(folders.len() + 1, crate::lab::builtin::LABS.len());
    Ok(())
}

#[test]
fn every_key_is_read() -> Result<(), Box<dyn Error>> {
    let lab = good("full.yaml")?;
    assert_eq!(
        (lab.name.as_str(), lab.region.as_str()),
        ("full-lab-2", "us-gov-west-1")
    );
    let hello = &lab.functions["hello"];
    assert_eq!(
        (hello.memory_mb, hello.timeout_s, hello.log_retention_days),
        (256, 20, 30)
    );
    assert_eq!(
        (hello.role.as_str(), hello.architecture.as_str()),
        ("d-hello@lab", "arm64")
    );
    let variables: Vec<_> = hello
        .environment
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        variables,
        [
            ("EMPTY", ""),
            ("GREETING", "Hello"),
            ("PORT_NUMBER", "8080")
        ]
    );
    assert_eq!(hello.managed_policies.len(), 2);
    assert_eq!(
        lab.functions["inner"].source,
        Path::new(HERE).join("good/artifacts/hello")
    );
    assert_eq!(lab.functions["node"].runtime, "nodejs22.x");
    let pool = lab.user_pool.ok_or("no pool")?;
    assert_eq!(pool.first_factors, [Factor::Password]);
    assert_eq!(pool.mfa, Some(Mfa::Optional));
    assert_eq!(pool.domain.as_deref(), Some("d-full-4711"));
    let provider = |name: &str| pool.identity_providers[name].clone();
    let oidc = |issuer: &str, id: &str, secret: &str, scopes: &[&str]| Provider::Oidc {
        issuer: issuer.to_owned(),
        client_id: id.to_owned(),
        client_secret_env: secret.to_owned(),
        scopes: texts(scopes),
    };
    let claims = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = |(a, c): &(&str, &str)| ((*a).to_owned(), (*c).to_owned());
        all.iter().map(owned).collect()
    };
    let issuer = "https://idp.example.com/tenant";
    let corporate = IdentityProvider {
        provider: oidc(
            issuer,
            "0oa1b2c3",
            "CORPORATE_SECRET",
            &["openid", "groups"],
        ),
        attributes: claims(&[("email", "mail"), ("name", "display_name")]),
    };
    assert_eq!(provider("Corporate"), corporate);
    let issuer = "http://127.0.0.1:8010";
    let local = IdentityProvider {
        provider: oidc(issuer, "x", "LOCAL_SECRET", &["openid", "email"]),
        attributes: claims(&[("email", "email")]),
    };
    assert_eq!(provider("Local-1"), local);
    let url = "https://saml.example.com/metadata".to_owned();
    let xml = std::fs::read_to_string(Path::new(HERE).join("good/artifacts/metadata.xml"))?;
    for (name, metadata) in [
        ("Campus", Metadata::Url(url)),
        ("Filed", Metadata::File(xml)),
    ] {
        let saml = IdentityProvider {
            provider: Provider::Saml { metadata },
            attributes: BTreeMap::new(),
        };
        assert_eq!(provider(name), saml);
    }
    let client = &pool.app_client;
    let lives = (
        client.session_minutes,
        client.access_token_minutes,
        client.id_token_minutes,
        client.refresh_token_days,
    );
    assert_eq!(lives, (15, 30, 20, 2));
    assert_eq!(client.rotation_grace_s, Some(10));
    let callbacks = [
        "https://app.example.com/back",
        "http://localhost:8000/",
        "myapp://back",
    ];
    assert_eq!(client.callback_urls, callbacks);
    assert_eq!(client.logout_urls, ["https://app.example.com/bye"]);
    assert_eq!(client.scopes, ["openid", "email"]);
    let passwords: Vec<_> = pool
        .users
        .iter()
        .map(|u| u.password_env.as_deref())
        .collect();
    assert_eq!(passwords, [Some("ADA_PASSWORD"), Some("GRACE_PASSWORD")]);
    let users: Vec<_> = pool.users.iter().map(|u| u.email.as_str()).collect();
    assert_eq!(users, ["ada@example.com", "grace+lab@example.org"]);
    let api = lab.api.ok_or("no API")?;
    assert_eq!(api.authorizers["pool-a"], by_pool("X-Token", 0));
    assert_eq!(api.authorizers["pool-b"], by_pool("Authorization", 300));
    let guard = Authorizer {
        judge: Judge::Token {
            function: "node".to_owned(),
            header: "X-Guard".to_owned(),
            validation: Some("^Bearer [a-z]+$".to_owned()),
        },
        ttl_s: 60,
    };
    assert_eq!(api.authorizers["guard"], guard);
    let gate = Authorizer {
        judge: Judge::Request {
            function: "node".to_owned(),
            sources: vec![
                Source::Header("X-Key".to_owned()),
                Source::Query("team".to_owned()),
            ],
        },
        ttl_s: 300,
    };
    assert_eq!(api.authorizers["gate"], gate);
    let cors = Cors {
        origin: "https://app.example.com".to_owned(),
        headers: vec!["Content-Type".to_owned(), "X-Token".to_owned()],
        max_age_s: 60,
    };
    assert_eq!(api.cors, Some(cors));
    let caller = |role: &str, routes: &[&str]| Caller {
        role: role.to_owned(),
        routes: routes.iter().map(|r| (*r).to_owned()).collect(),
    };
    let (put, patch) = ("PUT /items/{id}", "PATCH /items/{id}");
    let callers = BTreeMap::from([
        ("reporter".to_owned(), caller("d-reporter", &[put])),
        ("operator".to_owned(), caller("d-operator", &[put, patch])),
    ]);
    assert_eq!(lab.callers, callers);
    let identity_pool = IdentityPool {
        name: "d identity pool".to_owned(),
        caller: caller("d-users", &[put]),
    };
    assert_eq!(lab.identity_pool, Some(identity_pool));
    let routes: Vec<_> = api
        .routes
        .iter()
        .map(|r| (r.method.as_str(), r.path.as_str(), r.guard.clone()))
        .collect();
    let pool = |name: &str, header: &str| Guard::Pool {
        authorizer: name.to_owned(),
        header: header.to_owned(),
    };
    let function = |name: &str, sources: &[Source]| Guard::Function {
        authorizer: name.to_owned(),
        sources: sources.to_vec(),
    };
    let guard = Source::Header("X-Guard".to_owned());
    let gate = [
        Source::Header("X-Key".to_owned()),
        Source::Query("team".to_owned()),
    ];
    let want = [
        ("GET", "/", Guard::Open),
        ("GET", "/items/{id}", pool("pool-a", "X-Token")),
        (
            "ANY",
            "/items/{id}/{rest+}",
            pool("pool-b", "Authorization"),
        ),
        ("DELETE", "/items/{id}", pool("pool-a", "X-Token")),
        ("PUT", "/items/{id}", Guard::Iam),
        ("PATCH", "/items/{id}", Guard::Iam),
        ("GET", "/guarded", function("guard", &[guard])),
        ("GET", "/gated", function("gate", &gate)),
    ];
    assert_eq!(routes, want);
    assert_eq!(
        api.routes[1].scopes,
        ["aws.cognito.signin.user.admin", "orders/read"]
    );
    let (allow, deny) = (&api.routes[7].allow, &api.routes[7].deny);
    assert_eq!(
        (&allow[..], &deny[..]),
        (
            &["ada", "red"].map(str::to_owned)[..],
            &["ada", "blue"].map(str::to_owned)[..]
        )
    );
    assert_eq!(api.routes[1].expect.as_deref(), Some("line 1\nline 2"));
    Ok(())
}

#[test]
fn a_lab_may_be_a_function_alone() -> Result<(), Box<dyn Error>> {
    let lab = good("small.yaml")?;
    assert_eq!(
        (lab.functions.len(), lab.user_pool, lab.api),
        (1, None, None)
    );
    Ok(())
}

#[test]
fn yaml_is_read_as_yaml() -> Result<(), Box<dyn Error>> {
    let lab = good("yaml.yaml")?;
    let (one, two) = (&lab.functions["one"], &lab.functions["two"]);
    assert_eq!(
        (two.name.as_str(), two.role.as_str(), two.runtime.as_str()),
        ("two", "two-role", "python3.13")
    );
    assert_eq!(
        (
            one.environment["TEXT"].as_str(),
            one.environment["FOLDED"].as_str()
        ),
        ("several\nlines\n", "one line")
    );
    assert_eq!(
        (
            two.environment["TEXT"].as_str(),
            two.environment["ON"].as_str()
        ),
        ("other", "yes")
    );
    assert_eq!(one.environment["WORD"], "no");
    assert_eq!(lab.user_pool.ok_or("no pool")?.users, []);
    Ok(())
}

#[test]
fn line_ends_and_a_mark_change_nothing() -> Result<(), Box<dyn Error>> {
    let path = Path::new(HERE).join("good/yaml.yaml");
    let text = std::fs::read_to_string(&path)?;
    let want = load(&path)?;
    for other in [
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
        format!("\u{feff}{text}"),
    ] {
        assert_eq!(parse(&other, &path)?, want);
    }
    Ok(())
}
