//! The rules of a lab: every field, then what the fields say of each other.

use std::{collections::BTreeMap, path::Path};

use super::{
    AppClient, Factor, Function, Lab, User, UserPool, api, code,
    problem::Problem,
    rules::{self, Name},
    walk::{Fields, Notes, Text, closest, list, map, text},
    yaml::{Key, Node, Value},
};

/// The lab of a file's tree, or all that is wrong with it. `dir` is the file's folder.
pub(super) fn lab(tree: &Node, dir: &Path) -> Result<Lab, Vec<Problem>> {
    let notes = Notes::default();
    let lab = read(tree, dir, &notes);
    let problems = notes.all();
    match lab {
        Some(lab) if problems.is_empty() => Ok(lab),
        _ => Err(problems),
    }
}

fn read(tree: &Node, dir: &Path, notes: &Notes) -> Option<Lab> {
    let file = Fields::of(tree, "a lab", &["lab", "region", "functions", "user_pool", "api"], notes)?;
    let name = file.need_text("lab");
    if let Some(name) = &name {
        check_name(name, "lab", &rules::LAB, notes);
        if name.value.starts_with('-') {
            notes.add(Problem::at(&name.at, "`lab` begins with a letter or digit"));
        }
    }
    let region = file.need_text("region");
    if let Some(region) = region.as_ref().filter(|r| !rules::is_region(&r.value)) {
        notes.add(Problem::at(&region.at, format!("`{}` is not a region", region.value)).hint("like us-east-1"));
    }
    let functions = file.need("functions").map(|node| functions(node, dir, notes)).unwrap_or_default();
    let user_pool = file.get("user_pool").and_then(|node| user_pool(node, notes));
    let api_node = file.get("api");
    let api = api_node.and_then(|node| {
        api::read(node, &functions, file.get("user_pool").is_some(), notes)
    });
    Some(Lab {
        name: name?.value,
        region: region?.value,
        functions: functions.into_iter().filter_map(|(id, f)| Some((id, f?))).collect(),
        user_pool,
        api,
        dir: dir.to_owned(),
    })
}

/// Notes what is wrong with a name.
pub(super) fn check_name(text: &Text, field: &str, rule: &Name, notes: &Notes) {
    if let Some(problem) = rule.problem(&text.value) {
        notes.add(Problem::at(&text.at, format!("`{field}`: {problem}")));
    }
}

/// Notes a word that is not one of `known`, with the nearest.
pub(super) fn check_word(word: &Text, field: &str, known: &[&str], notes: &Notes) {
    if known.contains(&word.value.as_str()) {
        return;
    }
    let problem = Problem::at(&word.at, format!("`{field}` cannot be `{}`", word.value));
    notes.add(match closest(&word.value, known) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!("one of: {}", known.join(", "))),
    });
}

/// Functions by id; `None` for those with problems, so that routes may still name them.
fn functions(node: &Node, dir: &Path, notes: &Notes) -> BTreeMap<String, Option<Function>> {
    let entries = map(node, "`functions`", notes).unwrap_or_default();
    if entries.is_empty() && matches!(node.value, Value::Map(_)) {
        notes.add(Problem::at(&node.at, "`functions` has no function"));
    }
    let mut functions: BTreeMap<String, Option<Function>> = BTreeMap::new();
    for (id, node) in entries {
        check_key(id, "the id of a function", &rules::FUNCTION, notes);
        let function = function(&id.text, node, dir, notes);
        let twin = function.as_ref().and_then(|f| {
            functions.values().flatten().find(|other| other.name == f.name || other.role.eq_ignore_ascii_case(&f.role))
        });
        if let (Some(twin), Some(f)) = (twin, &function) {
            let what = if twin.name == f.name { "name" } else { "role" };
            notes.add(Problem::at(&id.at, format!("function `{}` has the same {what} as another", id.text)));
        }
        functions.insert(id.text.clone(), function);
    }
    functions
}

pub(super) fn check_key(key: &Key, field: &str, rule: &Name, notes: &Notes) {
    if let Some(problem) = rule.problem(&key.text) {
        notes.add(Problem::at(&key.at, format!("{field}: {problem}")));
    }
}

const FUNCTION_FIELDS: &[&str] = &[
    "name", "runtime", "architecture", "handler", "source", "memory", "timeout", "environment", "log_retention_days",
    "role", "managed_policies",
];

fn function(id: &str, node: &Node, dir: &Path, notes: &Notes) -> Option<Function> {
    let fields = Fields::of(node, &format!("function `{id}`"), FUNCTION_FIELDS, notes)?;
    let name = fields.need_text("name");
    let runtime = fields.need_text("runtime");
    let handler = fields.need_text("handler");
    let source = fields.need_text("source");
    let architecture = fields.get_text("architecture");
    if let Some(name) = &name {
        check_name(name, "name", &rules::FUNCTION, notes);
    }
    if let Some(runtime) = &runtime {
        check_word(runtime, "runtime", rules::RUNTIMES, notes);
    }
    if let Some(architecture) = &architecture {
        check_word(architecture, "architecture", rules::ARCHITECTURES, notes);
    }
    let folder = source.as_ref().and_then(|s| code::source(s, dir, notes));
    if let (Some(handler), Some(runtime)) = (&handler, &runtime) {
        code::handler(handler, &runtime.value, folder.as_deref(), notes);
    }
    let role = fields.get_text("role");
    if let Some(role) = &role {
        check_name(role, "role", &rules::ROLE, notes);
    }
    let memory = fields.number("memory", 128, 128..=10240, "MB");
    let timeout = fields.number("timeout", 3, 1..=900, "seconds");
    let environment = fields.get("environment").map(|n| environment(n, notes)).unwrap_or_default();
    let retention = fields.get("log_retention_days").map_or(7, |n| retention(n, notes));
    let managed_policies = fields.get("managed_policies").map(|n| policies(n, notes)).unwrap_or_default();
    let name = name?.value;
    Some(Function {
        role: role.map_or_else(|| format!("{name}-role").chars().take(64).collect(), |r| r.value),
        name,
        runtime: runtime?.value,
        architecture: architecture.map_or_else(|| "x86_64".to_owned(), |a| a.value),
        handler: handler?.value,
        source: folder?,
        memory_mb: memory.unsigned_abs(),
        timeout_s: timeout.unsigned_abs(),
        environment,
        log_retention_days: retention,
        managed_policies,
    })
}

fn environment(node: &Node, notes: &Notes) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (key, value) in map(node, "`environment`", notes).unwrap_or_default() {
        if let Some(problem) = rules::variable_problem(&key.text) {
            notes.add(Problem::at(&key.at, format!("`{}`: {problem}", key.text)));
        }
        if let Some(value) = text(value, &key.text, notes) {
            variables.insert(key.text.clone(), value.value);
        }
    }
    let bytes: usize = variables.iter().map(|(k, v)| k.len() + v.len()).sum();
    if bytes > 4096 {
        notes.add(Problem::at(&node.at, format!("`environment` has {bytes} bytes, Lambda takes at most 4096")));
    }
    variables
}

fn retention(node: &Node, notes: &Notes) -> i32 {
    match &node.value {
        Value::Int(days) if rules::RETENTION_DAYS.contains(days) => i32::try_from(*days).unwrap_or(7),
        _ => {
            let days: Vec<String> = rules::RETENTION_DAYS.iter().map(ToString::to_string).collect();
            let problem = Problem::at(&node.at, "CloudWatch Logs does not know that `log_retention_days`");
            notes.add(problem.hint(format!("one of: {}", days.join(", "))));
            7
        }
    }
}

fn policies(node: &Node, notes: &Notes) -> Vec<String> {
    let items = list(node, "managed_policies", notes);
    if items.len() > 10 {
        notes.add(Problem::at(&node.at, "a role takes at most 10 managed policies"));
    }
    let arns = items.iter().filter_map(|item| text(item, "managed_policies", notes));
    arns.map(|arn| {
        let good = arn.value.starts_with("arn:aws") && arn.value.contains(":policy/");
        if !good {
            let problem = Problem::at(&arn.at, format!("`{}` is not a policy's ARN", arn.value));
            notes.add(problem.hint("like arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"));
        }
        arn.value
    })
    .collect()
}

fn user_pool(node: &Node, notes: &Notes) -> Option<UserPool> {
    let allowed = &["name", "sign_in", "first_factors", "app_client", "users"];
    let fields = Fields::of(node, "the user pool", allowed, notes)?;
    let name = fields.need_text("name");
    if let Some(name) = &name {
        check_name(name, "name", &rules::POOL, notes);
    }
    for item in fields.get("sign_in").map(|n| list(n, "sign_in", notes)).unwrap_or_default() {
        if let Some(way) = text(item, "sign_in", notes) {
            check_word(&way, "sign_in", &["email"], notes);
        }
    }
    let first_factors = match fields.get("first_factors") {
        Some(node) => factors(node, notes),
        None => vec![Factor::Password, Factor::EmailOtp],
    };
    let app_client = fields.need("app_client").and_then(|n| app_client(n, notes));
    let users = fields.get("users").map(|n| users(n, notes)).unwrap_or_default();
    Some(UserPool { name: name?.value, first_factors, app_client: app_client?, users })
}

/// Cognito wants the password among them (seen by others, not in the model).
fn factors(node: &Node, notes: &Notes) -> Vec<Factor> {
    let mut factors = Vec::new();
    for item in list(node, "first_factors", notes) {
        let Some(word) = text(item, "first_factors", notes) else { continue };
        check_word(&word, "first_factors", &["password", "email_otp"], notes);
        let factor = if word.value == "password" { Factor::Password } else { Factor::EmailOtp };
        if factors.contains(&factor) {
            notes.add(Problem::at(&word.at, format!("`{}` is there twice", word.value)));
        }
        factors.push(factor);
    }
    if !factors.contains(&Factor::Password) && matches!(node.value, Value::List(_)) {
        let problem = Problem::at(&node.at, "`first_factors` must have `password`: Cognito refuses a pool without");
        notes.add(problem.hint("first_factors: [password, email_otp]"));
    }
    factors
}

fn app_client(node: &Node, notes: &Notes) -> Option<AppClient> {
    let allowed =
        &["name", "type", "session_minutes", "access_token_minutes", "id_token_minutes", "refresh_token_days"];
    let fields = Fields::of(node, "the app client", allowed, notes)?;
    let name = fields.need_text("name");
    if let Some(name) = &name {
        check_name(name, "name", &rules::POOL, notes);
    }
    if let Some(kind) = fields.get_text("type") {
        check_word(&kind, "type", &["spa"], notes);
    }
    let session_minutes = fields.number("session_minutes", 10, 3..=15, "minutes");
    let access_token_minutes = fields.number("access_token_minutes", 60, 5..=1440, "minutes");
    let id_token_minutes = fields.number("id_token_minutes", 60, 5..=1440, "minutes");
    let refresh_token_days = fields.number("refresh_token_days", 30, 1..=3650, "days");
    if refresh_token_days * 1440 <= access_token_minutes.max(id_token_minutes) {
        let problem = Problem::at(&node.at, "refresh tokens must live longer than access and ID tokens");
        notes.add(problem.hint("give a larger `refresh_token_days`"));
    }
    Some(AppClient { name: name?.value, session_minutes, access_token_minutes, id_token_minutes, refresh_token_days })
}

fn users(node: &Node, notes: &Notes) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    for item in list(node, "users", notes) {
        let Some(fields) = Fields::of(item, "a user", &["email"], notes) else { continue };
        let Some(email) = fields.need_text("email") else { continue };
        match rules::valid_email(&email.value) {
            Err(why) => notes.add(Problem::at(&email.at, format!("`{}`: {why}", email.value))),
            Ok(address) if users.iter().any(|u| u.email == address) => {
                notes.add(Problem::at(&email.at, format!("the user `{address}` is there twice")));
            }
            Ok(address) => users.push(User { email: address }),
        }
    }
    users
}
