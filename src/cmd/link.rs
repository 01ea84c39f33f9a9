//! Where the commands of a run lead: an account, another endpoint, or the local twin.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Once,
};

use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::scene::Site;
use crate::{
    aws::{
        self, Clients, Connection, Cx, Fault, FaultKind, Identity, Pace, Place, Target, Trust,
        connect,
    },
    cli::Global,
    engine::{self, Interrupt, State},
    error::Error,
    event::{EventSink, Outputs},
    lab::quote,
    local::{self, Twin},
    resource::{
        AppClient, Authorizer, Distribution, Function, Kind, Method, RecordSet, Recorded, RestApi,
        Stage, UserPool, UserPoolDomain,
    },
    user::User,
};

/// Where the commands of a run lead.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Connection,
    /// The twin's folder, when it is the local one.
    pub(super) local: Option<PathBuf>,
    /// Whether a twin answers, once asked.
    twin: OnceCell<bool>,
    pub(super) user: User,
    own_runs: BTreeSet<String>,
}

/// The link that `--local` or the state asks for. The twin must run.
pub(super) async fn link(
    global: &Global,
    site: &Site,
    region: &str,
    state: Option<&State>,
) -> Result<Link, Error> {
    let local = match state {
        Some(state) => {
            refuse_other_target(global, state)?;
            let twin = state.local.as_deref().map(|dir| site.recorded_twin(dir));
            twin.map(|twin| twin.dir().to_owned())
        }
        None if global.local => Some(site.twin(None).dir().to_owned()),
        None => None,
    };
    let endpoint = match &local {
        Some(dir) => {
            let daemon = Twin::at(dir.clone()).require().await?;
            Some(daemon.endpoint.to_string())
        }
        None => None,
    };
    if let Some(error) = state.and_then(|state| other_region(state, region)) {
        return Err(error);
    }
    let region = region.to_owned();
    let target = Target {
        region,
        profile: global.profile.clone(),
        local: endpoint,
    };
    let connection = connect(&target).await?;
    // The twin's port may change; what it holds is known by its folder.
    if let Some(state) = state.filter(|s| s.local.is_none() && s.endpoint != connection.endpoint) {
        let name = |e: &Option<String>| e.clone().unwrap_or_else(|| "AWS".to_owned());
        let (there, here) = (name(&state.endpoint), name(&connection.endpoint));
        return Err(
            Error::usage(format!("this lab is up on {there}, not on {here}"))
                .hint("set AWS_ENDPOINT_URL as it was for `labctl up`, or unset it"),
        );
    }
    Ok(Link::new(connection, local))
}

/// Why a lab that is up in one region is not changed by a lab.yaml that names another.
pub(super) fn other_region(state: &State, region: &str) -> Option<Error> {
    (state.region != region).then(|| {
        Error::usage(format!(
            "lab.yaml says {region}, but this lab is up in {}",
            state.region
        ))
        .hint(format!(
            "`labctl down` removes it there; or set `region: {}` again",
            state.region
        ))
    })
}

/// The link that the state has on record. The twin need not run: its last address stands for it.
pub(super) async fn on_record(global: &Global, site: &Site, state: &State) -> Result<Link, Error> {
    let Some(dir) = &state.local else {
        return link(global, site, &state.region, Some(state)).await;
    };
    refuse_other_target(global, state)?;
    let twin = site.recorded_twin(dir);
    twin.check()?;
    let last = twin.recorded().map(|last| last.endpoint.to_string());
    let target = Target {
        region: state.region.clone(),
        profile: global.profile.clone(),
        local: last.or_else(|| state.endpoint.clone()),
    };
    let local = Some(twin.dir().to_owned());
    Ok(Link::new(connect(&target).await?, local))
}

fn refuse_other_target(global: &Global, state: &State) -> Result<(), Error> {
    if global.local && state.local.is_none() {
        return Err(Error::usage(format!(
            "this lab is up in account {}, not on the local twin",
            state.account
        ))
        .hint("`labctl down` removes it there; then `labctl up --local`"));
    }
    if let Some(region) = global.region.as_ref().filter(|r| **r != state.region) {
        return Err(Error::usage(format!(
            "this lab is up in {}, not in {region}",
            state.region
        ))
        .hint("leave `--region` away, or `labctl down` first"));
    }
    Ok(())
}

/// What may be wrong with a region in which AWS does not say who we are.
fn region_hint(fault: &Fault, region: &str) -> Option<String> {
    let quoted = quote(region);
    match &fault.kind {
        FaultKind::Unreachable => Some(format!(
            "if the network works: is {quoted} an AWS region? `aws account list-regions` lists them all"
        )),
        // AWS does not know tokens in a region that the account has not enabled
        // (https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html).
        FaultKind::Credentials if !aws::is_always_enabled(region) => Some(format!(
            "{quoted} has to be enabled in an account: if the credentials work elsewhere, \
             `aws account enable-region --region-name {region}`"
        )),
        _ => None,
    }
}

/// The runs of the user's list. Without it, labctl asks more.
fn own_runs(user: &User) -> BTreeSet<String> {
    static TOLD: Once = Once::new();
    user.runs().unwrap_or_else(|error| {
        let told = || tracing::error!("{}; {}", error.message, error.hints.join("; "));
        TOLD.call_once(told);
        BTreeSet::new()
    })
}

impl Link {
    fn new(connection: Connection, local: Option<PathBuf>) -> Self {
        let user = User::here();
        Self {
            connection,
            local,
            twin: OnceCell::new(),
            own_runs: own_runs(&user),
            user,
        }
    }

    /// Asks who we are, and refuses when the state belongs elsewhere.
    pub(super) async fn identity(&self, cx: &Cx, state: Option<&State>) -> Result<Identity, Error> {
        let identity = cx.identity().await;
        let identity = identity.map_err(|fault| self.no_identity(fault))?;
        let region = &self.connection.region;
        let (theirs, ours) = (aws::partition_of(&identity.arn), aws::partition(region));
        if let Some(theirs) = theirs.filter(|theirs| *theirs != ours) {
            return Err(Error::usage(format!(
                "{region} is in the partition {ours}, but the credentials are of {theirs} ({})",
                identity.arn
            ))
            .hint("set a `region:` in lab.yaml where these credentials are valid"));
        }
        if let Some(state) = state
            && state.account != identity.account
        {
            return Err(Error::usage(format!(
                "this lab is up in account {}, but the credentials are of account {} ({})",
                state.account, identity.account, identity.arn
            ))
            .hint("use that account's credentials (AWS_PROFILE or --profile)"));
        }
        Ok(identity)
    }

    /// Whether nothing says which account is meant: no credentials, no profile and no endpoint.
    pub(super) fn asks_nowhere(&self, fault: &Fault) -> bool {
        let named = self.connection.profile.is_some() || self.connection.endpoint.is_some();
        no_credentials(fault) && !named
    }

    /// Why nobody answers who we are.
    pub(super) fn no_identity(&self, fault: Fault) -> Error {
        if !no_credentials(&fault) {
            let hint = self
                .connection
                .endpoint
                .is_none()
                .then(|| region_hint(&fault, &self.connection.region));
            let error = Error::from(fault);
            return match hint.flatten() {
                Some(hint) => error.hint(hint),
                None => error,
            };
        }
        let profile = self.connection.profile.as_deref();
        let profile = profile.map(|name| format!(": the profile {} gives none", quote(name)));
        Error::failed(format!(
            "no AWS credentials were found{}",
            profile.unwrap_or_default()
        ))
        .hint("`labctl up --local` needs no account: it runs the lab on a local AWS twin")
        .hint("for an account: `aws configure`, `aws sso login`, or AWS_PROFILE / --profile")
    }

    /// Whether a twin answers there: the lab's own, or any that `AWS_ENDPOINT_URL` names. Asked once;
    /// best at the same time as who we are.
    pub(super) async fn is_twin(&self) -> bool {
        let ask = || async {
            match &self.connection.endpoint {
                Some(endpoint) => self.local.is_some() || local::is_twin(endpoint).await,
                None => false,
            }
        };
        *self.twin.get_or_init(ask).await
    }

    /// A new state for a lab.
    pub(super) fn new_state(&self, lab: &str, account: &str) -> State {
        State {
            version: engine::VERSION,
            lab: lab.to_owned(),
            // Version 7 says when it was made, to whoever finds the tag.
            run: uuid::Uuid::now_v7().to_string(),
            account: account.to_owned(),
            region: self.connection.region.clone(),
            endpoint: self.connection.endpoint.clone(),
            local: self.local.clone(),
            users: None,
            added_users: Vec::new(),
            suffix: None,
            until: None,
            recovered: false,
            runs: Some(Vec::new()),
            owner: None,
            created_at: Timestamp::now(),
            steps: std::collections::BTreeMap::new(),
        }
    }

    pub(super) fn clients(&self) -> Clients {
        self.connection.clients.clone()
    }

    /// A context for questions about a lab whose account is not known yet.
    pub(super) fn asking(&self, lab: &str, events: &EventSink, interrupt: &Interrupt) -> Cx {
        self.cx(&self.new_state(lab, ""), events, interrupt)
    }

    /// A context for the resources of `state`.
    pub(super) fn cx(&self, state: &State, events: &EventSink, interrupt: &Interrupt) -> Cx {
        // What a lab's own twin has is of whoever has the lab's folder, copies of it too.
        let known = state.runs.as_ref().filter(|_| self.local.is_none());
        let runs = known.map(|known| {
            let known = known.iter().chain(&self.own_runs);
            known.cloned().collect()
        });
        let place = Place {
            account: state.account.clone(),
            region: state.region.clone(),
            lab: state.lab.clone(),
            run: state.run.clone(),
            trust: Trust { runs },
        };
        let pace = Pace::of(&state.account, self.connection.endpoint.as_deref());
        Cx::new(
            self.clients(),
            place,
            pace,
            events.clone(),
            interrupt.clone(),
        )
    }

    /// What a student needs, from what the state knows.
    pub(super) async fn outputs(&self, state: &State) -> Outputs {
        let base = self.base_url(state);
        let invoke_url = base.zip(state.key::<Method>());
        let invoke_url = invoke_url.map(|(base, method)| format!("{base}{}", method.path));
        let endpoint = self.connection.endpoint.as_deref();
        let local = self.local.clone().map(Twin::at);
        let recorded = local.and_then(|twin| twin.recorded());
        let inbox = match (recorded, endpoint) {
            (Some(twin), _) => Some(twin.inbox_page()),
            (None, Some(endpoint)) if self.is_twin().await => {
                Some(local::inbox_page(endpoint).await)
            }
            _ => None,
        };
        let users = state
            .in_order()
            .into_iter()
            .filter(|(_, r)| r.kind == Kind::User);
        let domain = state.output::<UserPoolDomain>();
        Outputs {
            invoke_url,
            user_pool_id: state.output::<UserPool>().map(|pool| pool.id),
            client_id: state.output::<AppClient>().map(|client| client.client_id),
            api_id: state.output::<RestApi>().map(|api| api.id),
            distribution_id: state.output::<Distribution>().map(|d| d.id),
            authorizer_id: state.output::<Authorizer>().map(|a| a.id),
            function_arn: state.output::<Function>().map(|f| f.arn),
            functions: functions(state),
            login_url: domain.map(|d| self.login_url(&d.domain)),
            users: users.map(|(_, r)| r.name.clone()).collect(),
            inbox,
        }
    }

    /// Where the lab's API answers those who call it: at the edge, when there is one.
    pub(super) fn base_url(&self, state: &State) -> Option<String> {
        self.edge_url(state).or_else(|| self.direct_url(state))
    }

    /// Where the deployed stage is, whether it answers there or only behind its edge.
    pub(super) fn direct_url(&self, state: &State) -> Option<String> {
        let (api, stage) = (state.output::<RestApi>()?, state.output::<Stage>()?);
        Some(self.stage_url(&api.id, &stage.name))
    }

    /// Where the distribution answers: by path on an endpoint that is not AWS's own.
    fn edge_url(&self, state: &State) -> Option<String> {
        let distribution = state.output::<Distribution>()?;
        if let Some(endpoint) = &self.connection.endpoint {
            let endpoint = endpoint.trim_end_matches('/');
            return Some(format!("{endpoint}/_cloudfront/{}", distribution.id));
        }
        // The key, unlike the record's name, is read as a domain name.
        let own = state.key::<RecordSet>().map(|record| record.name);
        Some(format!(
            "https://{}",
            own.unwrap_or(distribution.domain_name)
        ))
    }

    /// Where managed login answers: by path on an endpoint that is not AWS's own.
    pub(super) fn login_url(&self, prefix: &str) -> String {
        let region = &self.connection.region;
        match &self.connection.endpoint {
            Some(endpoint) => {
                let endpoint = endpoint.trim_end_matches('/');
                format!("{endpoint}/_auth/{region}/{prefix}")
            }
            None => format!("https://{prefix}.auth.{region}.amazoncognito.com"),
        }
    }

    /// Where a stage answers: by path on an endpoint that is not AWS's own.
    fn stage_url(&self, api_id: &str, stage: &str) -> String {
        match &self.connection.endpoint {
            Some(endpoint) => format!("{}/_api/{api_id}/{stage}", endpoint.trim_end_matches('/')),
            None => format!(
                "https://{api_id}.execute-api.{}.{}/{stage}",
                self.connection.region,
                aws::dns_suffix(&self.connection.region)
            ),
        }
    }
}

/// ARNs by the names in lab.yaml, when there are several.
fn functions(state: &State) -> BTreeMap<String, String> {
    let records = state.steps.iter().filter(|(_, r)| r.kind == Kind::Function);
    let all: BTreeMap<String, String> = records
        .filter_map(|(id, record)| {
            let id = id.to_string();
            let name = id.strip_prefix("function.")?;
            Some((name.to_owned(), record.output::<Function>()?.arn))
        })
        .collect();
    if all.len() > 1 { all } else { BTreeMap::new() }
}

/// Whether there are no credentials at all (not: bad ones).
pub(super) fn no_credentials(fault: &Fault) -> bool {
    fault.kind == FaultKind::Credentials && fault.code.is_none()
}
