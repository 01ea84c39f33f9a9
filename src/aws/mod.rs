//! The only contact with AWS: clients, who and where we are, and the one way to call.

mod call;
mod connect;
mod crash;
mod endpoints;
mod fault;
mod http;
mod list;
mod once;
mod owner;
mod pace;
mod partition;
mod profile;
mod sign;
mod tagged;
mod tags;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use call::Effect;
pub use connect::{ConnectError, Connection, Identity, LOCAL_ACCOUNT, Target, connect};
pub use fault::{Fault, FaultKind, usual_cause};
pub use http::{Answer, Http, HttpError, Request};
pub use owner::{Maker, Makers, Owner, Trust};
pub use pace::Pace;
pub(crate) use pace::state_home;
pub use partition::{dns_suffix, is_always_enabled, partition, partition_of};
pub use sign::{Keys, sign};
pub use tagged::Scope;
pub use tags::{TAG_FIELD, TAG_LAB, Tagged, stranger};

use labengine::{Interrupt, StepId};

use crate::event::{Event, EventSink};

/// One client per service, all sharing an HTTP client and credentials.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "named after the services")]
pub struct Clients {
    pub apigateway: aws_sdk_apigateway::Client,
    pub cloudfront: aws_sdk_cloudfront::Client,
    pub cognito: aws_sdk_cognitoidentityprovider::Client,
    pub cognito_identity: aws_sdk_cognitoidentity::Client,
    pub iam: aws_sdk_iam::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub route53: aws_sdk_route53::Client,
    pub sts: aws_sdk_sts::Client,
    pub tagging: aws_sdk_resourcegroupstagging::Client,
    /// In us-east-1: shows what belongs to no region.
    pub global_tagging: aws_sdk_resourcegroupstagging::Client,
    /// In us-east-1: what is for CloudFront is there, wherever the lab is.
    pub waf: aws_sdk_wafv2::Client,
}

/// Everything a resource may use: clients, where it is, whose it is. Cheap to clone.
#[derive(Clone)]
pub struct Cx {
    shared: Arc<Shared>,
    /// The step that works with this `Cx`: what its waits are reported under.
    step: Option<StepId>,
    /// How long CloudFront may take to bring a change to all edges.
    edge_wait: Duration,
    /// Who makes what this run makes: known once AWS has said who calls.
    owner: Option<Arc<Owner>>,
}

/// How long edges may take to follow a change. Typically 3 to 10 minutes; the waiter of AWS's own clients
/// gives up after 35.
pub const EDGE_WAIT: Duration = Duration::from_mins(45);

struct Shared {
    clients: Clients,
    account: String,
    region: String,
    lab: String,
    run: String,
    trust: Trust,
    /// The runs of everything that was seen to carry the lab's name.
    makers: Mutex<Makers>,
    pace: Pace,
    events: EventSink,
    interrupt: Interrupt,
    answers: once::Answers,
    turns: Mutex<BTreeMap<String, Turn>>,
}

/// One for all that must not change the same thing at the same time.
type Turn = Arc<tokio::sync::Mutex<()>>;

/// Where a run works and for whom.
#[derive(Debug, Clone)]
pub struct Place {
    /// 12 digits.
    pub account: String,
    /// e.g. `us-east-1`.
    pub region: String,
    /// The lab's name, in the tag `labctl:lab`.
    pub lab: String,
    /// A UUID made with the state, in the tag `labctl:run`.
    pub run: String,
    /// The other runs whose things are the lab's.
    pub trust: Trust,
}

impl Cx {
    /// A context for one run.
    pub fn new(
        clients: Clients,
        place: Place,
        pace: Pace,
        events: EventSink,
        interrupt: Interrupt,
    ) -> Self {
        let Place {
            account,
            region,
            lab,
            run,
            mut trust,
        } = place;
        if let Some(runs) = &mut trust.runs {
            runs.insert(run.clone());
        }
        Self {
            shared: Arc::new(Shared {
                clients,
                account,
                region,
                lab,
                run,
                trust,
                makers: Mutex::default(),
                pace,
                events,
                interrupt,
                answers: once::Answers::default(),
                turns: Mutex::default(),
            }),
            step: None,
            edge_wait: EDGE_WAIT,
            owner: None,
        }
    }

    /// The same context for a run that makes things: their tags name `owner`.
    #[must_use]
    pub fn with_owner(self, owner: Owner) -> Self {
        Self {
            owner: Some(Arc::new(owner)),
            ..self
        }
    }

    /// The same context with another limit for what CloudFront may take.
    #[must_use]
    pub fn with_edge_wait(self, limit: Duration) -> Self {
        Self {
            edge_wait: limit,
            ..self
        }
    }

    /// How long CloudFront may take to bring a change to all edges.
    pub fn edge_wait(&self) -> Duration {
        self.edge_wait
    }

    /// The same context, reporting its waits under `step`.
    #[must_use]
    pub fn for_step(&self, step: &StepId) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            step: Some(step.clone()),
            edge_wait: self.edge_wait,
            owner: self.owner.clone(),
        }
    }

    /// The clients. Call them only through [`Cx::call`].
    pub fn clients(&self) -> &Clients {
        &self.shared.clients
    }

    /// 12-digit account id.
    pub fn account(&self) -> &str {
        &self.shared.account
    }

    /// The lab's name: the value of its ownership tag.
    pub fn lab(&self) -> &str {
        &self.shared.lab
    }

    /// Region name.
    pub fn region(&self) -> &str {
        &self.shared.region
    }

    /// Where events go.
    pub fn events(&self) -> &EventSink {
        &self.shared.events
    }

    /// Tells the user something, in one sentence.
    pub fn warn(&self, message: impl Into<String>) {
        self.events().send(Event::warning(message));
    }

    /// Whether the user wants to stop.
    pub fn interrupt(&self) -> &Interrupt {
        &self.shared.interrupt
    }

    /// Identifies the run that made the state.
    pub fn run(&self) -> &str {
        &self.shared.run
    }

    /// Takes the turn of those who change `what`, until dropped. AWS refuses some changes of one thing that come at
    /// the same time, or loses one of them; a turn costs the length of a call.
    pub async fn turn(&self, what: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self
                .shared
                .turns
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(what.to_owned()).or_default())
        };
        turn.lock_owned().await
    }
}
