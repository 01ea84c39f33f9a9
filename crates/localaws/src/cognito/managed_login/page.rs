//! The pages that people see: the forms of a sign-in, sign-out, errors.

use hyper::StatusCode;
use qrcodegen::{QrCode, QrCodeEcc};

use super::{
    Given, Site, authorize,
    frame::{escaped, framed},
    html, redirect,
    sign_in::{self, Asked, Step},
};
use crate::{app::App, cognito::password::PasswordPolicy, server::Response, wire::percent};

/// The page at `/login` or, with `forgot`, at `/forgotPassword`.
pub(super) fn first(app: &App, site: &Site, given: &Given, query: &str, forgot: bool) -> Response {
    let asked = app.read(|world| {
        let pool = site.place.get(world).ok()?;
        let client = pool.clients.get(given.get("client_id")?)?;
        Some(sign_in::begin(pool, client, given))
    });
    let begin = asked.filter(|_| !forgot);
    let asked = begin.unwrap_or_else(|| {
        Asked::begin(Step::Forgot {
            login: String::new(),
        })
    });
    show(app, site, given, query, &asked)
}

/// A page of a sign-in.
pub(super) fn show(app: &App, site: &Site, given: &Given, query: &str, asked: &Asked) -> Response {
    let checked = app.read(|world| match site.place.get(world) {
        Ok(pool) => authorize::wanted(pool, given),
        Err(_) => Err(authorize::Refusal::Here("invalid_request")),
    });
    let providers = match checked {
        Ok((client, _)) => client.settings.supported_identity_providers,
        Err(refusal) => return refusal.tell(site, given),
    };
    let page = Page {
        base: &site.base,
        query: escaped(query),
        inbox: app.inbox(),
        asked,
    };
    framed(StatusCode::OK, page.title(), &page.body(&providers))
}

/// One page, as HTML.
struct Page<'a> {
    base: &'a str,
    /// Of the request, escaped.
    query: String,
    /// The origin of the inbox's page.
    inbox: &'a str,
    asked: &'a Asked,
}

impl Page<'_> {
    fn title(&self) -> &'static str {
        match self.asked.step {
            Step::Begin { .. } | Step::Choose { .. } => "Sign in",
            Step::MailedCode { .. } | Step::Generated => "Enter your code",
            Step::SetUp { .. } => "Set up your authenticator app",
            Step::NewPassword { .. } => "Choose a new password",
            Step::Forgot { .. } => "Forgot your password?",
            Step::Reset { .. } => "Reset your password",
        }
    }

    fn body(&self, providers: &[String]) -> String {
        let Self {
            base, query, asked, ..
        } = self;
        let mut body = String::new();
        if !asked.login.is_empty() {
            let login = escaped(&asked.login);
            body.push_str(&format!("<p class=\"soft\">{login}</p>\n"));
        }
        if let Some(notice) = asked.notice {
            body.push_str(&format!("<p role=\"status\">{}</p>\n", escaped(notice)));
        }
        if let Some(alert) = &asked.alert {
            body.push_str(&format!("<p role=\"alert\">{}</p>\n", escaped(alert)));
        }
        let first = matches!(asked.step, Step::Begin { .. });
        let own = !first || providers.iter().any(|name| name == "COGNITO");
        if own {
            body.push_str(&self.form());
        }
        let others = providers.iter().filter(|name| first && *name != "COGNITO");
        for (n, name) in others.enumerate() {
            if n == 0 && own {
                body.push_str("<p class=\"or\">or</p>\n");
            }
            body.push_str(&format!(
                "<a class=\"other\" href=\"{base}/oauth2/authorize?{query}&amp;identity_provider={}\">Continue with {}</a>\n",
                percent::encode(name),
                escaped(name)
            ));
        }
        let links = match asked.step {
            Step::Begin { .. } if !own => String::new(),
            Step::Begin { .. } => {
                format!("<a href=\"{base}/forgotPassword?{query}\">Forgot your password?</a>")
            }
            _ => format!("<a href=\"{base}/login?{query}\">Start again</a>"),
        };
        if !links.is_empty() {
            body.push_str(&format!("<p class=\"links\">{links}</p>\n"));
        }
        body
    }

    fn mailed(&self, to: &str) -> String {
        format!(
            "<p>A code was mailed to {}. Mail of the local AWS is in <a href=\"{}/_local/\" target=\"_blank\" \
             rel=\"noreferrer\">its inbox</a>.</p>\n",
            escaped(to),
            escaped(self.inbox)
        )
    }

    fn form(&self) -> String {
        let Self {
            base, query, asked, ..
        } = self;
        let (path, fields) = match &asked.step {
            Step::Begin { login, choice } => ("login", begin(login, *choice)),
            Step::Choose { code, password } => ("login", choose(*code, *password)),
            Step::MailedCode { to } => (
                "login",
                format!("{}{}{}", self.mailed(to), code("Code"), button("Sign in")),
            ),
            Step::Generated => (
                "login",
                format!(
                    "{}{}",
                    code("Code of your authenticator app"),
                    button("Sign in")
                ),
            ),
            Step::SetUp { secret, issuer } => ("login", set_up(secret, issuer, &asked.login)),
            Step::NewPassword { missing, policy } => ("login", new_password(missing, policy)),
            Step::Forgot { login } => (
                "forgotPassword",
                format!(
                    "<p>A code is mailed to your address.</p>\n{}{}",
                    username(login),
                    button("Send the code")
                ),
            ),
            Step::Reset { policy } => (
                "login",
                format!(
                    "{}{}{}{}",
                    self.mailed("your address"),
                    code("Code"),
                    twice(policy),
                    button("Change the password")
                ),
            ),
        };
        // In the form, not in the address: what is in an address ends up in histories and logs.
        let session = if asked.session.is_empty() {
            String::new()
        } else {
            let session = escaped(&asked.session);
            format!("<input type=\"hidden\" name=\"session\" value=\"{session}\">\n")
        };
        format!(
            "<form method=\"post\" action=\"{base}/{path}?{query}\">\n{session}{fields}</form>\n"
        )
    }
}

fn button(text: &str) -> String {
    format!("<button>{text}</button>\n")
}

fn username(login: &str) -> String {
    let login = escaped(login);
    format!(
        "<label>Username <input name=\"username\" value=\"{login}\" autocomplete=\"username\" autocapitalize=\"none\" \
         spellcheck=\"false\" required autofocus></label>\n"
    )
}

fn password(required: bool) -> String {
    let required = if required { " required" } else { "" };
    format!(
        "<label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"{required}></label>\n"
    )
}

fn code(label: &str) -> String {
    format!(
        "<label>{label} <input name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\" required autofocus></label>\n"
    )
}

fn begin(login: &str, choice: bool) -> String {
    let username = username(login);
    if choice {
        return format!("{username}{}", button("Next"));
    }
    format!("{username}{}{}", password(true), button("Sign in"))
}

fn choose(code: bool, by_password: bool) -> String {
    let mut fields = String::new();
    if by_password {
        fields.push_str(&password(false));
        fields.push_str("<button name=\"answer\" value=\"PASSWORD\">Sign in</button>\n");
    }
    if code {
        let class = if by_password {
            fields.push_str("<p class=\"or\">or</p>\n");
            " class=\"other\""
        } else {
            ""
        };
        fields.push_str(&format!(
            "<button{class} name=\"answer\" value=\"EMAIL_OTP\">Mail me a code</button>\n"
        ));
    }
    fields
}

fn set_up(secret: &str, issuer: &str, login: &str) -> String {
    // The key URI that authenticator apps read.
    let uri = format!(
        "otpauth://totp/{}:{}?secret={secret}&issuer={}",
        percent::encode(issuer),
        percent::encode(login),
        percent::encode(issuer)
    );
    let qr = qr(&uri).unwrap_or_default();
    format!(
        "<p>Scan this with your authenticator app, or type the secret into it. Then enter the code that it shows.</p>\n{qr}\
         <p>Secret: <code id=\"secret\">{secret}</code></p>\n{}\
         <label>Name of the device (optional) <input name=\"device\" autocomplete=\"off\"></label>\n{}",
        code("Code"),
        button("Sign in")
    )
}

/// A QR code as SVG, with the quiet zone of four modules. `None`: the text is too long for one.
fn qr(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size();
    let mut path = String::new();
    for y in 0..side {
        for x in (0..side).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + 4, y + 4));
        }
    }
    let whole = side + 8;
    Some(format!(
        "<svg viewBox=\"0 0 {whole} {whole}\" role=\"img\" aria-label=\"QR code of the secret\">\
         <rect width=\"{whole}\" height=\"{whole}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>\n"
    ))
}

fn new_password(missing: &[String], policy: &PasswordPolicy) -> String {
    let mut fields = twice(policy);
    for name in missing {
        let name = escaped(name);
        fields.push_str(&format!(
            "<label>{name} <input name=\"userAttributes.{name}\" required></label>\n"
        ));
    }
    fields.push_str(&button("Sign in"));
    fields
}

fn twice(policy: &PasswordPolicy) -> String {
    let kinds = [
        (policy.require_uppercase, "a capital letter"),
        (policy.require_lowercase, "a small letter"),
        (policy.require_numbers, "a digit"),
        (policy.require_symbols, "a symbol"),
    ];
    let kinds: Vec<_> = kinds
        .iter()
        .filter_map(|(wanted, kind)| wanted.then_some(*kind))
        .collect();
    let mut rule = format!("At least {} characters", policy.minimum_length);
    if !kinds.is_empty() {
        rule.push_str(&format!(", with {}", kinds.join(", ")));
    }
    format!(
        "<label>New password <input name=\"new_password\" type=\"password\" autocomplete=\"new-password\" required></label>\n\
         <p class=\"soft\">{rule}.</p>\n\
         <label>The same again <input name=\"repeated\" type=\"password\" autocomplete=\"new-password\" required></label>\n"
    )
}

/// There are no sessions to end: only where it leads is looked at.
pub(super) fn log_out(app: &App, site: &Site, given: &Given, query: &str) -> Response {
    let client = given.get("client_id").map_or("", String::as_str);
    let known = app.read(|world| {
        let pool = site.place.get(world).ok()?;
        Some(pool.clients.get(client)?.settings.clone())
    });
    let Some(settings) = known else {
        return site.error("invalid_request", Some(client));
    };
    if let Some(to) = given.get("logout_uri") {
        if settings.logout_urls.contains(to) {
            return redirect(to);
        }
        return site.error("redirect_mismatch", Some(client));
    }
    match given.get("redirect_uri") {
        Some(uri) if settings.callback_urls.contains(uri) => {
            redirect(&format!("{}/login?{query}", site.base))
        }
        Some(_) => site.error("redirect_mismatch", Some(client)),
        None => site.error("invalid_request", Some(client)),
    }
}

pub(super) fn error(given: &Given) -> Response {
    let error = given.get("error").map_or("", String::as_str);
    html(
        StatusCode::BAD_REQUEST,
        &format!("An error was encountered with the requested page: {error}"),
    )
}
