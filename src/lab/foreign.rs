//! Variables of the environment that belong to something else. A lab's file names variables whose values leave the
//! machine (a client's secret goes to the provider that the same file names), and labs are passed on: a file from
//! somebody else must not be able to name a key.
//!
//! A new row is better too broad than too narrow: whoever is refused takes another name. But names that say what a
//! lab is about (`STUDENT_PASSWORD`, `OKTA_CLIENT_SECRET`) stay free.

use super::{problem::quote, rules::in_class};

/// Whose, and the names: whole, or with `*` for anything.
const OWNERS: &[(&str, &str)] = &[
    (
        "a cloud",
        "AWS_* AMAZON_ACCESS_* AMAZON_SECRET_* ALICLOUD_* ALIBABA_* ARM_ACCESS_KEY ARM_CLIENT_* ARM_OIDC_* AZURE_* CF_API_* CF_PASSWORD \
         CLOUDFLARE_* CLOUDSDK_* DIGITALOCEAN_* FIREBASE_* GCE_* GCLOUD_* GCP_* GOOGLE_API_KEY GOOGLE_APPLICATION_* GOOGLE_CREDENTIALS GOOGLE_CLOUD_* GOOGLE_GHA_* GOOGLE_OAUTH_* HCLOUD_* HEROKU_* IBMCLOUD_* \
         LINODE_* NETLIFY_* OCI_* OS_APPLICATION_* OS_PASSWORD SCW_* VERCEL_* VULTR_*",
    ),
    (
        "a forge or a CI system",
        "ACTIONS_* APPVEYOR_* BITBUCKET_* BUILDKITE_* CI CI_*TOKEN* CI_DEPLOY_* CI_JOB_* CI_REGISTRY_* CI_REPOSITORY_* \
         CI_SERVER_* CIRCLECI_* CIRCLE_* CODEBUILD_* CODECOV_* DRONE_* FORGEJO_* GH_* GHCR_* GITEA_* GITHUB_* GITLAB_* \
         GIT_ASKPASS GIT_PASS* GIT_SSH* JENKINS_* RUNNER_* SEMAPHORE_* SYSTEM_ACCESSTOKEN TEAMCITY_* WOODPECKER_*",
    ),
    (
        "a package registry",
        "BUNDLE_* CARGO_* COMPOSER_* DOCKER_* GEM_HOST_* GRADLE_* MAVEN_* NODE_AUTH* NPM_* NUGET_* ORG_GRADLE_* PIP_* \
         POETRY_* PYPI* REGISTRY_* RUBYGEMS_* SONATYPE_* TWINE_* UV_INDEX_* UV_PUBLISH_* YARN_*",
    ),
    (
        "a key store or remote access",
        "AGE_IDENTITY* ANSIBLE_* BW_* CONSUL_* GNUPG* GPG_* HELM_* KEYCHAIN_* KUBECONFIG KUBE_* NOMAD_* OP_SESSION_* \
         PASSWORD_STORE_* PULUMI_* SOPS_* SSHPASS SSH_* SUDO_* TERRAFORM_* TF_* VAULT_*",
    ),
    (
        "a service with keys",
        "ANTHROPIC_* COHERE_* DATADOG_* GROQ_* HF_* HUGGING* MAILGUN_* MISTRAL_* NEW_RELIC_* OPENAI_* OPENROUTER_* \
         SENDGRID_* SENTRY_* SLACK_* SNYK_* SONAR_* STRIPE_* TWILIO_*",
    ),
    (
        "a database or a mail server",
        "*_DSN *DATABASE_URL DB_PASS* DB_USER* IMAP_* MARIADB_* MONGO* MYSQL_* PGHOST PGPASS* PGSERVICE* PGSSL* PGUSER POSTGRES_* RABBITMQ_* REDIS_* SMTP_*",
    ),
    (
        "another program, by its ending",
        "*_ACCESS_KEY *_ACCESS_KEY_ID *_ACCOUNT_KEY *_API_KEY *_APIKEY *_APP_KEY *_AUTH *_CREDENTIALS *_CREDENTIALS_JSON \
         *_PAT *_PRIVATE_KEY *_PROXY *_SECRET_KEY *_TOKEN *AUTHKEY *AUTHTOKEN *_URI *_URL ACCESS_KEY API_KEY APIKEY APP_KEY AUTH CREDENTIALS \
         MASTER_KEY PAT PRIVATE_KEY *_MASTER_KEY *_SIGNING_KEY *_ENCRYPTION_KEY *_KEY_BASE *_PASSPHRASE *_CONNECTION_STRING \
         CONNECTION_STRING SECRET_KEY TOKEN",
    ),
    (
        "the shell or the system",
        "_* BASH BASHOPTS BASH_ENV COLUMNS DBUS_* DISPLAY DYLD_* EDITOR ENV EUID HISTFILE HOME HOSTNAME IFS LANG \
         LANGUAGE LC_* LD_* LINES LOGNAME MAIL OLDPWD PAGER PATH PPID PS1 PS2 PS3 PS4 PWD RANDOM SHELL SHELLOPTS SHLVL \
         TERM TMPDIR TZ UID USER USERNAME VISUAL XAUTHORITY XDG_* ZDOTDIR",
    ),
];

/// What is wrong with the name of a variable that a lab may read.
pub(super) fn environment_name(text: &str) -> Option<String> {
    let good = (1..=128).contains(&text.len()) && text.chars().all(|c| in_class(c, "A-Za-z0-9_"));
    if !good {
        return Some(format!(
            "{} is not the name of a variable: 1 to 128 letters, digits and `_`",
            quote(text)
        ));
    }
    let owner = owner(text)?;
    Some(format!(
        "{} belongs to {owner}: a lab may not send it away",
        quote(text)
    ))
}

fn owner(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    let owns = |names: &str| {
        names
            .split_whitespace()
            .any(|pattern| matches(pattern, &name))
    };
    let (owner, _) = OWNERS.iter().find(|(_, names)| owns(names))?;
    Some(owner)
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(first) else {
        return false;
    };
    // Any part of the name may be what the `*` stands for.
    name.char_indices()
        .map(|(at, _)| at)
        .chain([name.len()])
        .any(|at| matches(rest, name.get(at..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::{OWNERS, environment_name, matches};

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("PATH", "PATH", true),
            ("PATH", "PATHS", false),
            ("AWS_*", "AWS_", true),
            ("AWS_*", "AWS_SECRET_ACCESS_KEY", true),
            ("AWS_*", "MY_AWS_KEY", false),
            ("*_TOKEN", "NPM_TOKEN", true),
            ("*_TOKEN", "TOKEN_LAB", false),
            ("CI_*TOKEN*", "CI_JOB_TOKEN_2", true),
            ("CI_*TOKEN*", "CI_STUDENT", false),
        ] {
            assert_eq!(matches(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn each_row_refuses_what_it_stands_for_in_any_case() {
        for pattern in OWNERS
            .iter()
            .flat_map(|(_, names)| names.split_whitespace())
        {
            assert_eq!(pattern, pattern.to_uppercase());
            let name = pattern.replace('*', "X");
            for name in [name.clone(), name.to_lowercase()] {
                let said = environment_name(&name).unwrap_or_default();
                assert!(said.contains("belongs to"), "{name}: {said:?}");
            }
        }
    }

    #[test]
    fn keys_that_people_have() {
        let names = "AWS_SECRET_ACCESS_KEY aws_session_token GITHUB_TOKEN GH_TOKEN GITLAB_TOKEN CI_JOB_TOKEN HF_TOKEN \
             CI_REGISTRY_PASSWORD CIRCLE_TOKEN ARM_CLIENT_SECRET AZURE_CLIENT_SECRET GCP_SA_KEY DOCKER_PASSWORD TOKEN \
             GOOGLE_APPLICATION_CREDENTIALS NPM_TOKEN NODE_AUTH_TOKEN CARGO_REGISTRY_TOKEN PYPI_API_TOKEN SSHPASS \
             TWINE_PASSWORD SSH_AUTH_SOCK GPG_PASSPHRASE VAULT_TOKEN KUBECONFIG KUBE_CONFIG_DATA OPENAI_API_KEY \
             Anthropic_Api_Key DATABASE_URL STAGING_DATABASE_URL PGPASSWORD POSTGRES_PASSWORD HTTPS_PROXY https_proxy \
             PATH Home USER LD_PRELOAD DYLD_INSERT_LIBRARIES TF_VAR_password SLACK_BOT_TOKEN MY_DEPLOY_TOKEN \
             COMPANY_API_KEY DD_APP_KEY API_KEY ACCESS_KEY SECRET_KEY PRIVATE_KEY NGROK_AUTHTOKEN TS_AUTHKEY \
             RAILS_MASTER_KEY SECRET_KEY_BASE AMQP_URL MONGODB_URI CONNECTION_STRING TRAVIS_TOKEN OP_SERVICE_ACCOUNT_TOKEN GIT_PASSWORD CR_PAT";
        for name in names.split_whitespace() {
            assert!(environment_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_of_labs_stay_free() {
        let names = "ANNAS_PASSWORD ARM_LAB_PASSWORD AUTH0_CLIENT_SECRET AWESOME_SECRET CI_STUDENT_PASSWORD CLIENT_SECRET \
             CORPORATE_SECRET COURSE_USER DEMO_PASSWORD ENTRA_SECRET HOMEWORK_PASSWORD IDP_CLIENT_SECRET \
             KEYCLOAK_SECRET LABCTL_PASSWORD LAB_CLIENT_SECRET LAB_SECRET OKTA_CLIENT_SECRET P1 PASSWORD \
             AMAZON_CLIENT_SECRET DB_COURSE_PASSWORD GOOGLE_CLIENT_SECRET KUBERNETES_COURSE_PASSWORD PGA_PASSWORD \
             REDISCOVER_PASSWORD SSHOW_PASSWORD PATHFINDER_SECRET PYTHON_COURSE_PASSWORD SECRET STUDENT_PASSWORD TOKENS_SECRET TOKEN_LAB_PASSWORD \
             TRAVIS_PASSWORD USER_PASSWORD WORKSHOP_2026_PASSWORD X student_password";
        for name in names.split_whitespace() {
            assert_eq!(environment_name(name), None);
        }
    }

    #[test]
    fn what_is_no_name() {
        for text in ["", "A B", "A-B", "A=1", "Ä", &"A".repeat(129)] {
            let said = environment_name(text).unwrap_or_default();
            assert!(said.contains("not the name"), "{text}: {said:?}");
        }
    }
}
