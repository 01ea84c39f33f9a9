//! The AWS CLI's command that removes a survivor, safe to paste into a shell.

/// Where commands go.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Every command names it.
    pub region: String,
    /// Named when it is not AWS's own.
    pub endpoint: Option<String>,
    /// Named when the run was told to use it.
    pub profile: Option<String>,
}

impl Shell {
    /// `aws SERVICE OPERATION --option value … --region …`. An option without a value is a switch.
    pub fn aws(&self, service: &str, operation: &str, options: &[(&str, &str)]) -> String {
        let mut words = vec!["aws".to_owned(), service.to_owned(), operation.to_owned()];
        let place = [
            ("--region", Some(self.region.as_str())),
            ("--endpoint-url", self.endpoint.as_deref()),
            ("--profile", self.profile.as_deref()),
        ];
        let place = place.into_iter().filter_map(|(o, v)| Some((o, v?)));
        for (option, value) in options.iter().copied().chain(place) {
            if value.is_empty() {
                words.push(option.to_owned());
                continue;
            }
            // A value that begins with `-` would be read as an option.
            if value.starts_with('-') {
                words.push(format!("{option}={}", quote(value)));
            } else {
                words.extend([option.to_owned(), quote(value)]);
            }
        }
        words.join(" ")
    }
}

/// Commands that run one after another, each only if the one before did.
pub fn chain(commands: &[String]) -> String {
    commands.join(" && ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_what_was_meant() {
        let shell = Shell {
            region: "us-east-1".to_owned(),
            endpoint: Some("http://127.0.0.1:1".to_owned()),
            profile: None,
        };
        assert_eq!(
            shell.aws("iam", "delete-role", &[("--role-name", "-it's")]),
            r"aws iam delete-role --role-name='-it'\''s' --region us-east-1 --endpoint-url http://127.0.0.1:1"
        );
        assert_eq!(
            shell.aws(
                "logs",
                "delete-log-group",
                &[("--log-group-name", "/a b$(c)#")]
            ),
            "aws logs delete-log-group --log-group-name '/a b$(c)#' --region us-east-1 --endpoint-url http://127.0.0.1:1"
        );
    }
}
